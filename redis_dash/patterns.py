"""Redis glob patterns, and the one compiled matcher that sorts keys into families."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def glob_to_regex(pattern: str) -> str:
    """Translate a Redis glob (``*``, ``?``, ``[a-z]``, ``[^x]``, ``\\`` escapes) to a regular expression.

    The first ``*`` or ``?`` run becomes a group, so that ``session:*`` gives the id.
    """
    parts: list[str] = []
    grouped = False
    index = 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            parts.append(".*" if grouped else "(.*)")
            grouped = True
        elif char == "?":
            parts.append(".")
        elif char == "\\" and index < len(pattern):
            parts.append(re.escape(pattern[index]))
            index += 1
        elif char == "[" and (close := pattern.find("]", index + 1)) > 0:
            members = pattern[index:close]
            negate = members.startswith("^")
            body = members[1:] if negate else members
            escaped = body.replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            parts.append(f"[{'^' if negate else ''}{escaped}]")
            index = close + 1
        else:
            parts.append(re.escape(char))
    return "".join(parts)


class Pattern:
    """One compiled glob."""

    def __init__(self, glob: str) -> None:
        self.glob = glob
        self._regex = re.compile(glob_to_regex(glob).encode(), re.DOTALL)

    def variable(self, key: bytes) -> bytes | None:
        """What stands where the first ``*`` is; the whole key for a pattern without one; None if it does not match."""
        match = self._regex.fullmatch(key)
        if match is None:
            return None
        return match.group(1) if match.re.groups else key


class Matcher:
    """Sorts keys into families, each key into the first family whose pattern fits, in one regex pass a key."""

    def __init__(self, families: Mapping[str, Sequence[str]]) -> None:
        self.names = tuple(families)
        branches = []
        for globs in families.values():
            alternatives = "|".join(glob_to_regex(glob).replace("(.*)", ".*") for glob in globs) or r"(?!)"
            branches.append(f"((?:{alternatives})\\Z)")
        self._regex = re.compile("|".join(branches).encode() or rb"(?!)", re.DOTALL)

    def sort(self, keys: Sequence[bytes]) -> dict[str, list[bytes]]:
        """The keys by family; those of no family are left out."""
        found: dict[str, list[bytes]] = {}
        match, names = self._regex.match, self.names
        for key in keys:
            hit = match(key)
            if hit is not None:
                found.setdefault(names[(hit.lastindex or 1) - 1], []).append(key)
        return found

"""Parses Redis globs as the server's ``stringmatchlen`` does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST_STARS = 1000
"""The server matches nothing if a pattern has more stars that something follows."""
_ALL_BYTES = frozenset(range(256))
_ESCAPES = str.maketrans({character: f"\\{character}" for character in "*?[]\\"})

Part = frozenset[int]
"""The bytes that match at one place of a key."""


class Glob(NamedTuple):
    """Runs of parts, each part for one byte; a ``*`` stands between two runs."""

    runs: tuple[tuple[Part, ...], ...]

    @classmethod
    def of(cls, pattern: str) -> Glob:
        """Parse a pattern; every text is a valid one."""
        raw, at = encoded(pattern), 0
        runs: list[list[Part]] = [[]]
        while at < len(raw):
            char = raw[at]
            if char == ord("*"):
                if runs[-1] or len(runs) == 1:
                    runs.append([])
                at += 1
            elif char == ord("["):
                part, at = _class(raw, at + 1)
                runs[-1].append(part)
            else:
                at += char == ord("\\") and at + 1 < len(raw)
                runs[-1].append(_ALL_BYTES if char == ord("?") else frozenset((raw[at],)))
                at += 1
        return cls(tuple(map(tuple, runs)))

    @property
    def is_literal(self) -> bool:
        """Whether only one key matches."""
        return len(self.runs) == 1 and len(self.before) == len(self.runs[0])

    @property
    def is_prefix(self) -> bool:
        """Whether the pattern is a literal followed by ``*``."""
        return len(self.runs) == 2 and not self.runs[1] and len(self.before) == len(self.runs[0])

    @property
    def before(self) -> bytes:
        """The literal bytes before the first wildcard."""
        return _literal(self.runs[0])

    @property
    def after(self) -> bytes:
        """The literal bytes after the last wildcard."""
        return b"" if self.is_literal else _literal(self.runs[-1][::-1])[::-1]

    def regex(self) -> bytes:
        """The pattern as a regular expression for ``re.DOTALL``, without exponential backtracking.

        Each run after a ``*`` matches as early as possible and is not tried again. A later place could not match more,
        since only the last run is bound to the end of the key.
        """
        first, *rest = (b"".join(map(_byte_regex, run)) for run in self.runs)
        if not rest:
            return first
        if len(rest) - (not rest[-1]) > MOST_STARS:
            return b"(?!)"
        *middle, last = rest
        return first + b"".join(b"(?>.*?%b)" % run for run in middle) + b".*" + last


def escaped(text: str) -> str:
    """The pattern that matches exactly this text."""
    return text.translate(_ESCAPES)


def decoded(raw: bytes) -> str:
    """The reverse of ``encoded``."""
    return raw.decode("utf-8", "surrogateescape")


def encoded(pattern: str) -> bytes:
    """The bytes of a pattern, including bytes of the command line that are not UTF-8."""
    return pattern.encode("utf-8", "surrogateescape")


def _class(raw: bytes, at: int) -> tuple[Part, int]:
    """The bytes of a class that begins at ``at``, and where it ends; an unclosed class ends with the pattern."""
    members: set[int] = set()
    is_negated = raw[at : at + 1] == b"^"
    at += is_negated
    while at < len(raw) and raw[at] != ord("]"):
        if raw[at] == ord("\\") and at + 1 < len(raw):
            members.add(raw[at + 1])
            at += 2
        elif raw[at + 1 : at + 2] == b"-" and at + 2 < len(raw):
            members.update(_range(raw[at], raw[at + 2]))
            at += 3
        else:
            members.add(raw[at])
            at += 1
    return _ALL_BYTES - members if is_negated else frozenset(members), at + 1


def _range(one: int, other: int) -> Iterable[int]:
    """All bytes between two, in either order; the server compares signed bytes on nearly all machines."""
    low, high = sorted(byte - 256 * (byte > 127) for byte in (one, other))
    return (byte % 256 for byte in range(low, high + 1))


def _literal(run: Iterable[Part]) -> bytes:
    found = bytearray()
    for part in run:
        if len(part) != 1:
            break
        found += bytes(part)
    return bytes(found)


def _byte_regex(part: Part) -> bytes:
    if len(part) == 256:
        return b"."
    if len(part) == 1:
        return re.escape(bytes(part))
    return b"[%b]" % b"".join(b"\\x%02x" % byte for byte in sorted(part)) if part else b"(?!)"

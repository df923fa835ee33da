"""Redis glob patterns, and the compiled matcher that sorts keys into key groups."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from operator import itemgetter

from redis_dash.core.globs import Glob


class Pattern:
    """One compiled glob: matches the same keys as ``SCAN MATCH``, in time linear in the key's length."""

    def __init__(self, glob: str) -> None:
        self.glob = glob
        parsed = Glob.of(glob)
        self._regex = re.compile(_regex(glob, parsed), re.DOTALL)
        self._before, self._after = len(parsed.before), len(parsed.after)
        if parsed.is_literal:
            self._before = 0

    def variable(self, key: bytes) -> bytes | None:
        """The part of the key from the first wildcard to the last: ``session:*`` gives the id.

        The whole key for a pattern without a wildcard; None if it does not match. A class of a single byte is not a
        wildcard, but a way to write that byte.
        """
        if self._regex.fullmatch(key) is None:
            return None
        return key[self._before : len(key) - self._after]


class Matcher:
    """Sorts keys into key groups, each key into every group whose pattern matches.

    Patterns such as ``session:*`` are distinguished by their first bytes. Only keys that begin like another kind of
    pattern, or like two patterns, need a regex.
    """

    def __init__(self, key_groups: Mapping[str, Sequence[str]], ignored: Sequence[str] = ()) -> None:
        """``ignored`` are patterns of keys that belong to no group."""
        self._ignored = re.compile(b"(?:%b)\\Z" % b"|".join(map(_regex_of, ignored)), re.DOTALL) if ignored else None
        self.names = tuple(key_groups)
        parsed = [(name, glob, Glob.of(glob)) for name, globs in key_groups.items() for glob in globs]
        self._regexes: dict[str, re.Pattern[bytes]] = {}
        for key_group in self.names:
            alternatives = [_regex(glob, one) for name, glob, one in parsed if name == key_group] or [b"(?!)"]
            self._regexes[key_group] = re.compile(b"(?:%b)\\Z" % b"|".join(alternatives), re.DOTALL)
        self._length = min((len(one.before) for _, _, one in parsed), default=0)
        self._heads: dict[bytes, tuple[bytes, str]] = {}
        """First bytes -> the whole prefix of a key and its key group; "" if only the regex can decide."""
        for name, glob, one in parsed:
            head = one.before[: self._length]
            simple = one.is_prefix and (one.before or glob == "*") and head not in self._heads
            self._heads[head] = (one.before, name) if simple else (head, "")
        places = (
            place for place in range(self._length) if len({head[place] for head in self._heads}) == len(self._heads)
        )
        self._place = next(places, None)
        """Where the heads differ, all from each other: one byte of a key tells which head it can have."""

    def sort(self, keys: Sequence[bytes]) -> dict[str, list[bytes]]:
        """The keys by key group; keys of no group are left out."""
        found: dict[str, list[bytes]] = {name: [] for name in (*self.names, "")}
        if not self._sort_by_one_byte(keys, found):
            self._sort_by_heads(keys, found)
        if unsure := found[""]:
            for name, regex in self._regexes.items():
                found[name] += filter(regex.match, unsure)
        if self._ignored is not None:
            is_ignored = self._ignored.match
            found = {name: [key for key in of_name if not is_ignored(key)] for name, of_name in found.items()}
        return {name: sorted_keys for name, sorted_keys in found.items() if name and sorted_keys}

    def _sort_by_heads(self, keys: Sequence[bytes], found: Mapping[str, list[bytes]]) -> None:
        length = self._length
        append = {head: (literal, found[name].append) for head, (literal, name) in self._heads.items()}
        get = append.get
        for key in keys:
            kind = get(key[:length])
            if kind is not None and key.startswith(kind[0]):
                kind[1](key)

    def _sort_by_one_byte(self, keys: Sequence[bytes], found: dict[str, list[bytes]]) -> bool:
        """The same without a step of Python for each key; False, and nothing is done, if that cannot be.

        ``benchmarks.scan_cluster`` with such a step: 1.4 of our processor time.
        """
        place = self._place
        if place is None:
            return False
        of_byte: list[list[bytes]] = [[]] * 256
        for head in self._heads:
            of_byte[head[place]] = []
        try:
            deque(map(list[bytes].append, map(of_byte.__getitem__, map(itemgetter(place), keys)), keys), maxlen=0)
        except IndexError:  # a key is shorter
            return False
        for head, (literal, name) in self._heads.items():
            found[name] = found[name] + _beginning_with(literal, of_byte[head[place]])
        return True


def _beginning_with(literal: bytes, keys: list[bytes]) -> list[bytes]:
    """Those that begin so: all of them, if the least and the greatest do."""
    if min(keys, default=literal).startswith(literal) and max(keys, default=literal).startswith(literal):
        return keys
    return [key for key in keys if key.startswith(literal)]


def _regex_of(glob: str) -> bytes:
    return _regex(glob, Glob.of(glob))


def _regex(glob: str, parsed: Glob) -> bytes:
    """The regex of a glob. For the server an empty key matches only the empty pattern and ``*``."""
    is_all = len(parsed.runs) > 1 and not any(parsed.runs)
    return b".+" if is_all and glob != "*" else parsed.regex()

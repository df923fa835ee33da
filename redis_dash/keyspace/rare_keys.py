"""Keys whose names begin like no other's: among very many keys a random sample misses kinds that have few.

All names of a pass are compared; of a very large database only a part of them, for speed.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST_HEADS, OF_EACH = 2048, 8
"""Beginnings of names that are told apart, and keys that are kept of each."""
MOST_NAMES, EVERY = 150_000, 16
"""All names are compared up to so many; then those of every sixteenth slice."""
LONGEST = 1024
"""Longer names are not looked at."""
_WHOLE = 20
"""Bytes that are the beginning of a name without a colon."""
_VARYING = b"0123456789abcdefABCDEF-"
"""Bytes of numbers, UUIDs and hexadecimal ids: what is left of two names of one kind is mostly the same."""


Head = tuple[bytes, int]
"""The beginning of a name without what varies in it, and how long it was."""


class RareKeys:
    """A few keys of each beginning that the names of a database have."""

    def __init__(self) -> None:
        self.keys: dict[Head, list[bytes]] = {}
        self._seen = self._slices = 0
        self._enough = set[Head]()
        """Beginnings of which enough keys are kept."""

    def begin(self) -> None:
        """Begin a pass: keys that are gone are forgotten."""
        self.keys, self._enough = {}, set()
        self._seen = self._slices = 0

    def add(self, keys: Sequence[bytes]) -> list[bytes]:
        """Look at the names of one slice; returns those that are kept of it, at most one of each beginning."""
        self._slices += 1
        self._seen += len(keys)
        if len(self.keys) >= MOST_HEADS or (self._seen > MOST_NAMES and self._slices % EVERY):
            return []
        if max(map(len, keys), default=0) > LONGEST:
            keys = [key for key in keys if len(key) <= LONGEST]
        named = {key.rpartition(b":")[0] or key[:_WHOLE]: key for key in keys}  # mostly the same few
        of_head = {(head.translate(None, _VARYING), len(head)): key for head, key in named.items()}
        wanted = of_head.keys() - self._enough
        for head in wanted:
            kept = self.keys.setdefault(head, [])
            kept.append(of_head[head])
            if len(kept) == OF_EACH:
                self._enough.add(head)
        return [of_head[head] for head in wanted]

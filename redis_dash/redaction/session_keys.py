"""Masks session keys in text: the part of a key that matches a pattern's wildcards is a credential.

Redis itself repeats session keys: keyspace notifications carry them in channel names and payloads, errors quote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from redis_dash.core.credential import mask
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern

_RUN = re.compile(r"""[^\s"'`,;<>|(){}\[\]]+""")
"""A word: a key in the middle of other text ends where it does."""
_LEAST_ID = 12
"""Characters; applications create longer ids."""
_KEYSPACE = re.compile(r"(__(?:sub)?keyspace@\d+__:)(.*)", re.DOTALL)


def mask_keys(text: str, globs: Iterable[str]) -> str:
    """The text with all session keys masked: ``deleted session:AbCd…``.

    Args:
        text: a channel, a payload, an error; it may be a key or hold some.
        globs: the patterns of session keys.
    """
    if text.startswith("__") and (notified := _KEYSPACE.fullmatch(text)) is not None:
        return notified[1] + mask_key(notified[2], globs)
    for glob in globs:
        shape = _shape(glob)
        if shape.before and shape.before not in text:  # nearly always
            continue
        if shape.literals and shape.fits(text) and shape.may_be_key(text):
            return shape.masked(text)
        text = shape.search(text)
    return text


def mask_key(key: str, globs: Iterable[str]) -> str:
    """The key: masked if it is a session's; otherwise with the session keys in it masked."""
    globs = tuple(globs)
    for glob in globs:
        if (shape := _shape(glob)).fits(key):
            return shape.masked(key)
    for glob in globs:
        key = _shape(glob).search(key)
    return key


class _Shape(NamedTuple):
    """The literal parts of a pattern, which may be shown."""

    glob: str
    before: str
    after: str
    has_wildcard: bool
    literals: int
    """The number of literal characters."""

    def may_be_key(self, word: str) -> bool:
        """Whether a word in a text may be a key.

        Without a separator before or after the id, ``session*`` also matches the channel ``sessions`` and the type
        ``session.created``: then only a word with as many characters as an id may be a key.
        """
        if (self.before or self.after) and not (self.before[-1:].isalnum() or self.after[:1].isalnum()):
            return True
        return len(word) - self.literals >= _LEAST_ID and _RUN.fullmatch(word) is not None

    def fits(self, key: str) -> bool:
        """Whether this is a key of the pattern. Only a pattern without literal ends is matched as a whole."""
        if not (self.before or self.after):
            return self._matches(key)
        return (
            self.has_wildcard
            and len(key) >= len(self.before) + len(self.after)
            and key.startswith(self.before)
            and key.endswith(self.after)
        )

    def masked(self, key: str) -> str:
        """The key with all but its literal ends masked."""
        stop = len(key) - len(self.after)
        return f"{self.before}{_masked(key[len(self.before) : stop])}{key[stop:]}"

    def search(self, text: str) -> str:
        """The text with all words masked that may be keys."""
        if not (self.has_wildcard and self.literals) or self.before not in text:
            return text
        if not self.before:
            return _RUN.sub(self._masked_word, text)
        head, *rest = text.split(self.before)
        return head + "".join(self.before + _RUN.sub(self._masked_rest, part, count=1) for part in rest)

    def _matches(self, key: str) -> bool:
        return _pattern(self.glob).variable(key.encode("utf-8", "backslashreplace")) is not None

    def _masked_word(self, word: re.Match[str]) -> str:
        if not self.may_be_key(word[0]):
            return word[0]
        if self.after:
            stop = word[0].rfind(self.after)
            return word[0] if stop < 0 else _masked(word[0][:stop]) + word[0][stop:]
        return _masked(word[0]) if self._matches(word[0]) else word[0]

    def _masked_rest(self, word: re.Match[str]) -> str:
        if word.start() or not self.may_be_key(self.before + word[0]):  # the pattern's prefix is the end of a word here
            return word[0]
        rest = word[0].removesuffix(self.after)
        return _masked(rest) + word[0][len(rest) :]


def _masked(identifier: str) -> str:
    if not identifier or (identifier.endswith("…") and len(identifier) <= 5):  # already masked
        return identifier
    return mask(identifier.encode("utf-8", "backslashreplace"))


_pattern = lru_cache(maxsize=64)(Pattern)


@lru_cache(maxsize=64)
def _shape(glob: str) -> _Shape:
    parsed = Glob.of(glob)
    before, after = (end.decode("utf-8", "backslashreplace") for end in (parsed.before, parsed.after))
    literals = sum(len(part) == 1 for run in parsed.runs for part in run)
    return _Shape(glob, before, after, not parsed.is_literal, literals)

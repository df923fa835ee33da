"""Masks known session ids that an application repeats in messages and in names of channels, clients or members."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from redis_dash.core.credential import mask

MOST = 8000
"""The most ids that are known at once; some are of ended sessions, since these may be restored."""
_LEAST = 12
"""Characters. Shorter ids are masked only as whole words, and only if they mix letters and digits or cases."""
_SHORTEST = 4
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{_LEAST},}}")
_PIECE = re.compile(rf"[A-Za-z0-9]{{{_LEAST},}}")
_WORD = re.compile(rf"((?<=%)(?:25)*+[0-9A-Fa-f]{{2}}|(?<=\\)[bfnrt])?+([A-Za-z0-9_-]{{{_SHORTEST},}})")
"""A word, with the escape sequence of a URL or of JSON before it, if there is one."""
_SHORT_PIECE = re.compile(rf"[A-Za-z0-9]{{{_SHORTEST},}}")
_MIXED = re.compile(r"(?=.*\d).*[A-Za-z]|(?=.*[a-z]).+[A-Z]")


class KnownIds:
    """Masks ids in text. Each word of the text is looked up, so the cost does not depend on the number of ids."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        """The most recently added id is the last."""
        self._lengths: set[int] = set()
        """Lengths of the ids that are also masked within words."""
        self._has_short = False
        self.version = 0
        """Changes when text may be masked differently."""

    def __repr__(self) -> str:
        return f"KnownIds({len(self._ids)})"

    def add(self, identifiers: Iterable[bytes]) -> None:
        """Add ids; the oldest ones are dropped if there are too many."""
        for identifier in identifiers:
            for one in _distinctive(identifier):
                if one in self._ids:
                    del self._ids[one]
                else:
                    self.version += 1
                    if len(one) >= _LEAST:
                        self._lengths.add(len(one))
                    else:
                        self._has_short = True
                self._ids[one] = None
        while len(self._ids) > MOST:
            del self._ids[next(iter(self._ids))]

    def mask(self, text: str) -> str:
        """The text with all known ids masked: ``login aaaa… ok``."""
        text = _RUN.sub(lambda run: self._masked(run[0]), text) if self._lengths else text
        return _WORD.sub(self._masked_word, text) if self._has_short else text

    def mask_bytes(self, raw: bytes) -> bytes:
        """As ``mask``, for bytes."""
        if not self._ids:
            return raw
        return self.mask(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _masked(self, run: str) -> str:
        r"""Mask an id also if letters stand right before or after it: ``s%3Aaaaa1111bbbb``, ``\naaaa1111bbbb``."""
        if run in self._ids:
            return mask(run.encode())
        before = after = ""
        for length in sorted(self._lengths, reverse=True):
            if not after and length <= len(run) and run[-length:] in self._ids:
                run, after = run[:-length], mask(run[-length:].encode())
            if not before and length <= len(run) and run[:length] in self._ids:
                before, run = mask(run[:length].encode()), run[length:]
        return before + _PIECE.sub(self._masked_piece, run) + after

    def _masked_word(self, word: re.Match[str]) -> str:
        if word[0] in self._ids:
            return mask(word[0].encode())
        if word[2] in self._ids:
            return f"{word[1] or ''}{mask(word[2].encode())}"
        return _SHORT_PIECE.sub(self._masked_piece, word[0])

    def _masked_piece(self, piece: re.Match[str]) -> str:
        return mask(piece[0].encode()) if piece[0] in self._ids else piece[0]


def _distinctive(identifier: bytes) -> Iterable[str]:
    """The parts that identify a session: of ``web:2f9c…`` the last; of ``2f9c….signature`` both, but no plain word.

    Of an id without a long part: the words of its last part that mix letters and digits, or cases, as ``k3J9xQ``.
    """
    whole = unquote(identifier.decode("utf-8", "backslashreplace"))
    last = whole.rpartition(":")[2]
    part = last if len(last) >= _LEAST else whole
    long = [run for run in _RUN.findall(part) if run == part or any(map(str.isdigit, run))]
    return long or [word[2] for word in _WORD.finditer(last) if _MIXED.match(word[2])]

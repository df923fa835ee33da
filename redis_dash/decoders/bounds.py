"""Limits that all decoders share, and a bounded reader of bytes.

The bytes are hostile: each decoder must end soon, and fail with an ``UndecodableError`` only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps

import msgspec

from redis_dash.decoders.decoded import MalformedError, UndecodableError
from redis_dash.decoders.graph import DEEPEST, MOST_ELEMENTS, LimitError, tree

MOST_BYTES = 256 * 1024
"""Longest value in bytes that is decoded."""
MOST_DECOMPRESSED = 1024 * 1024
"""Most bytes that a compressed value may hold."""
LONGEST_NUMBER = 400
"""Most characters of a number: reading a longer one takes time that grows with the square of its length."""
_ERRORS = (ValueError, LookupError, struct.error, RecursionError, msgspec.MsgspecError)


def guarded(name: str) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Makes a decoder of what reads one format: its result becomes a bounded tree, its errors ``UndecodableError``."""

    def decorate(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
        @wraps(read)
        def decode(data: bytes) -> object:
            check_size(data, MOST_DECOMPRESSED)
            try:
                return tree(read(data))
            except LimitError as limit:
                raise UndecodableError(f"{name} with {limit}") from None
            except EOFError:
                raise MalformedError(f"{name} that is cut off") from None
            except _ERRORS:
                raise MalformedError(f"not valid {name}") from None

        return decode

    return decorate


def check_size(data: bytes, most: int) -> None:
    """Raises if there are more bytes."""
    if len(data) > most:
        raise UndecodableError(f"larger than {most // 1024:,} KiB")


def text_or_bytes(raw: bytes) -> str | bytes:
    """The text if the bytes are UTF-8, else the bytes."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def whole_characters(text: str) -> str:
    """The text without single halves of characters, which cannot be written as UTF-8; two that fit are joined."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Reader:
    """Reads forwards through bytes, and counts elements."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at
        self._elements = 0

    def take(self, size: int) -> bytes:
        """The next bytes; raises if there are fewer."""
        end = self.at + size
        if not self.at <= end <= len(self.data):
            raise EOFError
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def byte(self) -> int:
        """The next byte as a number."""
        return self.take(1)[0]

    def number(self, size: int, *, signed: bool = False) -> int:
        """The next bytes as a big-endian integer."""
        return int.from_bytes(self.take(size), "big", signed=signed)

    def expect(self, wanted: bytes) -> None:
        """Takes these bytes; raises if others follow."""
        if self.take(len(wanted)) != wanted:
            raise ValueError

    def until(self, end: bytes, longest: int = LONGEST_NUMBER) -> bytes:
        """The bytes before ``end``, which is taken too."""
        found = self.data.find(end, self.at, self.at + longest + 1)
        if found < 0:
            raise ValueError
        taken = self.data[self.at : found]
        self.at = found + len(end)
        return taken

    def element(self, depth: int) -> None:
        """Counts one value that is so deep inside others."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise LimitError(f"more than {MOST_ELEMENTS:,} elements")
        if depth > DEEPEST:
            raise LimitError(f"more than {DEEPEST} levels of nesting")

    @property
    def is_at_end(self) -> bool:
        """Whether nothing follows."""
        return self.at == len(self.data)

    def end(self) -> None:
        """Raises if something follows."""
        if not self.is_at_end:
            raise ValueError

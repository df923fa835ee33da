"""Reads the operations of a Python pickle. Nothing is imported, called or built."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator

from redis_dash.decoders.bounds import Reader, text_or_bytes, whole_characters
from redis_dash.decoders.graph import Instance, LimitError

MOST_OPERATIONS = 10_000
_LONGEST_NAME = 1000
_MOST_INTEGER_BYTES = 128
_UNSIGNED = {"K": 1, "M": 2, "h": 1, "q": 1, "j": 4, "r": 4, "\x80": 1, "\x82": 1, "\x83": 2, "\x84": 4, "\x95": 8}
_COUNTED_BYTES = {"B": 4, "C": 1, "\x8e": 8, "\x96": 8}
_COUNTED_TEXT = {"X": 4, "\x8c": 1, "\x8d": 8}
_COUNTED_LATIN = {"T": 4, "U": 1}
_COUNTED_INTEGER = {"\x8a": 1, "\x8b": 4}
_TWO_NAMES = "ci"
_DECIMAL = "gp"
_ESCAPED = re.compile(rb"""(?:[^\\]|\\[\\'"abfnrtv]|\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}|\\[0-7]{1,2})*+""", re.DOTALL)


def operations(data: bytes) -> Iterator[tuple[str, object]]:
    """Each operation as its code, one character, with its argument; the last one is ``.``, the end of the pickle."""
    reader = Reader(data)
    for _ in range(MOST_OPERATIONS):
        code = chr(reader.byte())
        yield code, _argument(reader, code)
        if code == ".":
            reader.end()
            return
    raise LimitError(f"more than {MOST_OPERATIONS:,} operations")


def _argument(reader: Reader, code: str) -> object:
    if code in _UNSIGNED:
        return _little(reader, _UNSIGNED[code])
    if code in _COUNTED_TEXT:
        return whole_characters(reader.take(_little(reader, _COUNTED_TEXT[code])).decode("utf-8", "surrogatepass"))
    if code in _COUNTED_BYTES:
        return reader.take(_little(reader, _COUNTED_BYTES[code]))
    if code in _COUNTED_LATIN:
        return text_or_bytes(reader.take(_little(reader, _COUNTED_LATIN[code])))
    if code in _COUNTED_INTEGER:
        return _integer(reader.take(_little(reader, _COUNTED_INTEGER[code])))
    if code == "J":
        return int.from_bytes(reader.take(4), "little", signed=True)
    if code == "G":
        number: float = struct.unpack(">d", reader.take(8))[0]
        return number
    return _line(reader, code)


def _line(reader: Reader, code: str) -> object:
    """The argument of an operation of protocol 0, which is a line of text."""
    if code in _TWO_NAMES:
        return ".".join(reader.until(b"\n", _LONGEST_NAME).decode() for _ in range(2))
    if code in _DECIMAL:
        return int(reader.until(b"\n"))
    if code == "I":
        line = reader.until(b"\n")
        return line == b"01" if line in (b"00", b"01") else int(line)
    if code == "L":
        return int(reader.until(b"\n").removesuffix(b"L"))
    if code == "F":
        return float(reader.until(b"\n"))
    if code == "S":
        return _quoted(reader.until(b"\n", len(reader.data)))
    if code == "V":
        return whole_characters(reader.until(b"\n", len(reader.data)).decode("raw-unicode-escape"))
    if code == "P":
        reader.until(b"\n", _LONGEST_NAME)
    return None


def _little(reader: Reader, size: int) -> int:
    return int.from_bytes(reader.take(size), "little")


def _integer(raw: bytes) -> object:
    """The number; a long one is not worked out."""
    if len(raw) > _MOST_INTEGER_BYTES:
        return Instance(f"integer of {8 * len(raw):,} bits")
    return int.from_bytes(raw, "little", signed=True)


def _quoted(line: bytes) -> str | bytes:
    """A text of Python 2 as it was written in a program."""
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1] or not _ESCAPED.fullmatch(line[1:-1]):
        raise ValueError
    return text_or_bytes(codecs.escape_decode(line[1:-1])[0])

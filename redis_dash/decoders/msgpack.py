"""MessagePack. Its reader counts while it reads; that of msgspec would first build millions of empty arrays."""

from __future__ import annotations

import struct

from redis_dash.decoders.bounds import Reader, guarded, text_or_bytes
from redis_dash.decoders.graph import Instance, Pairs

_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_FLOATS = {0xCA: ">f", 0xCB: ">d"}
_FIRST_MAP, _FIRST_ARRAY, _FIRST_TEXT, _AFTER_TEXT = 0x80, 0x90, 0xA0, 0xC0
_BYTES, _EXTENSION, _UNSIGNED, _SIGNED, _FIXED, _TEXT, _ARRAY, _MAP = 0xC4, 0xC7, 0xCC, 0xD0, 0xD4, 0xD9, 0xDC, 0xDE
_NEGATIVE = 0xE0
_LONGEST_TIMESTAMP = 12


@guarded("MessagePack")
def decode_msgpack(data: bytes) -> object:
    """The map or array; any other value could be a text by chance."""
    if not looks_like_msgpack(data):
        raise ValueError
    return read_msgpack(data)


def looks_like_msgpack(data: bytes) -> bool:
    """Whether the bytes begin like a map or an array."""
    return data[:1] != b"" and (_FIRST_MAP <= data[0] < _FIRST_TEXT or _ARRAY <= data[0] < _NEGATIVE)


def read_msgpack(data: bytes) -> object:
    """A value of any kind that fills the bytes, before it is a bounded tree."""
    reader = Reader(data)
    value = _value(reader, 0)
    reader.end()
    return value


def _value(reader: Reader, depth: int) -> object:
    reader.element(depth)
    kind = reader.byte()
    if kind < _FIRST_MAP:
        return kind
    if kind >= _NEGATIVE:
        return kind - 256
    if kind < _FIRST_ARRAY:
        return _map(reader, kind - _FIRST_MAP, depth)
    if kind < _FIRST_TEXT:
        return _array(reader, kind - _FIRST_ARRAY, depth)
    if kind < _AFTER_TEXT:
        return text_or_bytes(reader.take(kind - _FIRST_TEXT))
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind in _FLOATS:
        number: float = struct.unpack(_FLOATS[kind], reader.take(struct.calcsize(_FLOATS[kind])))[0]
        return number
    return _sized(reader, kind, depth)


def _sized(reader: Reader, kind: int, depth: int) -> object:
    """A value whose kind says how long its number or its length is."""
    if kind >= _MAP:
        return _map(reader, reader.number(2 << (kind - _MAP)), depth)
    if kind >= _ARRAY:
        return _array(reader, reader.number(2 << (kind - _ARRAY)), depth)
    if kind >= _TEXT:
        return text_or_bytes(reader.take(reader.number(1 << (kind - _TEXT))))
    if kind >= _FIXED:
        return _extension(reader, 1 << (kind - _FIXED))
    if kind >= _UNSIGNED:
        return reader.number(1 << (kind % 4), signed=kind >= _SIGNED)
    if kind >= _EXTENSION:
        return _extension(reader, reader.number(1 << (kind - _EXTENSION)))
    if kind >= _BYTES:
        return reader.take(reader.number(1 << (kind - _BYTES)))
    raise ValueError  # 0xc1 is never used


def _map(reader: Reader, size: int, depth: int) -> Pairs:
    return Pairs((_value(reader, depth + 1), _value(reader, depth + 1)) for _ in range(size))


def _array(reader: Reader, size: int, depth: int) -> list[object]:
    return [_value(reader, depth + 1) for _ in range(size)]


def _extension(reader: Reader, size: int) -> Instance:
    number = reader.number(1, signed=True)
    reader.take(size)
    return Instance("timestamp" if number == -1 and size <= _LONGEST_TIMESTAMP else f"ext {number}")

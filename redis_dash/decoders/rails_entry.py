"""An entry of Rails's cache: that of Rails 7.1 and later, and that of 7.0."""

from __future__ import annotations

import struct
import zlib

from redis_dash.decoders.bounds import Reader, guarded, text_or_bytes
from redis_dash.decoders.compression import inflate
from redis_dash.decoders.msgpack import read_msgpack
from redis_dash.decoders.ruby_marshal import MAGIC as MARSHAL
from redis_dash.decoders.ruby_marshal import read_ruby

MAGIC = b"\x00\x11"
MARKS_OF_7_0 = (b"\x00" + MARSHAL, b"\x01\x78")
"""Beginnings of an entry of Rails 7.0, plain and compressed."""
_MSGPACK = b"\xcc\x80"
_COMPRESSED = 0x80
_OBJECT, _TEXT, _BINARY, _ASCII = 1, 2, 3, 4


@guarded("Rails cache entry")
def decode_rails_entry(data: bytes) -> object:
    """``value``, ``expires_at`` in seconds since 1970 or None, and ``version`` or None."""
    if data.startswith(MARKS_OF_7_0):
        return _entry_of_7_0(data)
    reader = Reader(data)
    reader.expect(MAGIC)
    kind = reader.byte()
    expires_at: float = struct.unpack("<d", reader.take(8))[0]
    size = int.from_bytes(reader.take(4), "little", signed=True)
    version = reader.take(size) if size >= 0 else None
    payload = data[reader.at :]
    if kind & _COMPRESSED:
        payload = inflate(payload, zlib.MAX_WBITS)
    return {
        "value": _value(kind & ~_COMPRESSED, payload),
        "expires_at": expires_at if expires_at >= 0 else None,
        "version": None if version is None else _version(version),
    }


def _value(kind: int, payload: bytes) -> object:
    if kind == _BINARY:
        return payload
    if kind in (_TEXT, _ASCII):
        return text_or_bytes(payload)
    if kind != _OBJECT:
        raise ValueError
    return read_msgpack(payload.removeprefix(_MSGPACK)) if payload.startswith(_MSGPACK) else read_ruby(payload)


def _version(raw: bytes) -> object:
    return read_ruby(raw) if raw.startswith(MARSHAL) else text_or_bytes(raw)


def _entry_of_7_0(data: bytes) -> object:
    packed = read_ruby(inflate(data[1:], zlib.MAX_WBITS) if data[:1] == b"\x01" else data[1:])
    if type(packed) is not list:
        raise ValueError
    value, expires_at, version, *_ = [*packed, None, None, None]  # what is nil at the end is not stored
    return {"value": value, "expires_at": expires_at, "version": version}

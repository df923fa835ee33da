"""Cache entries of Rails, and sessions of ASP.NET Core. The bytes follow the sources of both."""

from __future__ import annotations

import struct
import zlib

import pytest

from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode, decode_aspnet_session, decode_rails_entry

MARSHAL = b'\x04\x08{\x06I"\x06a\x06:\x06ETi\x06'  # {"a" => 1}


def entry(kind: int, payload: bytes, expires_at: float = -1.0, version: bytes | None = None) -> bytes:
    """An entry of Rails 7.1: type, expiry (-1 is none), length of the version (-1 is none), version, payload."""
    head = b"\x00\x11" + struct.pack("<Bdi", kind, expires_at, -1 if version is None else len(version))
    return head + (version or b"") + payload


@pytest.mark.parametrize(
    ("data", "value", "expires_at", "version"),
    [
        (b"\x00\x11\x02\x00\x00\x00\x00\x00\x00\xf0\xbf\xff\xff\xff\xffhello", "hello", None, None),
        (entry(2, "é".encode(), 1_767_225_600.5), "é", 1_767_225_600.5, None),
        (entry(3, b"\x00\xff"), b"\x00\xff", None, None),
        (entry(4, b"plain"), "plain", None, None),
        (entry(1, MARSHAL, version=b"20260101"), {"a": 1}, None, "20260101"),
        (entry(1, MARSHAL, version=b'\x04\x08"\x06v'), {"a": 1}, None, "v"),
        (entry(1, b"\xcc\x80\x81\xa1a\x01"), {"a": 1}, None, None),  # MessagePack after its mark
        (entry(0x81, zlib.compress(MARSHAL), version=b""), {"a": 1}, None, ""),
        (entry(0x82, zlib.compress(b"x" * 3000)), "x" * 3000, None, None),
        (b"\x00\x04\x08[\x06" + MARSHAL[2:], {"a": 1}, None, None),  # Rails 7.0: [value]
        (b"\x01" + zlib.compress(b"\x04\x08[\x08i\x06f\x061T"), 1, 1.0, True),  # [value, expiry, version], compressed
    ],
)
def test_rails_entries(data: bytes, value: object, expires_at: float | None, version: object) -> None:
    expected = {"value": value, "expires_at": expires_at, "version": version}
    assert decode_rails_entry(data) == expected
    assert decode(data) == Decoded("rails cache entry", expected)


def test_objects_in_a_rails_entry_keep_their_class() -> None:
    assert decode_rails_entry(entry(1, b"\x04\x08o:\x09User\x00")) == {
        "value": Opaque("User", {}),
        "expires_at": None,
        "version": None,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x11",
        entry(9, b""),
        entry(1, b"xy"),
        entry(0x82, b"xy"),
        entry(2, b"\xff", version=b"a")[:15],
        b"\x00\x04\x08i\x00",
        b"\x00\x04\x08{\x06i\x06i\x06",
    ],
)
def test_what_is_no_rails_entry(data: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode_rails_entry(data)


def session(*fields: tuple[bytes, bytes]) -> bytes:
    """Revision 2, count in 3 bytes, the session's id, then each name (length in 2 bytes) and its bytes (in 4)."""
    head = b"\x02" + struct.pack(">I", len(fields))[1:] + bytes(range(16))
    return head + b"".join(
        struct.pack(">H", len(name)) + name + struct.pack(">I", len(data)) + data for name, data in fields
    )


def test_aspnet_sessions() -> None:
    data = session((b"user", b"priya"), ("clé".encode(), b"\x00\x00\x00\x07"), (b"empty", b""))
    expected = {"user": b"priya", "clé": b"\x00\x00\x00\x07", "empty": b""}
    assert decode_aspnet_session(data) == expected
    assert decode(data) == Decoded("asp.net session", expected)
    assert decode_aspnet_session(session()) == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"\x02", session()[:-1], session((b"a", b"b")) + b"x", session((b"a", b"b"))[:-1], b"\x01" + session()[1:]],
)
def test_what_is_no_aspnet_session(data: bytes) -> None:
    with pytest.raises(UndecodableError, match=r"ASP\.NET"):
        decode_aspnet_session(data)

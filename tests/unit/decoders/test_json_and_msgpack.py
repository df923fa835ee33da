"""JSON and MessagePack."""

from __future__ import annotations

import math

import msgspec
import pytest

from redis_dash.decoders import Opaque, UndecodableError, decode, decode_json, decode_msgpack


def test_json() -> None:
    value = {"user": "Priya é", "n": [1, -2.5, True, False, None], "nested": {"a": {}}}
    assert decode_json(msgspec.json.encode(value)) == value


def test_of_equal_keys_of_json_the_last_one_counts() -> None:
    assert decode_json(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    "text", [b"NaN", b'{"a": NaN}', b"[Infinity]", b'{"a": 1', b'{"a": 1} x', b"", b'["\\ud800"]', b'["\xff"]']
)
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises(UndecodableError, match="JSON"):
        decode_json(text)


def test_twenty_levels_of_json_are_decoded_and_no_more() -> None:
    assert str(decode_json(b"[" * 20 + b"]" * 20)) == "[" * 20 + "]" * 20
    with pytest.raises(UndecodableError, match="JSON with more than 20 levels of nesting"):
        decode_json(b"[" * 21 + b"]" * 21)


def test_ten_thousand_elements_of_json_are_decoded_and_no_more() -> None:
    assert decode_json(b"[" + b",".join([b"0"] * 9_999) + b"]") == [0] * 9_999
    with pytest.raises(UndecodableError, match="JSON with more than 10,000 elements"):
        decode_json(b"[" + b",".join([b"0"] * 10_000) + b"]")


def test_a_number_of_json_with_very_many_digits_is_not_shown() -> None:
    assert decode_json(b"[%b]" % (b"9" * 1000)) == [Opaque("integer of 3,322 bits")]


NUMBERS = [
    0,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2**32 - 1,
    2**32,
    2**64 - 1,
    -1,
    -32,
    -33,
    -128,
    -129,
    -32_769,
    -(2**63),
]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": 1},
        NUMBERS,
        [1.5, -math.inf, None, True, False],
        ["", "é", "a" * 31, "a" * 32, "a" * 300, "a" * 70_000],
        [b"", b"\xff" * 255, b"\xff" * 256, b"\xff" * 65_536],
        list(range(15)),
        list(range(16)),
        [[[1]], {"a": [{}]}],
        {str(n): n for n in range(15)},
        {str(n): n for n in range(16)},
        {1: "a", 2.5: "b", None: "c", b"x": "d", -7: "e"},
    ],
)
def test_msgpack(value: object) -> None:
    assert decode_msgpack(msgspec.msgpack.encode(value)) == value


def test_msgpack_of_other_widths() -> None:
    # An array of 32-bit length: a float of 4 bytes, and map and array of 32-bit length.
    data = b"\xdd\x00\x00\x00\x03\xca\x3f\xc0\x00\x00\xdf\x00\x00\x00\x01\xa1a\x01\xdd\x00\x00\x00\x00"
    assert decode_msgpack(data) == [1.5, {"a": 1}, []]


def test_extensions_of_msgpack_are_named() -> None:
    extensions = [msgspec.msgpack.Ext(5, bytes(size)) for size in (1, 2, 3, 4, 8, 16, 300)]
    assert decode_msgpack(msgspec.msgpack.encode(extensions)) == [Opaque("ext 5")] * 7
    assert decode_msgpack(b"\x91\xd6\xff\x00\x00\x00\x01") == [Opaque("timestamp")]


def test_maps_as_keys_of_msgpack_stay_apart() -> None:
    # {[1]: 1, {2: 3}: 2, ext 5: 3, ext 5: 4}
    data = b"\x84\x91\x01\x01\x81\x02\x03\x02\xd4\x05\x00\x03\xd4\x05\x00\x04"
    expected = {"[1]": 1, "{2: 3}": 2, Opaque("ext 5"): 3, Opaque("ext 5, key 4"): 4}
    assert decode_msgpack(data) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\xa1a", b"\xc0", b"\x80\x80", b"\x91", b"\x91\xc1", b"\x81\x01", b"\xdc\x00"]
)
def test_what_is_no_msgpack(data: bytes) -> None:
    with pytest.raises(UndecodableError, match="MessagePack"):
        decode_msgpack(data)


def test_a_text_is_not_taken_for_msgpack() -> None:
    assert decode(b"hello").format == "text"
    assert decode("ܐ".encode()).format == "text"  # its first byte is that of a long array


def test_limits_of_msgpack() -> None:
    with pytest.raises(UndecodableError, match="MessagePack with more than 20 levels of nesting"):
        decode_msgpack(b"\x91" * 25 + b"\xc0")
    with pytest.raises(UndecodableError, match="MessagePack with more than 10,000 elements"):
        decode_msgpack(b"\xdc\x27\x10" + b"\xc0" * 10_000)

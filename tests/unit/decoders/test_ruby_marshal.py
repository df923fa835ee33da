"""Ruby's Marshal. The bytes follow Ruby's ``doc/marshal.rdoc`` and ``marshal.c``."""

from __future__ import annotations

import pytest

from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode, decode_ruby

UTF_8 = b"\x06:\x06ET"  # one variable, :E => true


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"0", None),
        (b"T", True),
        (b"F", False),
        # Integers: zero, then 5 more than the number in one byte, then a count of bytes with the lowest first.
        (b"i\x00", 0),
        (b"i\x06", 1),
        (b"i\x7f", 122),
        (b"i\x01\x7b", 123),
        (b"i\x02\x00\x01", 256),
        (b"i\x04\xff\xff\xff\x3f", 2**30 - 1),
        (b"i\xfa", -1),
        (b"i\x80", -123),
        (b"i\xff\x84", -124),
        (b"i\xfe\x00\xff", -256),
        (b"i\xfc\x00\x00\x00\xc0", -(2**30)),
        (b"l+\x07\x00\x00\x00\x40", 2**30),
        (b"l-\x09\x00\x00\x00\x00\x00\x00\x00\x80", -(2**63)),
        (b"f\x081.5", 1.5),
        (b"f\x08inf", float("inf")),
        (b'I"\x07\xc3\xa9' + UTF_8, "é"),
        (b'"\x06\xff', b"\xff"),
        (b'"\x07hi', "hi"),
        (b":\x09name", "name"),
        (b"[\x08i\x06:\x06a;\x00", [1, "a", "a"]),  # the second symbol is a link to the first
        (b"{\x06:\x06ai\x06", {"a": 1}),
        (b"}\x06:\x06ai\x06i\x00", {"a": 1}),  # a hash with the default 0
        (b'[\x07I"\x06x' + UTF_8 + b"@\x06", ["x", "x"]),  # object 1 again; object 0 is the array
        (b"[\x08f\x061@\x06[\x06@\x07", [1.0, 1.0, [Opaque("recursive reference")]]),  # object 2 is the inner array
        (b"[\x06@\x00", [Opaque("recursive reference")]),
        (b'o:\x09User\x07:\x0a@nameI"\x06x' + UTF_8 + b":\x09@agei\x09", Opaque("User", {"name": "x", "age": 4})),
        (b"S:\x0aPoint\x07:\x06xi\x06:\x06yi\x07", Opaque("Point", {"x": 1, "y": 2})),
        (b"Iu:\x09Time\x0d" + bytes(8) + b'\x06:\x09zoneI"\x08UTC\x06:\x06EF', Opaque("Time")),
        (b"U:\x06A[\x06i\x06", Opaque("A")),
        (b"C:\x06A{\x00", {}),  # an instance of a subclass of Hash
        (b"e:\x06A[\x00", []),  # an array that was extended with a module
        (b"I/\x06a\x00\x06:\x06EF", Opaque("Regexp")),
        (b"c\x0bString", Opaque("String")),
        (b"m\x0bKernel", Opaque("Kernel")),
    ],
)
def test_values(body: bytes, value: object) -> None:
    assert decode_ruby(b"\x04\x08" + body) == value
    assert decode(b"\x04\x08" + body) == Decoded("ruby marshal", value)


def test_links_count_what_was_dumped_by_its_own_class_after_its_variables() -> None:
    # [Time with a zone, "x", link to "x"]: 0 the array, 1 the zone, 2 the time, 3 "x"
    time = b'Iu:\x09Time\x06\x00\x06:\x09zoneI"\x08UTC\x06:\x06EF'
    data = b"\x04\x08[\x08" + time + b'I"\x06x\x06;\x07T@\x08'
    assert decode_ruby(data) == [Opaque("Time"), "x", "x"]


def test_a_symbol_and_a_text_of_the_same_letters_are_two_keys() -> None:
    assert decode_ruby(b'\x04\x08{\x07:\x06ai\x06I"\x06a' + b"\x06:\x06ETi\x07") == {":a": 1, "a": 2}


def test_a_session_of_devise() -> None:
    # {"warden.user.user.key" => [[1], "$2a$12$abc"]}
    data = b'\x04\x08{\x06I"\x19warden.user.user.key\x06:\x06ET[\x07[\x06i\x06I"\x0f$2a$12$abc\x06;\x00T'
    assert decode_ruby(data) == {"warden.user.user.key": [[1], "$2a$12$abc"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"i",
        b"i\x02\x00",
        b'"\x0aab',
        b'"\xfa',
        b"[\x06",
        b"@\x06",
        b"[\x07i\x06@\xfa",  # a link to the object before the first
        b";\x00",
        b"?",
        b"00",
        b"{\x060",
        b"o0",
        b"l+",
        b"fx",
    ],
)
def test_what_is_no_marshal(body: bytes) -> None:
    with pytest.raises(UndecodableError, match="Ruby Marshal"):
        decode_ruby(b"\x04\x08" + body)


def test_limits() -> None:
    with pytest.raises(UndecodableError, match="Ruby Marshal with more than 20 levels of nesting"):
        decode_ruby(b"\x04\x08" + b"[\x06" * 25 + b"0")
    with pytest.raises(UndecodableError, match="Ruby Marshal with more than 10,000 elements"):
        decode_ruby(b"\x04\x08[\x02\x20\x4e" + b"0" * 20_000)
    with pytest.raises(UndecodableError, match="Ruby Marshal with more than 1,048,576 characters"):
        decode_ruby(b'\x04\x08[\x02\x00\x01"\x02\x00\xf0' + b"a" * 0xF000 + b"@\x06" * 255)


def test_a_long_integer_is_not_worked_out() -> None:
    assert decode_ruby(b"\x04\x08l+\x69" + b"\x7f" * 200) == Opaque("integer of 1,600 bits")

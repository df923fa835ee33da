"""Java serialization. The bytes were written by Java 17's ``ObjectOutputStream``."""

from __future__ import annotations

import pytest

from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode, decode_java
from redis_dash.decoders.java import CUT

NUMBER = "7872 0010 6a6176612e6c616e672e4e756d626572 86ac951d0b94e08b 02 0000 7870"
LONG = f"aced0005 7372 000e 6a6176612e6c616e672e4c6f6e67 3b8be490cc8f23df 02 0001 4a 0005 76616c7565 {NUMBER}"
INTEGER = f"aced0005 7372 0011 6a6176612e6c616e672e496e7465676572 12e2a0a4f7818738 02 0001 49 0005 76616c7565 {NUMBER}"
BOOLEAN = "aced0005 7372 0011 6a6176612e6c616e672e426f6f6c65616e cd207280d59cfaee 02 0001 5a 0005 76616c7565 7870"
BYTES = "aced0005 7572 0002 5b42 acf317f8060854e0 02 0000 7870"
# class User { String name = "priya"; int age = 4; String mail = "priya@example.com"; }
USER = (
    "aced0005737200065424557365727b987c9a49f95c4c0200034900036167654c00046d61696c7400124c6a6176612f6c616e672f537472696e67"
    "3b4c00046e616d6571007e00017870000000047400117072697961406578616d706c652e636f6d7400057072697961"
)
# a HashMap with "k" -> "value é"
MAP = (
    "aced0005737200116a6176612e7574696c2e486173684d61700507dac1c31660d103000246000a6c6f6164466163746f72490009746872657368"
    "6f6c6478703f4000000000000c770800000010000000017400016b74000876616c756520c3a978"
)
ENUM = (
    "aced00057e72000354244500000000000000001200007872000e6a6176612e6c616e672e456e756d0000000000000000120000787074000141"
)


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("aced0005 74 0005 68656c6c6f", "hello"),
        ("aced0005 74 000a 61c08062eda0bdedb880", "a\0b\U0001f600"),  # zero and a character of two halves
        ("aced0005 7c 0000000000000002 6869", "hi"),  # a text of more than 64 KiB has a longer length
        (f"{LONG} 0000019b76daa800", 1_767_225_600_000),
        (f"{LONG} ffffffffffffffff", -1),
        (f"{INTEGER} 00000708", 1800),
        (f"{BOOLEAN} 01", True),
        (f"{BOOLEAN} 00", False),
        (f"{BYTES} 00000003 0102ff", b"\x01\x02\xff"),
        ("aced0005 70", None),
        (USER, Opaque("T$User", {"strings": ["priya@example.com", "priya"]})),
        (MAP, Opaque("java.util.HashMap", {"strings": ["k", "value é"]})),
        (ENUM, Opaque("T$E", {"strings": ["A"]})),
    ],
)
def test_values(hexadecimal: str, value: object) -> None:
    assert decode_java(bytes.fromhex(hexadecimal)) == value
    assert decode(bytes.fromhex(hexadecimal)) == Decoded("java", value)


@pytest.mark.parametrize(
    "tail", ["", "74", "74 0005 68", "70 70", "99", "7372 0005 41", f"{INTEGER[9:]} 0000", f"{BOOLEAN[9:]} 02"]
)
def test_what_is_no_java(tail: str) -> None:
    with pytest.raises(UndecodableError, match="Java"):
        decode_java(bytes.fromhex("aced0005" + tail))


def test_at_most_a_hundred_texts_are_looked_for_and_that_is_told() -> None:
    data = b"\xac\xed\x00\x05sr\x00\x01A" + b"t\x00\x02hi" * 101
    assert decode_java(data) == Opaque("A", {"strings": [*["hi"] * 100, CUT]})
    candidates = b"\xac\xed\x00\x05sr\x00\x01A" + b"t\x03\xff" * 20_000
    assert decode_java(candidates) == Opaque("A", {"strings": [CUT]})

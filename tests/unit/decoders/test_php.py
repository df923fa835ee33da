"""PHP's ``serialize`` and the session handler ``php``. The bytes follow PHP's manual and ``var_unserializer.re``."""

from __future__ import annotations

import pytest

from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode, decode_php, decode_php_session


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"N;", None),
        (b"b:1;", True),
        (b"b:0;", False),
        (b"i:-5;", -5),
        (b"d:0.5;", 0.5),
        (b"d:-INF;", float("-inf")),
        (b"d:1.0E+25;", 1e25),
        (b's:0:"";', ""),
        (b's:3:"a"b";', 'a"b'),
        ('s:2:"é";'.encode(), "é"),
        (b's:1:"\xff";', b"\xff"),
        (b"a:0:{}", []),
        (b'a:2:{i:0;s:1:"a";i:1;i:7;}', ["a", 7]),
        (b"a:2:{i:1;i:1;i:0;i:0;}", {1: 1, 0: 0}),
        (b'a:2:{s:4:"name";s:5:"priya";i:3;a:1:{i:0;b:1;}}', {"name": "priya", 3: [True]}),
    ],
)
def test_values(data: bytes, value: object) -> None:
    assert decode_php(data) == value
    assert decode(data) == Decoded("php", value)


def test_objects() -> None:
    # new User with public $name, protected $mail (after "\0*\0") and private $age (after "\0User\0")
    data = b'O:4:"User":3:{s:4:"name";s:5:"priya";s:7:"\0*\0mail";N;s:9:"\0User\0age";i:4;}'
    assert decode_php(data) == Opaque("User", {"name": "priya", "mail": None, "age": 4})
    assert decode_php(b'a:1:{i:0;C:11:"ArrayObject":5:{x;y"}}}') == [Opaque("ArrayObject")]  # its own serialize()
    assert decode_php(b'E:11:"Suit:Hearts";') == Opaque("Suit:Hearts")  # an enumeration


def test_references() -> None:
    # $a = ["x" => [1], "y" => &$a["x"]]: places count 1 for the whole, 2 for x, 3 for the 1 inside
    assert decode_php(b'a:2:{s:1:"x";a:1:{i:0;i:1;}s:1:"y";R:2;}') == {"x": [1], "y": [1]}
    # Two times the same object: "r" has a place of its own, so the last one, R:3, is the second.
    data = b'a:4:{i:0;O:1:"A":0:{}i:1;r:2;i:2;s:1:"t";i:3;R:4;}'
    assert decode_php(data) == [Opaque("A", {}), Opaque("A", {}), "t", "t"]


def test_an_array_in_itself_is_cut() -> None:
    assert decode_php(b'a:1:{s:2:"me";R:1;}') == {"me": Opaque("recursive reference")}


def test_a_reference_after_an_object_with_its_own_serialize_is_not_guessed() -> None:
    assert decode_php(b'a:3:{i:0;C:1:"A":4:{i:1;}i:1;s:1:"x";i:2;R:3;}') == [Opaque("A"), "x", Opaque("reference")]


def test_the_session_handler() -> None:
    data = 'user|s:7:"priya é";cart|a:1:{i:0;i:7;}again|R:2;n|N;'.encode().replace(b"s:7", b"s:8")
    value = {"user": "priya é", "cart": [7], "again": [7], "n": None}
    assert decode_php_session(data) == value
    assert decode(data) == Decoded("php session", value)


def test_what_laravel_serialized_twice_is_decoded_twice() -> None:
    inner = b'a:1:{s:6:"_token";s:3:"abc";}'
    outer = decode(b's:%d:"%b";' % (len(inner), inner))
    assert outer.format == "php"
    assert isinstance(outer.value, str)
    assert decode(outer.value.encode()).value == {"_token": "abc"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"i:;",
        b"i:1",
        b"b:2;",
        b's:5:"ab";',
        b's:1:"ab";',
        b"a:1:{i:0;N;",
        b"a:-1:{",
        b"a:1:{N;N;}",
        b"R:1;",
        b"R:0;",
        b"a:1:{i:0;R:9;}",
        b"i:1;i:2;",
        b"x:1;",
        b's:-1:"";',
    ],
)
def test_what_is_no_php(data: bytes) -> None:
    with pytest.raises(UndecodableError, match="PHP"):
        decode_php(data)


def test_limits() -> None:
    with pytest.raises(UndecodableError, match="PHP with more than 20 levels of nesting"):
        decode_php(b"a:1:{i:0;" * 25 + b"N;" + b"}" * 25)
    with pytest.raises(UndecodableError, match="PHP with more than 10,000 elements"):
        decode_php(b"a:20000:{" + b"i:0;N;" * 20_000 + b"}")

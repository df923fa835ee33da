"""Lossless conversion of bytes to text and back."""

from __future__ import annotations

import itertools
import random

import pytest

from redis_dash.core.decoding import raw, text
from redis_dash.tui.text import plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"order:7", "order:7"),
        ("café 漢字".encode(), "café 漢字"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
        (b"\\\xff", "\\\\\\xff"),
        (b"\\\\xff", "\\\\\\\\xff"),
        (b"C:\\new\\x1b", "C:\\new\\x1b"),
        (b"\\d+\\xFF", "\\d+\\xFF"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
    ],
)
def test_how_bytes_read(value: bytes, shown: str) -> None:
    assert text(value) == shown
    assert plain(value) == shown


def test_every_short_value_reads_like_no_other_and_leads_back() -> None:
    pieces = (b"\\", b"\xff", b"\x80", b"x", b"f", b"8", b"\xc3", b"\xa9", b"\x1b")
    values = {b"".join(parts) for length in range(6) for parts in itertools.product(pieces, repeat=length)}
    assert len({text(value) for value in values}) == len(values)
    assert all(raw(text(value)) == value for value in values)


def test_any_bytes_lead_back() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        value = bytes(chance.choices((*b"\\\\\\xf8a9", *range(256)), k=chance.randrange(40)))
        assert raw(text(value)) == value


def test_what_a_person_types_has_bytes_whatever_it_is() -> None:
    assert raw("\\xff") == b"\xff"
    assert raw("\\\\xff") == b"\\xff"
    assert raw("priya \\o/") == b"priya \\o/"
    assert raw("\ud800") == b"?"

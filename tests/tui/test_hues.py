"""The colour of a channel is that of its name, wherever the name stands and however long it is."""

from __future__ import annotations

import pytest

from redis_dash.core import decoding
from redis_dash.tui.theme_styles import Hues

LONG = 20_000


NAMES = (
    b"orders",
    b"",
    b"a" * LONG,
    "漢字".encode() * LONG,
    b"a" * 255 + b"\xff" * LONG,
    b"\xff\xfe" * LONG,
    b"\\xff" * LONG,
    b"\\" * LONG + b"xff",
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:12]))
def test_a_name_has_one_colour_as_bytes_and_as_text(name: bytes) -> None:
    """A second name would get another colour, as long as one is free."""
    hues = Hues()
    assert hues.of(name) == hues.of_text(decoding.text(name))
    assert hues.of(b"another") != hues.of(name)


def test_a_name_of_megabytes_costs_no_more_than_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def raw(name: str) -> bytes:
        read.append(name)
        return name.encode()

    monkeypatch.setattr(decoding, "raw", raw)
    hues = Hues()
    hues.of_text("x" * LONG)
    hues.of(b"y" * LONG)
    assert len(read[0]) < 2000
    assert max(map(len, hues._taken)) < 2000


def test_names_that_differ_late_have_colours_of_their_own() -> None:
    hues = Hues()
    assert hues.of(b"tenant:" * 30 + b"a") != hues.of(b"tenant:" * 30 + b"b")

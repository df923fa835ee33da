"""Text in ASCII: as wide as before, and different things stay different."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from redis_dash.tui.ascii import ascii_text
from redis_dash.tui.text import escape_unicode, plain
from tests.tui.hostile import STRINGS

DRAWN = "╭─╮│╰╯├┤━╸▁▂▃▄▅▆▇█▌▐▊▎▔▀…–—·•±µ“”→↑↓▲▼▸▾✖🔎"


@pytest.fixture
def escaping() -> Iterator[None]:
    """``plain()`` as it is for a terminal without Unicode."""
    escape_unicode(True)
    yield
    escape_unicode(False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1.01 M ± 1 %", "1.01 M+/-1 %"),
        ("84/s · 12,403 received", "84/s | 12,403 received"),
        ("╭ 1 Events ──╮", "+ 1 Events --+"),
        ("━━╸──", "==>--"),
        ("▁▄█··", "_=#.."),
        ("Kx9f…", "Kx9f~"),
        ("0.3 µs – 1 ms", "0.3 us - 1 ms"),
        ("🔎漢z\u0301", "????z"),
    ],
)
def test_the_likeness_of_a_text(text: str, shown: str) -> None:
    assert ascii_text(text) == shown


def test_nothing_becomes_wider_or_narrower() -> None:
    for text in (*DRAWN, *(plain(text, 200) for text in STRINGS)):
        assert ascii_text(text).isascii()
        assert len(ascii_text(text)) == cell_len(text)


def test_each_height_of_a_sparkline_and_each_part_of_a_bar_has_a_character_of_its_own() -> None:
    for chars in ("·▁▂▃▄▅▆▇█", "━╸─"):
        assert len(set(ascii_text(chars))) == len(chars)


@pytest.mark.usefixtures("escaping")
def test_letters_of_redis_are_escaped_so_that_two_names_stay_two() -> None:
    assert plain("Zoë") == "Zo\\xeb"
    assert plain("日本".encode()) == "\\u65e5\\u672c"
    assert plain("🔎") == "\\U0001f50e"
    assert plain("╭─╮") == "\\u256d\\u2500\\u256e"
    assert plain("Kx9f… · 3 µs") == "Kx9f… · 3 µs"  # what this program writes itself is left to the driver


def test_without_the_escape_letters_stay() -> None:
    assert plain("Zoë") == "Zoë"

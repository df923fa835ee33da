"""Text for the screen: it is inert, visible and no wider than asked, for any input."""

from __future__ import annotations

import re
import time
import tracemalloc
import unicodedata

import pytest
from rich.cells import cell_len

from redis_dash.core.certainty import Count, at_least, counted, estimated, exact, unknown
from redis_dash.tui import formatting
from redis_dash.tui.text import MAX_CHARS, Plain, crop, pad, plain, plural
from tests.tui.hostile import PAYLOADS, STRINGS

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
NASTY = (*STRINGS, *PAYLOADS)


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value[:12]))
def test_nothing_dangerous_passes(value: str | bytes) -> None:
    for width in (None, 0, 1, 2, 7, 80):
        shown = plain(value, width)
        assert not {unicodedata.category(char) for char in shown} & FORBIDDEN, (shown, width)
        shown.encode("utf-8")
        assert width is None or cell_len(shown) <= width, (shown, width)


def test_plain_ascii_is_left_alone() -> None:
    assert plain(b"order.created [/] $x {y}") == "order.created [/] $x {y}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        (b"\xff", "\\xff"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("1\n2\r3\t4", "1\\n2\\r3\\t4"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u2028b", "a\\u2028b"),
        ("\u3164", "\\u3164"),
        ("café 漢字", "café 漢字"),
    ],
)
def test_what_is_not_printable_is_spelled_out(value: str | bytes, shown: str) -> None:
    assert plain(value) == shown


def test_marks_are_bounded() -> None:
    assert plain("e\u0301") == "e\u0301"
    assert plain("e" + "\u0301" * 5) == "e\u0301\u0301" + "\\u0301" * 3
    assert plain("\u0301x") == "\\u0301x"


def test_crop_tells_what_it_cut() -> None:
    assert plain("abcdef", 4) == "abc…"
    assert plain("abcd", 4) == "abcd"
    assert plain("漢字漢字", 5) == "漢字…"
    assert plain("漢字漢字", 4) == "漢…"
    assert plain("x" * (MAX_CHARS + 1)).endswith("…")
    assert crop(Plain("abc"), 0) == ""


@pytest.mark.parametrize("value", [b"x" * 5_000_000, "\u202e" * 5_000_000, b"\xff" * 5_000_000])
def test_of_a_huge_value_only_the_beginning_is_looked_at(value: str | bytes) -> None:
    tracemalloc.start()
    plain(value, 60)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_pad_is_exact_in_cells() -> None:
    assert pad(Plain("ab"), 4) == "ab  "
    assert pad(Plain("ab"), 4, right=True) == "  ab"
    assert cell_len(pad(Plain("漢字"), 5)) == 5
    assert cell_len(pad(Plain("漢字"), 3)) == 3


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formatting.count(12403), "12,403"),
        (formatting.compact(9999), "9,999"),
        (formatting.compact(12_400), "12.4 k"),
        (formatting.compact(999_960), "1.00 M"),
        (formatting.compact(1_200_000), "1.20 M"),
        (formatting.compact(999.4e12), "999 T"),
        (formatting.compact(999.5e12), "1e15"),
        (formatting.compact(1.24e18), "1.2e18"),
        (formatting.compact(0.4), "<1"),
        (formatting.compact(0.0), "0"),
        (formatting.compact(0.6), "<1"),
        (formatting.nbytes(512), "512 B"),
        (formatting.nbytes(14_890_000), "14.2 MB"),
        (formatting.nbytes(5e18), "4547474 TB"),
        (formatting.score(9512.0), "9,512"),
        (formatting.score(0.5), "0.50"),
        (formatting.score(float("-inf")), "-inf"),
        (formatting.score(float("nan")), "nan"),
        (formatting.score(2.0**53), "9,007,199,254,740,992"),
        (formatting.score(1.7e308), "1.7e308"),
        (formatting.score(5e-324), "5e-324"),
        (formatting.score(1000.0, 2), "1,000.00"),
        (formatting.percent(0.0), "0.0 %"),
        (formatting.percent(0.0002), "<0.1 %"),
        (formatting.percent(0.00002, 2), "<0.01 %"),
        (formatting.percent(0.0011), "0.1 %"),
        (formatting.rate(0.0), "0.0/s"),
        (formatting.rate(0.04), "<0.1/s"),
        (formatting.rate(0.09), "<0.1/s"),
        (formatting.rate(0.1), "0.1/s"),
        (formatting.rate(12.34), "12.3/s"),
        (formatting.rate(1240), "1,240/s"),
        (formatting.percent(0.934), "93.4 %"),
        (formatting.percent(0.0004), "<0.1 %"),
        (formatting.percent(0.004, 0), "<1 %"),
        (formatting.percent(0.99999), "99.9 %"),
        (formatting.percent(1.0), "100.0 %"),
        (formatting.percent(None), "–"),
        (formatting.duration(41), "41 s"),
        (formatting.duration(0), "0 s"),
        (formatting.duration(0.4), "<1 s"),
        (formatting.duration(0.999), "<1 s"),
        (formatting.duration(184), "3 min 04 s"),
        (formatting.duration(3 * 86400 + 4 * 3600), "3 d 4 h"),
        (formatting.duration(float("nan")), "–"),
        (formatting.countdown(86_290), "23:58:10"),
        (formatting.countdown(90_000), "1 d 01:00:00"),
        (formatting.countdown(None), "never"),
        (formatting.milliseconds(0.31), "0.3 ms"),
        (formatting.milliseconds(0.1), "0.1 ms"),
        (formatting.milliseconds(0.088), "<0.1 ms"),
        (formatting.milliseconds(1e-9), "<0.1 ms"),
        (formatting.milliseconds(0.0), "0.0 ms"),
        (formatting.milliseconds(None), "–"),
        (formatting.clock(1e300), "--:--:--.-"),
        (formatting.moment(None), "–"),
        (formatting.tally(exact(128)), "128"),
        (formatting.tally(estimated(1_010_000, 1_000_000, 1_020_000, 0.1)), "1.01 M ± 1 %"),
        (formatting.tally(estimated(30, 21, 41, 0.1)), "21–41"),
        (formatting.tally(counted(27, 27, 41, 0.0)), "27–41"),
        (formatting.tally(counted(27, 27, 27, 0.0)), "27"),
        (formatting.tally(at_least(1204)), "1,204+"),
        (formatting.tally(unknown()), "–"),
        (formatting.memory_tally(counted(2048, 2048, 2048, 0.0)), "2.00 kB"),
        (formatting.memory_tally(estimated(10_000_000, 9_900_000, 10_300_000, 0.1)), "9.54 MB ± 3 %"),
        (formatting.memory_tally(estimated(10_000_000, 9_900_000, 19_000_000, 0.1)), "9.44 MB – 18.1 MB"),
        (formatting.memory_tally(at_least(2048)), "2.00 kB+"),
        (formatting.memory_tally(unknown()), "–"),
        (formatting.seen(estimated(0, 0, 412, 0.03), "session"), "none seen yet, at most 412"),
        (formatting.seen(exact(0), "session"), "0 sessions"),
        (formatting.seen(exact(1), "session"), "1 session"),
        (formatting.seen(counted(1, 1, 5, 0.0), "session"), "1–5 sessions"),
        (plural(1, "key"), "1 key"),
        (plural(2000, "key"), "2,000 keys"),
    ],
)
def test_figures(shown: Plain, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    ("scores", "decimals"),
    [
        ((), 0),
        ((1000.0, 2.0, float("inf")), 0),
        ((1000.0, 12.5), 2),
        ((0.001, 0.002), 3),
        ((0.1 + 0.2, 0.5), 2),
        ((0.1 + 0.2, 0.3), 2),
        ((659.21, 659.2100000000001, 621.28), 2),
        ((1e-9, 12.5), 2),
    ],
)
def test_a_column_of_scores_has_one_number_of_decimals(scores: tuple[float, ...], decimals: int) -> None:
    assert formatting.score_decimals(scores) == decimals


@pytest.mark.parametrize("value", [2.0**53, 1_234_567_890.0, 0.001, -1e-9, 1.7e308, 12.5])
def test_every_form_of_a_score_is_that_score(value: float) -> None:
    forms = formatting.score_forms(value, 2)
    assert [float(form.replace(",", "")) for form in forms] == pytest.approx([value] * len(forms), rel=0.5)
    assert float(forms[0].replace(",", "")) == value
    assert len(forms[-1]) <= 7


def test_a_count_with_wide_bounds_is_a_range() -> None:
    """A percentage above 100 would suggest a lower bound below zero."""
    assert formatting.tally(counted(273, 250, 200_000, 1.0)) == "250–200,000"
    assert formatting.tally(counted(273, 250, None, 1.0)) == "250+"
    assert formatting.tally(counted(273, 0, None, 1.0)) == "~273"
    assert formatting.tally(counted(0, 0, 200_385, 1.0)) == "0–201,000"
    assert formatting.tally(counted(14, 14, 60_600, 1.0)) == "14–60,600"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (counted(558, 558, 967, 1.0), "558–967"),
        (counted(558, 558, 1049, 1.0), "558–1,049"),
        (counted(14_060, 14_060, 16_010, 1.0), "14.0 k–16.1 k"),
        (estimated(1_200, 700, 2_900, 0.1), "700–2,900"),
        (estimated(1_200, 900, 1_600, 0.1), "1,200 ± 34 %"),
        (estimated(1_010_000, 1_010_000, 1_012_000, 0.1), "1.01 M ± 1 %"),
    ],
)
def test_a_margin_stands_only_for_bounds_that_are_about_equally_far(count: Count, shown: str) -> None:
    """It implies a lower bound: 558 ± 88 % is far below the 558 sessions that were listed."""
    assert formatting.tally(count) == shown


@pytest.mark.parametrize(
    "pair",
    [
        (estimated(950, 910, 999, 0.1), estimated(952, 912, 1001, 0.1)),
        (estimated(12_000, 11_480, 13_010, 0.1), estimated(12_000, 11_520, 13_010, 0.1)),
        (estimated(1_200, 10, 2_398, 0.1), estimated(1_200, 5, 2_402, 0.1)),
        (counted(20_000, 19_801, 20_100, 1.0), counted(20_000, 19_798, 20_100, 1.0)),
    ],
)
def test_the_form_of_a_count_does_not_go_to_and_fro(pair: tuple[Count, Count]) -> None:
    forms = [re.sub(r"[\d,.]+", "#", formatting.tally(each)) for each in pair]
    assert forms[0] != forms[1]
    tallies = formatting.Tallies()
    steady = [re.sub(r"[\d,.]+", "#", tallies(each)) for each in pair * 3]
    assert len(set(steady[1:])) == 1
    other = [re.sub(r"[\d,.]+", "#", tallies(each, "another")) for each in pair[::-1] * 3]
    assert len(set(other[1:])) == 1
    assert formatting.tally(counted(75, 75, 91, time.time())) == "75–91"
    assert formatting.tally(counted(300, 300, 310, time.time())) == "300–310"

"""Names of one column do not look the same after cutting, and a name that is on the screen keeps its form."""

from __future__ import annotations

import pytest

from redis_dash.tui import abbreviation
from redis_dash.tui.abbreviation import DistinctCuts
from redis_dash.tui.text import Plain, crop_middle, width_of

ITEMS = [Plain(f"slowitems{number}@lim.example") for number in range(1, 10)]
KINDS = [Plain(f":1:views.decorators.cache.cache_{part}.*.en-us.America/Chicago") for part in ("header", "page.GET.*")]
MIDDLES = [Plain(f"tenant:acme-{a}:order:{b}:history:of:all:items") for a in ("eu", "us") for b in ("open", "shut")]
WIDE = [Plain(f"利用者の識別番号{number}番号の識別者の利用者") for number in range(4)]


def learn(cuts: DistinctCuts, names: list[Plain], width: int) -> None:
    cuts.learn([(name, crop_middle) for name in names], width)


@pytest.mark.parametrize("width", [12, 16])
@pytest.mark.parametrize("names", [ITEMS, KINDS, MIDDLES, WIDE], ids=["clients", "kinds", "middles", "wide"])
def test_names_that_are_shown_together_differ_after_cutting(names: list[Plain], width: int) -> None:
    assert len({crop_middle(name, width) for name in names}) < len(names)
    cuts = DistinctCuts()
    learn(cuts, names, width)
    shown = [cuts.fit(name, width) for name in names]
    assert len(set(shown)) == len(names), shown
    assert all(width_of(form) <= width for form in shown), shown


def test_what_differs_is_shown_with_the_beginning_of_the_name() -> None:
    cuts = DistinctCuts()
    learn(cuts, ITEMS[:3], 16)
    assert cuts.fit(ITEMS[0], 16) == "sl…1@lim.example"
    learn(cuts, KINDS, 25)
    assert cuts.fit(KINDS[0], 25) == ":1:view…header.*.en-us.A…"


def test_a_name_keeps_its_form_whichever_others_come() -> None:
    cuts = DistinctCuts()
    before = cuts.fit(ITEMS[0], 16)
    assert before == crop_middle(ITEMS[0], 16)
    learn(cuts, ITEMS[1:3], 16)
    later = [cuts.fit(name, 16) for name in ITEMS[:3]]
    learn(cuts, [*reversed(ITEMS), *KINDS], 16)
    assert [cuts.fit(name, 16) for name in ITEMS[:3]] == later
    assert (later[0], len(set(later))) == (before, 3)


def test_names_that_differ_anyway_are_cut_in_the_middle() -> None:
    cuts = DistinctCuts()
    others = [Plain("ann.of.the.first.floor@example.com"), Plain("bob.of.the.other.floor@example.org")]
    learn(cuts, [*others, Plain("short")], 16)
    assert [cuts.fit(name, 16) for name in others] == [crop_middle(name, 16) for name in others]
    assert cuts.fit(Plain("short"), 16) == "short"


@pytest.mark.parametrize("width", [0, 1, 2, 3])
def test_without_room_the_usual_form_is_shown(width: int) -> None:
    cuts = DistinctCuts()
    learn(cuts, ITEMS, width)
    assert all(width_of(cuts.fit(name, width)) <= width for name in ITEMS)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert abbreviation._MOST_CUT < 3_000
    monkeypatch.setattr(abbreviation, "_MOST_CUT", 200)
    cuts = DistinctCuts()
    for number in range(900):
        cuts.fit(Plain(f"client-{number:05}-of-a-long-name"), 16)
    assert len(cuts._cuts) < 300

"""How many keys of a kind there are: estimated from a pass under way, counted in a complete one."""

from __future__ import annotations

import pytest

from redis_dash.core.certainty import Count
from redis_dash.keyspace.key_group import Asked, Expiry, Family, Moved, Since

STILL, UNKNOWN = Moved(0, 0), Moved(None, None)
FOREVER = Expiry(0, 0.0)


def names(count: int, start: int = 0) -> list[bytes]:
    return [b"key:%d" % number for number in range(start, start + count)]


def complete(family: Family, keys: list[bytes], *, still: bool = True, began: float = 0.0, ended: float = 0.1) -> None:
    family.begin(began)
    family.add(keys, len(keys), len(set(keys)), 0.999, began)
    family.end(still=still, now=ended)


def count(family: Family, now: float = 1.0, moved: Moved = STILL, expiry: Expiry = FOREVER) -> Count:
    return family.count(now, Since(moved, moved, expiry))


def test_before_the_first_slice_nothing_is_known() -> None:
    family = Family()
    assert count(family).certainty == "unknown"


def test_a_pass_under_way_is_an_estimate_and_never_says_that_it_is_complete() -> None:
    family = Family()
    family.begin(0.0)
    family.add([b"a", b"b"], 2, 4, 0.5, 0.0)
    partial = count(family)
    assert (partial.certainty, partial.coverage, partial.at) == ("estimated", 0.5, 0.0)
    assert partial.holds(4)
    family.add([b"b", b"c"], 2, 4, 1.0, 0.0)
    assert count(family).coverage < 1


def test_what_was_not_seen_yet_is_not_zero() -> None:
    family = Family()
    family.begin(0.0)
    family.add([], 1000, 100_000, 0.01, 0.0)
    none = count(family)
    assert (none.value, none.low, none.certainty) == (0, 0, "estimated")
    assert none.high is not None
    assert none.high > 100


def test_it_is_exact_while_nothing_can_have_changed_and_counted_afterwards() -> None:
    family = Family()
    complete(family, names(50))
    assert count(family) == Count(50, 50, 50, "exact", at=0.1)
    moved = count(family, moved=Moved(3, 5))
    assert (moved.certainty, moved.value, moved.low, moved.high, moved.at) == ("counted", 50, 45, 53, 0.1)
    ended = count(family, expiry=Expiry(20, 10.0))  # of whom the server may not have deleted those that ended since
    assert (ended.certainty, ended.low, ended.high) == ("counted", 48, 50)
    assert count(family, moved=UNKNOWN).certainty == "counted"


def test_of_few_keys_each_counts_once_however_often_the_server_hands_it_out() -> None:
    family = Family()
    complete(family, [b"a", b"b", b"b", b"c"], still=False)
    assert (count(family).value, count(family).low, count(family).high) == (3, 3, 3)


@pytest.mark.parametrize("still", [True, False])
def test_many_keys_are_not_held_and_exact_only_if_the_database_stood_still(
    monkeypatch: pytest.MonkeyPatch, still: bool
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", 100)
    family = Family()
    family.begin(0.0)
    for start in range(0, 1000, 50):
        family.add(names(50, start), 50, 1000 if still else 990, 0.5, 0.0)
    family.end(still=still, now=0.1)
    assert (count(family).value, count(family).certainty) == (1000, "exact" if still else "counted")
    assert count(family).low == (1000 if still else 990)
    assert len(family.keys) == 100


def test_a_running_pass_adds_names_and_the_next_drops_what_is_gone() -> None:
    family = Family()
    complete(family, [b"a", b"b"])
    family.begin(1.0)
    family.add([b"c"], 1, 2, 0.5, 1.0)
    assert sorted(family.keys) == [b"a", b"b", b"c"]
    family.discard(b"a")
    assert sorted(family.keys) == [b"b", b"c"]
    assert count(family, moved=Moved(1, 1)).value == 2  # what was counted stays what was counted
    family.add([b"b"], 1, 2, 0.99, 1.0)
    family.end(still=True, now=1.1)
    assert sorted(family.keys) == [b"b", b"c"]


def test_the_count_stands_until_the_running_pass_contradicts_it() -> None:
    family = Family()
    complete(family, names(5000))
    family.begin(1.0)
    family.add(names(1000), 2000, 10_000, 0.2, 1.0)
    assert count(family, moved=Moved(5, 5)).certainty == "counted"
    family.begin(1.0)
    family.add([], 5000, 10_000, 0.5, 1.0)
    size = count(family, moved=Moved(5, 5))
    assert (size.value, size.certainty, size.coverage) == (0, "estimated", 0.5)
    assert size.high is not None
    assert size.high < 100


def test_the_interval_of_a_count_grows_with_its_age_as_fast_as_keys_came_and_went_before() -> None:
    family = Family()
    complete(family, names(1000), began=0.0, ended=1.0)
    complete(family, names(1000, start=100), still=False, began=10.0, ended=11.0)  # a hundred came, a hundred went
    soon, late = (count(family, now, UNKNOWN) for now in (11.0, 60.0))
    assert soon.high is not None
    assert late.high is not None
    assert 1000 < soon.high < 1100
    assert 1400 < late.high < 1700
    assert late.low < soon.low < 1000


def test_another_data_set_is_not_told_by_the_figures_of_the_one_before() -> None:
    family = Family()
    complete(family, names(50))
    family.reset()
    assert (count(family).certainty, family.keys) == ("unknown", [])


def test_a_burst_of_writes_widens_the_interval_by_as_many() -> None:
    family = Family()
    complete(family, names(1000), began=0.0, ended=1.0)
    family.begin(10.0)
    family.add(names(1000), 1000, 1000, 0.999, 10.0)
    family.end(still=False, now=11.0, moved=Moved(100, 100))  # ten a second, of which none was of this kind
    usual, burst = (count(family, 12.0, Moved(writes, writes)) for writes in (20, 320))
    assert usual.high is not None
    assert burst.high is not None
    assert usual.high < 1010
    assert 1290 <= burst.high <= 1320


def test_a_scan_that_does_not_get_on_tells_what_can_have_come_and_gone_since() -> None:
    family = Family()
    family.begin(0.0)
    family.add(names(500), 1000, 10_000, 0.1, 0.0)
    fresh, late = (count(family, 9.0, Moved(writes, writes)) for writes in (0, 2000))
    assert fresh.high is not None
    assert late.high == fresh.high + 2000
    assert late.low == fresh.low - 2000


def test_keys_that_the_server_has_named_bound_the_count_closely() -> None:
    family = Family()
    complete(family, names(1000), began=0.0, ended=1.0)
    complete(family, names(1000), still=False, began=10.0, ended=11.0)
    moved = family.sort_out([*names(60, start=980)])  # twenty that were counted, forty that were not
    assert moved == Moved(40, 20, told=True)
    size = count(family, 12.0, moved)
    assert (size.value, size.low, size.high) == (1000, 980, 1040)
    family.discard(b"key:3")
    assert family.sort_out([b"key:3"]) == Moved(0, 1, told=True)


def test_names_that_were_asked_tell_how_many_are_gone() -> None:
    family = Family()
    complete(family, names(1000))
    asked = family.count(1.0, Since(Moved(5, 5), Moved(5, 5), FOREVER, Asked(200, 100)))
    assert (asked.value, asked.certainty) == (500, "counted")
    assert 430 < asked.low < 500 < (asked.high or 0) < 575
    assert set(family.some(10)) < set(names(1000))

"""The number of keys in a group: estimated from an incomplete pass, counted by a complete one."""

from __future__ import annotations

import pytest

from redis_dash.core.certainty import Count
from redis_dash.keyspace.changes import NOT_KNOWN, Asked, Expiry, Moved, Since
from redis_dash.keyspace.key_group import KeyGroup

STILL, UNKNOWN = Moved(0, 0), Moved(None, None)
FOREVER = Expiry(0, 0.0)


def names(count: int, start: int = 0) -> list[bytes]:
    return [b"key:%d" % number for number in range(start, start + count)]


def complete(
    key_group: KeyGroup, keys: list[bytes], *, still: bool = True, began: float = 0.0, ended: float = 0.1
) -> None:
    key_group.begin(began)
    key_group.add(keys, len(keys), len(set(keys)), 0.999, began)
    key_group.end(still=still, now=ended)


def count(key_group: KeyGroup, now: float = 1.0, moved: Moved = STILL, expiry: Expiry = FOREVER) -> Count:
    return key_group.count(now, Since(moved, moved, expiry))


def test_before_the_first_slice_nothing_is_known() -> None:
    key_group = KeyGroup()
    assert count(key_group).certainty == "unknown"


def test_a_pass_under_way_is_an_estimate_and_never_says_that_it_is_complete() -> None:
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add([b"a", b"b"], 2, 4, 0.5, 0.0)
    partial = count(key_group)
    assert (partial.certainty, partial.coverage, partial.at) == ("estimated", 0.5, 0.0)
    assert partial.holds(4)
    key_group.add([b"b", b"c"], 2, 4, 1.0, 0.0)
    assert count(key_group).coverage < 1


def test_what_was_not_seen_yet_is_not_zero() -> None:
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add([], 1000, 100_000, 0.01, 0.0)
    none = count(key_group)
    assert (none.value, none.low, none.certainty) == (0, 0, "estimated")
    assert none.high is not None
    assert none.high > 100


def test_it_is_exact_while_nothing_can_have_changed_and_counted_afterwards() -> None:
    key_group = KeyGroup()
    complete(key_group, names(50))
    assert count(key_group) == Count(50, 50, 50, "exact", at=0.1)
    moved = count(key_group, moved=Moved(3, 5))
    assert (moved.certainty, moved.value, moved.low, moved.high, moved.at) == ("counted", 50, 45, 53, 0.1)
    ended = count(key_group, expiry=Expiry(20, 10.0))  # of whom the server may not have deleted those that ended since
    assert (ended.certainty, ended.low, ended.high) == ("counted", 48, 50)
    assert count(key_group, moved=UNKNOWN).certainty == "counted"


def test_of_few_keys_each_counts_once_however_often_the_server_hands_it_out() -> None:
    key_group = KeyGroup()
    complete(key_group, [b"a", b"b", b"b", b"c"], still=False)
    assert (count(key_group).value, count(key_group).low, count(key_group).high) == (3, 3, 3)


@pytest.mark.parametrize("still", [True, False])
def test_many_keys_are_not_held_and_exact_only_if_the_database_stood_still(
    monkeypatch: pytest.MonkeyPatch, still: bool
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", 100)
    key_group = KeyGroup()
    key_group.begin(0.0)
    for start in range(0, 1000, 50):
        key_group.add(names(50, start), 50, 1000 if still else 990, 0.5, 0.0)
    key_group.end(still=still, now=0.1)
    assert (count(key_group).value, count(key_group).certainty) == (1000, "exact" if still else "counted")
    assert count(key_group).low == (1000 if still else 990)
    assert len(key_group.keys) == 100


def test_a_running_pass_adds_names_and_the_next_drops_what_is_gone() -> None:
    key_group = KeyGroup()
    complete(key_group, [b"a", b"b"])
    key_group.begin(1.0)
    key_group.add([b"c"], 1, 2, 0.5, 1.0)
    assert sorted(key_group.keys) == [b"a", b"b", b"c"]
    key_group.discard(b"a")
    assert sorted(key_group.keys) == [b"b", b"c"]
    assert count(key_group, moved=Moved(1, 1)).value == 2  # what was counted stays what was counted
    key_group.add([b"b"], 1, 2, 0.99, 1.0)
    key_group.end(still=True, now=1.1)
    assert sorted(key_group.keys) == [b"b", b"c"]


def test_the_count_stands_until_the_running_pass_contradicts_it() -> None:
    key_group = KeyGroup()
    complete(key_group, names(5000))
    key_group.begin(1.0)
    key_group.add(names(1000), 2000, 10_000, 0.2, 1.0)
    assert count(key_group, moved=Moved(5, 5)).certainty == "counted"
    key_group.begin(1.0)
    key_group.add([], 5000, 10_000, 0.5, 1.0)
    size = count(key_group, moved=Moved(5, 5))
    assert (size.value, size.certainty, size.coverage) == (0, "estimated", 0.5)
    assert size.high is not None
    assert size.high < 100


def test_the_interval_of_a_count_grows_with_its_age_as_fast_as_keys_came_and_went_before() -> None:
    key_group = KeyGroup()
    complete(key_group, names(1000), began=0.0, ended=1.0)
    complete(key_group, names(1000, start=100), still=False, began=10.0, ended=11.0)  # a hundred came, a hundred went
    soon, late = (count(key_group, now, UNKNOWN) for now in (11.0, 60.0))
    assert soon.high is not None
    assert late.high is not None
    assert 1000 < soon.high < 1100
    assert 1400 < late.high < 1700
    assert late.low < soon.low < 1000


def test_another_data_set_does_not_get_the_counts_of_the_previous_one() -> None:
    key_group = KeyGroup()
    complete(key_group, names(50))
    key_group.reset()
    assert (count(key_group).certainty, key_group.keys) == ("unknown", [])


def test_a_burst_of_writes_widens_the_interval_by_as_many() -> None:
    key_group = KeyGroup()
    complete(key_group, names(1000), began=0.0, ended=1.0)
    key_group.begin(10.0)
    key_group.add(names(1000), 1000, 1000, 0.999, 10.0)
    key_group.end(still=False, now=11.0, moved=Moved(100, 100))  # ten a second, of which none was of this kind
    usual, burst = (count(key_group, 12.0, Moved(writes, writes)) for writes in (20, 320))
    assert usual.high is not None
    assert burst.high is not None
    assert usual.high < 1010
    assert 1290 <= burst.high <= 1320


def test_a_scan_that_does_not_get_on_tells_what_can_have_come_and_gone_since() -> None:
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add(names(500), 1000, 10_000, 0.1, 0.0)
    fresh, late = (count(key_group, 9.0, Moved(writes, writes)) for writes in (0, 2000))
    assert fresh.high is not None
    assert late.high == fresh.high + 2000
    assert late.low == fresh.low - 2000


def test_keys_that_the_server_has_named_bound_the_count_closely() -> None:
    key_group = KeyGroup()
    complete(key_group, names(1000), began=0.0, ended=1.0)
    complete(key_group, names(1000), still=False, began=10.0, ended=11.0)
    moved = key_group.sort_out([*names(60, start=980)])  # twenty that were counted, forty that were not
    assert moved == Moved(40, 20, told=True)
    size = count(key_group, 12.0, moved)
    assert (size.value, size.low, size.high) == (1000, 980, 1040)
    key_group.discard(b"key:3")
    assert key_group.sort_out([b"key:3"]) == Moved(0, 1, told=True)


def test_names_that_were_asked_tell_how_many_are_gone() -> None:
    key_group = KeyGroup()
    complete(key_group, names(1000))
    shrunk = Moved(505, 505, grown=-500)
    asked = key_group.count(1.0, Since(shrunk, shrunk, FOREVER, Asked(200, 100, basis=key_group.basis)))
    assert (asked.value, asked.certainty) == (500, "counted")
    assert 430 < asked.low < 500 < (asked.high or 0) < 575 + 505
    assert set(key_group.some(10)) < set(names(1000))


def test_what_was_asked_before_a_pass_ended_is_not_taken_off_its_count() -> None:
    """The pass has not found those that were gone; they would be missing twice."""
    key_group = KeyGroup()
    complete(key_group, names(50), began=0.0, ended=1.0)
    key_group.begin(2.0)
    checked = dict.fromkeys(names(50), True) | dict.fromkeys(names(4), False)
    asked = Asked(50, 46, key_group.existing(checked, {}), key_group.basis)
    complete(key_group, names(46, start=4), began=2.0, ended=3.0)
    size = key_group.count(3.0, Since(Moved(1, 1), Moved(1, 1), FOREVER, asked))
    assert (size.value, size.low, size.high, size.certainty) == (46, 45, 47, "counted")


def test_where_keys_come_and_go_the_lost_ones_are_taken_to_be_replaced() -> None:
    """Without names from the server, a count that only lost keys would be too low until the next pass."""
    key_group = KeyGroup()
    complete(key_group, names(1000))
    renewed, fewer = (Moved(900, 1800, grown=grown) for grown in (0, -300))
    steady, shrunk = (
        key_group.count(1.0, Since(moved, moved, FOREVER, Asked(200, 100, basis=key_group.basis)))
        for moved in (renewed, fewer)
    )
    assert (steady.value, shrunk.value) == (1000, 700)
    assert steady.low < 570
    few = key_group.count(1.0, Since(Moved(50, 90), Moved(50, 90), FOREVER, Asked(200, 100, basis=key_group.basis)))
    assert few.value == 550  # no more than were written


def test_lost_keys_do_not_lower_the_upper_bound_by_more_than_the_writes_allow() -> None:
    """Keys of a short lifetime: between two passes many more come than the two passes show."""
    key_group = KeyGroup()
    complete(key_group, names(1000), began=0.0, ended=1.0)
    complete(key_group, names(1000), still=False, began=10.0, ended=11.0)
    size = key_group.count(
        20.0, Since(Moved(5000, 9000), Moved(5000, 9000), FOREVER, Asked(200, 10, basis=key_group.basis))
    )
    assert size.holds(1000), size


def test_keys_that_the_server_named_after_the_pass_had_gone_by_are_added() -> None:
    key_group = KeyGroup()
    complete(key_group, names(100))
    gone, new = names(30), names(40, start=100)
    checked = dict.fromkeys(names(140), True) | dict.fromkeys(gone, False) | dict.fromkeys(new[:10], False)
    written = dict.fromkeys([*gone, *new])
    asked = Asked(100, 70, key_group.existing(checked, written), key_group.basis)
    size = key_group.count(1.0, Since(Moved(80, 110), Moved(80, 110), FOREVER, asked, named=70))
    assert (size.value, size.low, size.high, size.certainty) == (100, 100, 100, "counted")


def test_in_a_first_pass_only_keys_that_were_not_written_stand_for_those_not_scanned_yet() -> None:
    """The others are all known by name, wherever they are."""
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add(names(200), 5000, 10_000, 0.5, 0.0)
    written = dict.fromkeys([*names(100), *names(50, start=500)])
    checked = dict.fromkeys([*names(200), *names(50, start=500)], True) | dict.fromkeys(names(80), False)
    size = key_group.count(
        1.0,
        Since(
            Moved(150, 150),
            Moved(150, 150),
            FOREVER,
            Asked(200, 120, key_group.existing(checked, written), key_group.basis),
            150,
            named=150,
        ),
    )
    assert (size.value, size.certainty) == (2 * 100 + 20 + 50, "estimated")
    assert size.low >= 100 + 20 + 50
    assert (size.high or 0) < 320


def test_while_the_scan_pauses_a_key_that_can_have_come_widens_the_estimate_once() -> None:
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add(names(500), 1000, 10_000, 0.1, 0.0)
    fresh, late = (
        key_group.count(9.0, Since(Moved(came, came), Moved(came, came), FOREVER, arrived=came)) for came in (0, 2000)
    )
    assert (late.high or 0) - (fresh.high or 0) == 2000


def most_now(key_group: KeyGroup, alive: int, now: float, moved: Moved, sampled: Moved) -> int:
    """The upper bound, which is known."""
    most = key_group.most_now(alive, now, moved, sampled)
    assert most is not None
    return most


def test_the_running_pass_bounds_what_can_have_come_since_the_last_one() -> None:
    """Otherwise each write to any key would raise the upper bound of a few keys that are all checked."""
    key_group = KeyGroup()
    key_group.begin(0.0)
    key_group.add(names(9), 200_000, 200_000, 0.999, 0.0)
    key_group.end(still=False, now=20.0)
    key_group.begin(20.0)
    key_group.add(names(7), 150_000, 200_000, 0.75, 30.0)
    assert 9 <= most_now(key_group, 9, 30.0, Moved(8000, 9000), Moved(5, 5)) < 40
    assert (
        most_now(key_group, 9, 30.0, Moved(8000, 9000), Moved(7000, 7500)) > 7000
    )  # the scan pauses: nothing is known


def test_a_running_pass_that_has_seen_too_few_bounds_nothing() -> None:
    """Half of the sessions were deleted, and people sign in again: the pass went over these places before."""
    key_group = KeyGroup()
    complete(key_group, names(600), began=0.0, ended=10.0)
    key_group.begin(20.0)
    key_group.add(names(450), 45_000, 60_000, 0.75, 60.0)
    moved = Moved(200, 300)
    for alive in (700, 590):
        assert most_now(key_group, alive, 60.0, moved, Moved(3, 3)) >= alive + 15
    complete(key_group, names(600, start=300), still=False, began=20.0, ended=80.0)
    key_group.begin(80.0)
    key_group.add(names(450, start=300), 45_000, 60_000, 0.75, 120.0)
    assert most_now(key_group, 590, 120.0, moved, Moved(3, 3)) >= 590 + 100  # 300 came a minute


def test_keys_that_are_gone_can_have_been_replaced() -> None:
    key_group = KeyGroup()
    complete(key_group, names(100), began=0.0, ended=1.0)
    complete(key_group, names(100), still=False, began=10.0, ended=11.0)
    for key in names(90):
        key_group.discard(key)
    assert most_now(key_group, 10, 20.0, Moved(5000, 9000), STILL) >= 100
    assert most_now(key_group, 10, 20.0, Moved(20, 110), STILL) == 30  # no more than were written


def test_a_burst_may_be_all_in_one_group() -> None:
    """The earlier passes had as many writes in all, but the database did not grow."""
    key_group = KeyGroup()
    for began in (0.0, 10.0):
        key_group.begin(began)
        key_group.add([b"%d" % number for number in range(1000)], 80_000, 80_000, 0.999, began)
        key_group.end(still=False, now=began + 9.0, moved=Moved(3000, 3000))
    moved = Moved(5000, 5000, grown=2600)
    count = key_group.count(28.0, Since(moved, NOT_KNOWN, Expiry(0, 0.0), arrived=None))
    assert count.low <= 1000
    assert (count.high or 0) >= 3600
    shrunk = Moved(2400, 5000, grown=-900)
    count = key_group.count(28.0, Since(shrunk, NOT_KNOWN, Expiry(0, 0.0), arrived=None))
    assert count.low <= 100


def test_keys_that_a_reader_found_gone_have_left_room_for_others() -> None:
    """A hundred keys, of which some go and as many come; nobody may check whether those that were counted exist."""
    key_group = KeyGroup()
    complete(key_group, names(100), still=False, ended=1.0)
    key_group.add(names(90, 20), 90, 100, 0.9, 1.5)
    for key in names(25):  # twenty of the first pass, and five that this pass has found
        key_group.discard(key)
    key_group.end(still=False, now=2.0, moved=Moved(60, 60))
    counted = count(key_group, 2.1, Moved(60, 60))
    assert counted.holds(100)
    assert counted.value == 90
    assert counted.high is not None
    assert counted.high < 130


@pytest.mark.parametrize("found", [20_001, 20_003, 20_022])
def test_keys_of_one_group_alone_are_estimated_when_not_all_names_are_held(found: int) -> None:
    """Rounding makes the part that exists no larger than the number of keys that were found."""
    key_group, keys = KeyGroup(), names(found)
    key_group.begin(0.0)
    key_group.add(keys[:15_000], 15_000, 2 * found, 0.25, 0.0)
    key_group.add(keys[15_000:], found - 15_000, 2 * found, 0.5, 0.0)
    existing = key_group.existing(dict.fromkeys(key_group.some(100), True), {})
    size = key_group.count(1.0, Since(STILL, STILL, FOREVER, Asked(100, 100, existing, key_group.basis)))
    assert (size.value, size.certainty) == (2 * found, "estimated")
    assert size.holds(2 * found)

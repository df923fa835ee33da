"""The count of our own lookups: which commands count, and what happens to commands that are not listed."""

from __future__ import annotations

import pytest

from redis_dash.client.own_lookups import COUNTED, UNCOUNTED, OwnLookups


def test_no_command_is_in_both_lists() -> None:
    assert UNCOUNTED.isdisjoint(COUNTED)


def test_hits_and_misses_are_counted() -> None:
    own = OwnLookups()
    own.count([(b"PTTL", b"a"), (b"PTTL", b"b")], [-2, 100])
    own.count([(b"PING",), (b"GET", b"a"), (b"TYPE", b"b")], [b"PONG", None, b"string"])
    assert (own.hits, own.misses, own.unsure, own.unlisted) == (2, 2, False, set())


@pytest.mark.parametrize("before", [[], [(b"PTTL", b"a")]])
def test_an_unlisted_command_is_reported_once_for_each_pipeline(before: list[tuple[bytes, ...]]) -> None:
    reports: list[None] = []
    own = OwnLookups(lambda: reports.append(None))
    own.count([*before, (b"LLEN", b"list"), (b"LLEN", b"list")], [*(100 for _ in before), 1, 1])
    assert own.unsure
    assert own.unlisted == {b"LLEN"}
    assert len(reports) == 1


@pytest.mark.parametrize(("command", "unsure"), [(b"PING", False), (b"GET", True), (b"LLEN", True)])
def test_a_lost_reply_makes_the_count_unsure_if_it_may_be_a_lookup(command: bytes, unsure: bool) -> None:
    own = OwnLookups()
    own.lost([(command, b"a")])
    assert own.unsure == unsure

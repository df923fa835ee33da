"""The server's counters without our own share: through resets, restarts and lost answers."""

from __future__ import annotations

import pytest

from redis_dash.client.application_counters import ApplicationCounters
from redis_dash.client.own_lookups import OwnLookups


class World:
    """A server whose lookups are known."""

    def __init__(self) -> None:
        self.run_id = "first"
        self.hits = self.misses = self.commands = 0
        self.calls: dict[bytes, tuple[int, int]] = {}
        """By command: how often it was called, and the time that it took."""
        self.own = OwnLookups()
        self.application = ApplicationCounters(self.own)
        self.application.connected()

    def others(self, hits: int, misses: int) -> None:
        self.hits += hits
        self.misses += misses
        self.commands += hits + misses

    def ours(self, hits: int, misses: int) -> None:
        self.others(hits, misses)
        self.own.hits += hits
        self.own.misses += misses

    def reset(self) -> None:
        self.hits = self.misses = self.commands = 0

    def info(self) -> tuple[int, int]:
        self.commands += 1
        self.application.take(
            {
                "run_id": self.run_id,
                "keyspace_hits": str(self.hits),
                "keyspace_misses": str(self.misses),
                "total_commands_processed": str(self.commands),
            },
            self.calls,
        )
        return self.application.hits, self.application.misses


@pytest.fixture
def world() -> World:
    world = World()
    world.others(300, 100)
    world.info()
    world.ours(1000, 10)
    return world


def test_ours_are_taken_off(world: World) -> None:
    assert world.info() == (300, 100)
    world.others(30, 10)
    assert world.info() == (330, 110)
    assert world.application.began == 1


def test_after_a_reset_between_our_lookups_nothing_is_lost(world: World) -> None:
    world.info()
    world.reset()
    world.others(30, 10)
    assert world.info() == (30, 10)
    assert world.application.began == 2
    world.ours(500, 0)
    assert world.info() == (30, 10)


@pytest.mark.parametrize("later", [0, 400, 1000])
def test_a_reset_amid_our_lookups_leaves_out_what_is_ambiguous(world: World, later: int) -> None:
    """They may have been counted before the reset or after it."""
    world.reset()
    world.hits += later
    world.others(30, 10)
    assert world.info() == (0, 0)
    assert (world.own.hits, world.own.misses) == (0, 0)
    world.others(75, 25)
    world.ours(200, 0)
    assert world.info() == (75, 25)


def test_a_reset_that_only_the_number_of_commands_shows(world: World) -> None:
    world.info()
    world.commands += 100_000
    world.info()
    world.reset()
    world.others(2000, 2000)
    assert world.info() == (2000, 2000)


def test_a_reset_that_only_the_calls_of_commands_show(world: World) -> None:
    """All counters are higher than before already."""
    world.calls = {b"CLIENT|SETNAME": (1, 5), b"GET": (400, 100)}
    world.info()
    world.ours(0, 60)
    world.reset()
    world.others(3000, 1000)
    world.calls = {b"GET": (4000, 100)}
    assert world.info() == (0, 0)
    world.others(30, 10)
    assert world.info() == (30, 10)


def test_a_reset_after_which_the_application_would_have_looked_up_less(world: World) -> None:
    """The server does not tell the calls of commands."""
    world.info()
    world.ours(2000, 0)
    world.reset()
    world.others(2000, 900)
    assert world.info() == (0, 0)
    assert world.application.since is not None


def test_an_empty_value_that_was_taken_for_a_missing_one_is_no_reset(world: World) -> None:
    world.info()
    world.own.count([(b"GETRANGE", b"a", b"0", b"1")], [b""])
    world.hits += 1
    assert world.info() == (301, 99)
    world.own.found_after_all((b"GETRANGE", b"a", b"0", b"1"))
    assert world.info() == (300, 100)
    assert world.application.began == 1


def test_another_server_has_counted_none_of_our_earlier_lookups(world: World) -> None:
    world.info()
    world.run_id = "second"
    world.reset()
    world.application.connected()
    world.others(3, 1)
    world.ours(50, 5)
    assert world.info() == (3, 1)
    assert (world.own.hits, world.own.misses) == (50, 5)


@pytest.mark.parametrize("counted", [0, 70, 200])
def test_lookups_whose_answers_were_lost_are_not_the_applications(world: World, counted: int) -> None:
    assert world.info() == (300, 100)
    world.hits += counted
    world.own.lost([(b"PTTL", b"a")] * 200)
    world.application.connected()
    assert world.info() == (300, 100)
    world.others(30, 10)
    assert world.info() == (330, 110)


def test_what_is_no_lookup_leaves_nothing_unsure(world: World) -> None:
    world.own.lost([(b"SCAN", b"0"), (b"PING",)])
    world.others(3, 1)
    assert world.info() == (303, 101)

"""A cluster on the screen: how much of it is seen, and each of its servers."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.core.certainty import Scope, at_least, estimated
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.frames.server import ClusterNode, ClusterState, ReplicasRead, Scan
from redis_dash.tui.empty_states import empty_text
from redis_dash.tui.formatting import clock, seen
from redis_dash.tui.header_footer import brief_target
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import NARROW, WIDE, running, screen_text, shows, tap

ONE = ClusterNode("10.0.0.1:7000", slots=8192, keys=1204, ops_per_s=84.0, used_memory=14_200_000, ping_ms=0.3)
TWO = ClusterNode("10.0.0.2:7000", slots=8192, keys=7, ops_per_s=None, used_memory=1_000_000, ping_ms=0.4)
DOWN = ClusterNode("10.0.0.2:7000", slots=8192, trouble="connection refused")
REPLICA = ClusterNode("10.0.0.3:7000", replica_of="10.0.0.1:7000", lag_s=0, behind_bytes=2048)
PARTIAL = "1 of 2 primaries; 10.0.0.2:7000: connection refused"


async def test_all_primaries_are_told_and_the_servers_are_listed() -> None:
    frame = fakes.server(kind="cluster", cluster=ClusterState(2, 2, "", (ONE, REPLICA, TWO)))
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "cluster of 2 primaries")
        assert "cluster of 2 primaries" in screen_text(app).splitlines()[0]
        assert "one node of a cluster" not in screen_text(app)
        await tap(pilot, "z", "home", "enter")
        await shows(app, pilot, "10.0.0.1:7000", "primary · 8,192 slots · 1,204 keys", "84", "ping 0.3")
        await shows(app, pilot, "10.0.0.3:7000", "replica of 10.0.0.1:7000 · lag 0 s · 2.0", "behind")


async def test_a_missing_primary_is_an_alarm() -> None:
    frame = fakes.server(kind="cluster", cluster=ClusterState(1, 2, PARTIAL, (ONE, REPLICA, DOWN)))
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "cluster: 1 of 2 primaries")
        assert "1 of 2 primaries" in screen_text(app).splitlines()[0]
        await tap(pilot, "z", "home", "enter")
        await shows(app, pilot, "10.0.0.2:7000", "primary · 8,192 slots · connection refused")


@pytest.mark.parametrize(
    ("state", "first_line", "fact"),
    [
        (
            ClusterState(1, 2, PARTIAL, (ONE, DOWN), is_down=True),
            "cluster is down: 1 of 2 primaries",
            "down; 10.0.0.2:7000:",
        ),
        (ClusterState(2, 2, "", (ONE, TWO), is_down=True), "cluster is down", "down, carries out no commands"),
    ],
)
async def test_a_cluster_that_is_down_says_so(state: ClusterState, first_line: str, fact: str) -> None:
    frame = fakes.server(kind="cluster", cluster=state, partial=state.partial)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6", "z")
        await shows(app, pilot, fact)
        assert first_line in screen_text(app).splitlines()[0]


async def test_sums_are_lower_bounds_while_a_primary_is_missing() -> None:
    state = ClusterState(1, 2, PARTIAL, (ONE, REPLICA, DOWN))
    frame = fakes.server(kind="cluster", cluster=state, partial=PARTIAL, evicted=3, max_memory=2 << 24)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6", "z")
        await tap(pilot, "n")
        await shows(app, pilot, "1 of 2 primaries: there may be more keys")
        await tap(pilot, "escape")
        await shows(
            app, pilot, "14.2 MB+ of 32.0 MB+", "9+ clients", "1,240+ ops/s", "3,204+", "1,240/s+", "0.4/s+", " 3+ "
        )


async def test_hit_rates_say_of_which_primaries_and_that_some_were_reset() -> None:
    frame = msgspec.structs.replace(fakes.cache(), partial=PARTIAL, reset_in_part=0.0)
    async with running(FakeFeed(fakes.ok("cache", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "5", "z")
        await shows(app, pilot, "91.0 % total · 1 of 2 primaries", f"reset in part {clock(0.0)[:8]}")


async def test_kinds_of_keys_are_lower_bounds_while_a_primary_is_missing() -> None:
    kind = KeyKind(1, "cart:*", at_least(137), 16, memory=at_least(4096), measured=16, mean_bytes=30.0)
    reading = fakes.keys(kind)
    assert reading.frame is not None
    feed = FakeFeed(*fakes.everything())
    feed.kinds = msgspec.structs.replace(reading, frame=msgspec.structs.replace(reading.frame, partial=PARTIAL))
    async with running(feed, size=WIDE) as (app, pilot):
        await tap(pilot, "d")
        await shows(app, pilot, "137+ keys", "4.00 kB+")
        await tap(pilot, "enter")
        await shows(app, pilot, "100.0 % of the keys of the primaries that are reached")


def test_none_of_the_reached_primaries_has_such_keys_says_nothing_of_the_others() -> None:
    scope = Scope(("session:*",), 0)
    text = empty_text(scope, at_least(0), "sessions", "--session", "F5 scans all now.")
    assert text.startswith("No key that matches session:* was seen; there may be some.")
    assert seen(at_least(0), "session") == "none seen"
    some = Scope(("session:*",), 301, is_part=True)
    assert "12 % of 301+ keys scanned" in empty_text(some, estimated(0, 0, 9, 0.12), "sessions", "--session", "")


async def test_what_is_missing_stays_in_the_first_line() -> None:
    slow = Scan(share=0.5, held_back=True, ping_ms=40.0)
    frame = fakes.server(kind="cluster", cluster=ClusterState(1, 2, PARTIAL, (ONE, REPLICA, DOWN)), scan=slow)
    feed = FakeFeed(fakes.ok("server", frame))
    feed.target = "redis+cluster://127.0.0.1:42183,127.0.0.1:35291,127.0.0.1:49147/0"
    async with running(feed, size=NARROW) as (app, pilot):
        await shows(app, pilot, "cluster: 1 of 2 primaries")
        assert "127.0.0.1:42183 +2/0" in screen_text(app).splitlines()[0]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("redis://10.0.0.1:6379/0", "10.0.0.1:6379/0"),
        ("redis+cluster://ann@10.0.0.1:7000,10.0.0.2:7000", "ann@10.0.0.1:7000 +1"),
        ("redis://[::1]:6379/0 via bastion", "[::1]:6379/0 via bastion"),
        ("unix:///run/redis,a.sock", "/run/redis,a.sock"),
    ],
)
def test_the_target_names_one_server(target: str, shown: str) -> None:
    assert brief_target(target) == shown


@pytest.mark.parametrize("text", ["[/]", "\x1b[31m", "[@click=app.quit]x[/]"])
async def test_what_a_cluster_says_is_only_text(text: str) -> None:
    node = ClusterNode(f"{text}:7000", replica_of=text, trouble=text)
    state = ClusterState(1, 2, text, (ClusterNode(f"{text}:1", trouble=text), node))
    frame = fakes.server(kind="cluster", cluster=state)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6", "z", "home", "enter")
        await shows(app, pilot, "replica of")
        assert "\x1b" not in screen_text(app)


@pytest.mark.parametrize(
    ("state", "first_line", "fact"),
    [
        (ReplicasRead(2, 2, 2048, 3), ("replicas read", "2.00 kB behind"), ("2 replicas", "heard 3 s ago")),
        (ReplicasRead(2, 2, 0, 40), ("replicas read", "silent for 40 s"), ("2 replicas", "silent for 40 s")),
        (
            ReplicasRead(1, 2, 0, 0, "10.0.0.3:7000: it has no link to its primary"),
            ("1 of 2 replicas read", "0 B behind"),
            ("1 of 2 replicas", "not all healthy"),
        ),
        (ReplicasRead(0, 2), ("no replica read",), ("primaries", "no replica is known")),
    ],
)
async def test_replicas_that_are_read_are_told(
    state: ReplicasRead, first_line: tuple[str, ...], fact: tuple[str, ...]
) -> None:
    read = msgspec.structs.replace(REPLICA, is_read=True)
    frame = fakes.server(kind="cluster", cluster=ClusterState(2, 2, "", (ONE, read, TWO)), replicas_read=state)
    async with running(FakeFeed(fakes.ok("server", frame)), size=WIDE) as (app, pilot):
        await tap(pilot, "6", "z")
        await shows(app, pilot, "keys read of", *fact)
        assert all(word in screen_text(app).splitlines()[0] for word in first_line)
        await tap(pilot, "home", "enter")
        await shows(app, pilot, "replica of 10.0.0.1:7000 · read · lag 0 s")
        await tap(pilot, "escape", "down", "enter")
        await shows(app, pilot, state.trouble or fact[1])


async def test_replicas_that_are_read_stay_in_a_narrow_first_line() -> None:
    state = ReplicasRead(1, 2, 12_000, 3)
    frame = fakes.server(kind="cluster", cluster=ClusterState(1, 2, PARTIAL, (ONE, REPLICA, DOWN)), replicas_read=state)
    async with running(FakeFeed(fakes.ok("server", frame)), size=NARROW) as (app, pilot):
        await shows(app, pilot, "1 of 2 replicas read")
        line = screen_text(app).splitlines()[0]
        assert "1 of 2 replicas read" in line
        assert "cluster: 1 of 2 primaries" in line

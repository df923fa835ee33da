"""How exact, how old and how complete a value is: shown the same way everywhere, at any width."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pytest

from redis_dash.core import certainty
from redis_dash.core.certainty import Count, Scope, at_least, estimated, exact, unknown
from redis_dash.core.frames.cache import CacheGroup
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.server import Scan
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.tui.formatting import about
from redis_dash.tui.segments import join
from redis_dash.tui.status import status_text
from redis_dash.tui.text import Plain
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until


def reading(count: Count | None, age: float = 0.0) -> AnyReading:
    frame = fakes.sessions(*(fakes.session(i) for i in range(40)))
    if count is not None:
        frame = msgspec.structs.replace(frame, count=count)
    return Reading("sessions", "ok", frame, time.time() - age, count=count)


def counted(ago: float, spread: int = 0) -> Count:
    return certainty.counted(40, 40 - spread, 40 + spread, time.time() - ago)


def status_words(reading: AnyReading) -> str:
    return "".join(text for text, _ in join(status_text(reading, time.time()).words, (Plain(" · "), "dim")))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: reading(exact(40)), "exact"),
        (lambda: reading(exact(40), age=4), "exact · 4 s old"),
        (lambda: reading(counted(3)), "just counted"),
        (lambda: reading(certainty.counted(14, 14, 60_600, time.time())), "counting again"),
        (lambda: reading(certainty.counted(14, 14, 60, time.time())), "just counted"),
        (lambda: reading(counted(485)), "counted 8 min ago"),
        (lambda: reading(estimated(40, 30, 50, 0.12)), "12 % scanned"),
        (lambda: reading(estimated(40, 30, 50, 0.9999)), "99 % scanned"),
        (lambda: reading(estimated(40, 30, 50, 0.0007)), "<0.1 % scanned"),
        (lambda: reading(estimated(40, 30, 50, 0.0012)), "0.1 % scanned"),
        (lambda: reading(unknown()), "0 % scanned"),
        (lambda: reading(at_least(40, at=time.time())), "at least, just counted"),
        (lambda: reading(None), "live"),
        (lambda: reading(None, age=4), "4 s old"),
    ],
)
def test_words_for_how_exact_and_how_old(make: Callable[[], AnyReading], words: str) -> None:
    assert status_words(make()) == words


async def test_counting_again_does_not_come_and_go_near_its_border() -> None:
    """How many keys may have come since a count varies with each reading."""

    def counted_with(more: int) -> AnyReading:
        return reading(certainty.counted(40, 40, 40 + more, time.time()))

    async with running(FakeFeed(counted_with(700))) as (app, pilot):
        await shows(app, pilot, "just counted")
        for more, words in (
            (980, "just counted"),
            (1020, "counting again"),
            (980, "counting again"),
            (700, "just counted"),
        ):
            app.dashboard.receive(counted_with(more))
            await shows(app, pilot, words, f"–{40 + more:,} ")
            assert len({word for word in ("just counted", "counting again") if word in screen_text(app)}) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *(
            (0.4, "0 s"),
            (59, "59 s"),
            (60, "60 s"),
            (119.9, "119 s"),
            (120, "2 min"),
            (485, "8 min"),
            (7199, "119 min"),
        ),
        *((7300, "2 h"), (90_000, "25 h"), (172_800, "2 d"), (float("nan"), "0 s")),
    ],
)
def test_ages_are_calm_and_never_almost_twice_as_much(seconds: float, text: str) -> None:
    assert about(seconds) == text


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_the_age_of_a_count_finds_room(size: tuple[int, int]) -> None:
    async with running(FakeFeed(reading(counted(485))), size) as (app, pilot):
        await tap(pilot, "2")
        await shows(app, pilot, "counted 8 min ago")
        await pilot.resize_terminal(40, 20)
        await shows(app, pilot, "counted 8 min ago")
        app.dashboard.receive(msgspec.structs.replace(reading(counted(485)), status="reduced", note="no TTL right"))
        await shows(app, pilot, "counted 8 min ago · reduced ─╯")


async def test_a_reduced_topic_is_not_exact_but_keeps_its_caveat() -> None:
    reduced = msgspec.structs.replace(reading(counted(3)), status="reduced", note="no TTL right")
    async with running(FakeFeed(reduced), WIDE) as (app, pilot):
        await shows(app, pilot, "just counted · reduced: no TTL right")
        assert "exact" not in screen_text(app)


async def test_a_paused_list_keeps_its_caveat() -> None:
    async with running(FakeFeed(reading(counted(3))), WIDE) as (app, pilot):
        await tap(pilot, "2", "space")
        await shows(app, pilot, "paused ", " s · just counted")


async def test_clients_with_their_interval_and_lower_bounds() -> None:
    rows = tuple(fakes.limit(f"198.51.100.{i}", 100) for i in range(20))
    clients = estimated(480_000, 475_500, 484_500, 0.3)
    frame = RateLimitsFrame(clients, at_least(1204), at_least(310), rows)
    async with running(FakeFeed(fakes.ok("rate_limits", frame, coverage=0.3)), NARROW) as (app, pilot):
        await shows(app, pilot, "!1,204+")
        await tap(pilot, "3")
        await shows(app, pilot, "1,204+ blocked · 310+ near · 480 k ± 1 % clients", "30 % scanned")


async def test_keys_of_a_cache_with_their_interval() -> None:
    group = CacheGroup("pages-of-a-shop", estimated(412_000, 404_000, 420_000, 0.3), 10, 2, 0.83)
    frame = msgspec.structs.replace(fakes.cache(), groups=(group, CacheGroup("llm", exact(12), None, None, None)))
    async with running(FakeFeed(fakes.ok("cache", frame)), WIDE) as (app, pilot):
        await tap(pilot, "5", "z")
        await shows(app, pilot, "412 k ± 2 %", " 12 ")
        await tap(pilot, "enter")
        await shows(app, pilot, "412 k ± 2 %")
        await tap(pilot, "escape", "z")
        await pilot.resize_terminal(100, 28)
        await shows(app, pilot, "~412 k")


async def test_the_server_pane_tells_of_the_scan() -> None:
    scan = Scan(412_000, 1_000_000, 0.412, full_speed=True, keys_per_s=52_100.0, passes=1, last_s=2.14)
    feed = FakeFeed(fakes.ok("server", fakes.server(scan=scan)))
    async with running(feed, NARROW) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "41 %", "52.1 k/s", "at full speed", "2.1 s", "1 pass so far")
        held = msgspec.structs.replace(scan, held_back=True, ping_ms=3.1, full_speed=False, passes=3, last_s=724.0)
        feed.put(fakes.ok("server", fakes.server(scan=held)))
        await shows(app, pilot, "slowed: recent pings 3.1 ms", "12 min 04 s", "3 passes so far", "6 Server  !")


async def test_a_first_scan_has_no_last_pass() -> None:
    async with running(FakeFeed(fakes.ok("server", fakes.server())), NARROW) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "none yet")


@pytest.mark.parametrize(
    ("count", "keys", "words"),
    [
        (exact(0), 0, "The database holds no keys."),
        (certainty.counted(0, 0, 5, 1.0), 0, "The database held no keys when it was scanned."),
        (exact(0), 300, "No key matches session:*, among 300 in this database."),
        (certainty.counted(0, 0, 3, 0.0), 300, "counted; up to 3"),
        (certainty.counted(0, 0, 0, 0.0), 300, "counted. If your"),
        (at_least(0), 300, "was seen; there may be others."),
        (at_least(0), 0, "was seen; there may be others."),
        (estimated(0, 0, 412, 0.03), 100_000, "up to 412"),
        (unknown(100_000), 100_000, "0 % of"),
    ],
)
async def test_nothing_recognised_is_not_nobody(count: Count, keys: int, words: str) -> None:
    scope = Scope(("session:*",), keys)
    empty = Reading("sessions", "ok", SessionsFrame(count, ()), time.time(), count=count, scope=scope)
    async with running(FakeFeed(empty), WIDE) as (app, pilot):
        await tap(pilot, "2", "z")
        await shows(app, pilot, words)
        assert "nobody" not in screen_text(app).lower()
        assert ("exact" in screen_text(app)) == (count.certainty == "exact")


async def test_what_ops_hold_besides_the_applications_is_told() -> None:
    server = msgspec.structs.replace(fakes.server(), other_dashboards=1)
    async with running(FakeFeed(fakes.ok("server", server)), WIDE) as (app, pilot):
        await tap(pilot, "6", "z")
        await until(pilot, lambda: screen_text(app).count("incl. another dashboard") == 2)


async def test_why_the_server_is_not_read_stands_in_the_header() -> None:
    off: AnyReading = Reading("server", "off", note="not allowed to run INFO")
    async with running(FakeFeed(off), WIDE) as (app, pilot):
        await shows(app, pilot, "off: not allowed to run INFO")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: certainty.counted(1, 1, 2, time.time() - 485), "boards: counted 8 min ago"),
        (lambda: certainty.counted(1, 1, 2, time.time() + 60), "boards: just counted"),
        (lambda: estimated(1, 1, 3, 0.12), "boards: 12 % scanned"),
    ],
)
@pytest.mark.parametrize("size", [NARROW, (100, 30), MEDIUM, WIDE])
async def test_the_age_of_the_number_of_boards_is_not_that_of_their_members(
    make: Callable[[], Count], words: str, size: tuple[int, int]
) -> None:
    count = make()
    frame = msgspec.structs.replace(fakes.leaderboards(fakes.board("leaderboard", "ann", "bob")), count=count)
    board: AnyReading = Reading("leaderboards", "ok", frame, time.time() + 60, count=count)
    async with running(FakeFeed(board), size) as (app, pilot):
        await tap(pilot, "4")
        await shows(app, pilot, words)
        app.dashboard.receive(msgspec.structs.replace(board, taken_at=time.time() - 9))
        await shows(app, pilot, words, "9 s old")
        app.dashboard.receive(msgspec.structs.replace(board, status="reduced", note="no TYPE right"))
        await shows(app, pilot, "boards: ", " · reduced")
        forms = ("reduced ─╯", "reduced, see help ─╯", "reduced: no TYPE right ─╯")
        assert any(form in screen_text(app) for form in forms), screen_text(app)  # not cut
        app.dashboard.receive(msgspec.structs.replace(board, count=exact(1)))
        await shows(app, pilot, " exact ─╯")
        assert "boards:" not in screen_text(app)


async def test_what_the_server_does_not_tell_is_a_dash() -> None:
    """INFO of some managed services leaves out fields: 0 bytes, 0 clients and "no limit" would be invented."""
    names = "uptime_s", "ops_per_s", "used_memory", "max_memory", "clients", "blocked_clients", "keys", "evicted"
    frame = fakes.server(**dict.fromkeys((*names, "evicted_per_s", "expired_per_s", "rejected_connections")))
    empty = msgspec.structs.replace(
        fakes.cache(None), hits=None, misses=None, hit_rate=None, interval_hits=None, interval_misses=None, groups=()
    )
    async with running(FakeFeed(fakes.ok("server", frame), fakes.ok("cache", empty)), WIDE) as (app, pilot):
        await shows(app, pilot, "– ops/s", "memory –", "– clients", "This server does not tell its hits and misses.")
        await tap(pilot, "6", "z")
        await shows(app, pilot, "limit not known", "up –")
        rows = [line.strip("│▸ ").split() for line in screen_text(app).splitlines() if line.startswith("│")]
        unknown = {" ".join(row[: row.index("–")]) for row in rows if "–" in row}
        assert {"operations", "memory", "clients", "keys", "evicted", "expired", "refused"} <= unknown

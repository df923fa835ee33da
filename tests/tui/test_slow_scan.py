"""A scan that is slow on purpose says so on every screen: why, until when, and which key makes it fast."""

from __future__ import annotations

import time

import pytest

from redis_dash.core.frames.server import Scan, ServerFrame
from redis_dash.tui.formatting import clock
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap

FIRST = Scan(24_000, 2_400_000, 0.01, keys_per_s=1000.0, elapsed_s=24.0)


def server(scan: Scan) -> FakeFeed:
    frame: ServerFrame = fakes.server(scan=scan)
    return FakeFeed(fakes.ok("server", frame))


def waiting(until: float) -> Scan:
    return Scan(24_000, 2_400_000, 0.01, keys_per_s=1000.0, elapsed_s=24.0, resumes_at=until)


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
async def test_a_scan_that_waits_for_its_budget_says_until_when(size: tuple[int, int]) -> None:
    resumes_at = time.time() + 4
    async with running(server(waiting(resumes_at)), size) as (app, pilot):
        await shows(app, pilot, f"scan waits until {clock(resumes_at)[:8]}")
        await tap(pilot, "6")
        await shows(app, pilot, f"waits for its budget until {clock(resumes_at)[:8]}", "6 Server")
        assert "ops/s" in screen_text(app).splitlines()[0]
        assert "6 Server !" not in screen_text(app), "it is no alarm of the server"
        assert "6 Server  !" not in screen_text(app)


async def test_a_wait_that_is_over_is_not_told() -> None:
    async with running(server(waiting(time.time() - 0.5)), MEDIUM) as (app, pilot):
        await tap(pilot, "6")
        await shows(app, pilot, "scan speed")
        assert "waits" not in screen_text(app)


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_a_scan_that_is_held_back_says_why(size: tuple[int, int]) -> None:
    scan = Scan(24_000, 2_400_000, 0.01, keys_per_s=100.0, elapsed_s=24.0, held_back=True, ping_ms=3.1)
    async with running(server(scan), size) as (app, pilot):
        await shows(app, pilot, "scan slowed: recent pings 3.1 ms", "1,240 ops/s")
        first = screen_text(app).splitlines()[0]
        assert "ping 3.1 ms" not in first
        assert ("ping 0.3 ms" in first) == (size == WIDE)  # the latest one has another name
        await tap(pilot, "6")
        await shows(app, pilot, "slowed: recent pings 3.1 ms")


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
async def test_a_long_first_scan_says_how_long_it_lasts(size: tuple[int, int]) -> None:
    async with running(server(FIRST), size) as (app, pilot):
        await shows(app, pilot, "scan 1 %, ~39 min left")
        await tap(pilot, "6")
        await shows(app, pilot, "~39 min left")


async def test_the_key_that_makes_the_scan_fast_is_the_one_that_is_bound() -> None:
    async with running(server(waiting(time.time() + 4))) as (app, pilot):
        await shows(app, pilot, "F5: full speed")
        app.set_keymap({"app.full_scan": "f9"})
        await shows(app, pilot, "F9: full speed")
        assert "F5" not in screen_text(app)


async def test_the_time_left_is_known_where_the_number_of_keys_is_not() -> None:
    async with running(server(Scan(24_000, 0, 0.01, keys_per_s=1000.0, elapsed_s=24.0)), MEDIUM) as (app, pilot):
        await shows(app, pilot, "scan 1 %, ~39 min left")


@pytest.mark.parametrize(
    "scan",
    [
        Scan(2_400_000, 2_400_000, 1.0, keys_per_s=9000.0, passes=1, elapsed_s=24.0),
        Scan(24_000, 2_400_000, 0.01, keys_per_s=1000.0, passes=3, elapsed_s=24.0),
        Scan(24_000, 2_400_000, 0.01, full_speed=True, keys_per_s=1000.0, elapsed_s=24.0),
        Scan(24_000, 2_400_000, 0.01, stopped="not allowed to run SCAN", elapsed_s=24.0),
        Scan(1_200_000, 2_400_000, 0.5, keys_per_s=90_000.0, elapsed_s=12.0),
        Scan(6000, 2_400_000, 0.0025, keys_per_s=1000.0, elapsed_s=1.0),
    ],
)
async def test_a_scan_that_needs_no_patience_is_not_in_the_header(scan: Scan) -> None:
    async with running(server(scan)) as (app, _):
        assert "scan" not in screen_text(app).splitlines()[0].replace("redis-dash", "")
        assert "full speed" not in screen_text(app).splitlines()[0]

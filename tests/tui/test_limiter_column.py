"""Names of limiters are whole where there is room for them."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.core.frames.rate_limits import LimitRow
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap

TWO = ("throttle burst", "throttle sustained")
SIX = (
    *("throttle anonymous", "throttle sustained", "rl", "LIMITS:LIMITER/*/5/1/minute main.index"),
    *("LIMITS:LIMITER/*/6/30/second mv export", "fastapi-limiter"),
)


def rows(*limiters: str) -> list[LimitRow]:
    """A blocked client, one near its limit, and others."""
    made = []
    for index, limiter in enumerate(limiters * 2):
        name = f"2001:db8:0:13::{index}" if index % 3 else f"ann{index}@example.com"
        made.append(
            msgspec.structs.replace(
                fakes.limit(name, 100 - 9 * index, reset=(41.0, 400.0)[index % 2]), limiter=limiter, resets=True
            )
        )
    return made


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
@pytest.mark.parametrize("limiters", [TWO, SIX], ids=["two", "six"])
async def test_names_are_whole_where_there_is_room(limiters: tuple[str, ...], size: tuple[int, int]) -> None:
    frame = msgspec.structs.replace(fakes.rate_limits(*rows(*limiters)), limiters=len(limiters))
    others = [reading for reading in fakes.everything() if reading.topic != "rate_limits"]
    async with running(FakeFeed(*others, fakes.ok("rate_limits", frame)), size) as (app, pilot):
        await tap(pilot, "3", "z")
        way_back = "zoom" if size == NARROW else "all panes"
        await shows(app, pilot, "blocked, 41 s", "near, resets in 6 min 40 s", way_back)
        names = {" burst ", " sustained "} if limiters == TWO else {f" {limiter} " for limiter in SIX}
        is_whole = limiters == TWO or size != NARROW
        assert [name in screen_text(app) for name in names] == [is_whole or len(name) <= 20 for name in names]


async def test_bars_take_no_room_from_names() -> None:
    """At 160x48 the pane is narrower than the whole screen: 76 cells."""
    names = ("accounts.sign_in", "orders.export_csv")
    frame = msgspec.structs.replace(fakes.rate_limits(*rows(*names)), limiters=2)
    others = [reading for reading in fakes.everything() if reading.topic != "rate_limits"]
    async with running(FakeFeed(*others, fakes.ok("rate_limits", frame)), (160, 48)) as (app, pilot):
        await shows(app, pilot, "blocked, 41 s", *names)
        row = next(line for line in screen_text(app).splitlines() if names[0] in line)
        assert "━" not in row.rpartition("││")[2]
        await tap(pilot, "3", "z")
        await shows(app, pilot, "all panes", *names)
        assert "━━━" in next(line for line in screen_text(app).splitlines() if names[0] in line)


ROUTES = ("LIMITS:LIMITER/*/5/1/minute upload", "LIMITS:LIMITER/*/5/1/minute search", "ratelimit:api")


async def test_what_differs_is_shown_where_names_have_no_room() -> None:
    """The beginning that some names share is what they do not need; at 200x60 a pane has 62 columns or so."""
    listed = [
        msgspec.structs.replace(fakes.limit(f"customer-{index:02}@example.com", 99 - index), limiter=ROUTES[index % 3])
        for index in range(6)
    ]
    frame = msgspec.structs.replace(fakes.rate_limits(*listed), limiters=3)
    others = [reading for reading in fakes.everything() if reading.topic != "rate_limits"]
    async with running(FakeFeed(*others, fakes.ok("rate_limits", frame)), WIDE) as (app, pilot):
        await shows(app, pilot, "LI… upload", "LI… search")


@pytest.mark.parametrize(
    ("size", "state"), [(MEDIUM, "near, 2 s"), ((132, 43), "near, falls in 2 s"), (WIDE, "near, falls in 2 s")]
)
async def test_a_client_near_its_limit_says_until_when(size: tuple[int, int], state: str) -> None:
    """Also where names and bars would take the room."""
    listed = [
        msgspec.structs.replace(
            fakes.limit(f"customer-{index:02}@example.com", 11, 12, reset=2.0), limiter=ROUTES[index % 3]
        )
        for index in range(6)
    ]
    frame = msgspec.structs.replace(fakes.rate_limits(*listed), limiters=3)
    others = [reading for reading in fakes.everything() if reading.topic != "rate_limits"]
    async with running(FakeFeed(*others, fakes.ok("rate_limits", frame)), size) as (app, pilot):
        await shows(app, pilot, "11/12", state)

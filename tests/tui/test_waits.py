"""The time until a limit's usage falls: in steady words, and never 0 s."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.core.certainty import at_least
from redis_dash.tui.panes.rate_limits import short_names
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, running, screen_text, shows, tap, until


@pytest.mark.parametrize(
    ("used", "reset", "words"),
    [
        (5, 0.2, "falls in <1 s "),
        (5, 4.9, "falls in 4 s "),
        (5, 5.0, "falls in 5 s "),
        (85, 0.0, "near, falls in <1 s "),
        (85, 12.0, "near, falls in 12 s "),
        (85, None, "near  "),
        (100, 0.4, "blocked, <1 s "),
        (100, 1.2, "blocked, 1 s "),
        (100, 581.0, "blocked, 9 min 41 s "),
        (100, None, "blocked  "),
    ],
)
async def test_a_wait_in_words(used: int, reset: float | None, words: str) -> None:
    frame = fakes.rate_limits(fakes.limit("10.0.0.1", used, reset=reset))
    async with running(FakeFeed(fakes.ok("rate_limits", frame)), WIDE) as (app, pilot):
        await shows(app, pilot, f"{used}/100  {words}")
        assert "0 s" not in next(line for line in screen_text(app).splitlines() if "10.0.0.1" in line)
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "usage falls in")
        assert " 0 s" not in "\n".join(line for line in screen_text(app).splitlines() if "falls in " in line)


@pytest.mark.parametrize(
    ("used", "reset", "words"),
    [
        (5, 0.2, "resets in <1 s "),
        (5, 4.9, "resets in 4 s "),
        (85, 12.0, "near, resets in 12 s "),
        (100, 12.0, "blocked, 12 s "),
    ],
)
async def test_a_fixed_window_resets(used: int, reset: float, words: str) -> None:
    row = msgspec.structs.replace(fakes.limit("10.0.0.1", used, reset=reset), resets=True)
    async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(row))), WIDE) as (app, pilot):
        await shows(app, pilot, f"{used}/100  {words}")
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "usage resets in")


@pytest.mark.parametrize(("resets", "word"), [(True, "resetting"), (False, "falling")])
async def test_a_window_that_has_ended_blocks_nobody(resets: bool, word: str) -> None:
    row = msgspec.structs.replace(fakes.limit("10.0.0.1", 100, reset=0.0), blocked=False, has_ended=True, resets=resets)
    frame = msgspec.structs.replace(fakes.rate_limits(row), blocked=at_least(0), near=at_least(0))
    async with running(FakeFeed(fakes.ok("rate_limits", frame)), WIDE) as (app, pilot):
        await shows(app, pilot, f"100/100  {word} ", "0+ blocked · 0+ near")
        assert "near, " not in screen_text(app)
        near = msgspec.structs.replace(row, stays_near=True)
        app.dashboard.receive(fakes.ok("rate_limits", msgspec.structs.replace(frame, rows=(near,))))
        await shows(app, pilot, f"100/100  near, {'resetting' if resets else 'falling'} ")


async def test_a_minute_and_a_half_is_not_one_minute_where_there_is_little_room() -> None:
    row = fakes.limit("10.0.0.1", 5, reset=118.0)
    for size in ((100, 30), MEDIUM):
        async with running(FakeFeed(fakes.ok("rate_limits", fakes.rate_limits(row))), size) as (app, pilot):
            await until(
                pilot, lambda: "falls in 118 s " in screen_text(app) or "falls in 1 min 58 s" in screen_text(app)
            )


@pytest.mark.parametrize(("resets", "words"), [(True, "resets"), (False, "falls")])
async def test_a_wait_of_minutes_is_whole_beside_long_names(resets: bool, words: str) -> None:
    """The state had one cell too few, and was only an ellipsis."""
    rows = (
        msgspec.structs.replace(fakes.limit(client, 5, reset=3540.0), key=client, limiter=name, resets=resets)
        for client, name in (("2001:db8:0:13::5", "LIMITS:LIMITER"), ("ann@example.com", "flask-limiter-key-prefix"))
    )
    frame = msgspec.structs.replace(fakes.rate_limits(*rows), limiters=2)
    others = [reading for reading in fakes.everything() if reading.topic != "rate_limits"]
    async with running(FakeFeed(*others, fakes.ok("rate_limits", frame)), MEDIUM) as (app, pilot):
        forms = (f"{words}, 59 min ", f"{words} in 59 min ")
        await until(pilot, lambda: sum(screen_text(app).count(form) for form in forms) == 2)


async def test_rows_name_their_limiter_only_where_there_are_several() -> None:
    login, api = (
        msgspec.structs.replace(fakes.limit("10.0.0.1", used), key=f"limit:{name}:10.0.0.1", limiter=f"limit:{name}")
        for used, name in ((5, "login"), (7, "api"))
    )
    one, both = fakes.rate_limits(login), fakes.rate_limits(login, api)
    for size in (NARROW, (100, 30), MEDIUM, WIDE):
        feed = FakeFeed(fakes.ok("rate_limits", one, coverage=1.0))
        async with running(feed, size) as (app, pilot):
            await tap(pilot, "3")
            await shows(app, pilot, "1 client ─╮")
            assert "login" not in screen_text(app)
            feed.put(fakes.ok("rate_limits", msgspec.structs.replace(both, limiters=2), coverage=1.0))
            await shows(
                app, pilot, "10.0.0.1  login ", "10.0.0.1  api ", "2 counters ─╮", "5/100", "7/100", "falls in 12 s"
            )
            feed.put(fakes.ok("rate_limits", one, coverage=1.0))
            await until(pilot, lambda: " login " not in screen_text(app) and "1 client ─╮" in screen_text(app))


@pytest.mark.parametrize(
    ("names", "short"),
    [
        ({"limit:login", "limit:api"}, {"login", "api"}),
        ({"limit", "limit:api"}, {"limit", "limit:api"}),
        ({"ratelimit", "rl"}, {"ratelimit", "rl"}),
        ({"LIMITS:LIMITER/*/5/1/minute items/1", "LIMITS:LIMITER/*/5/1/minute a"}, {"items/1", "a"}),
        ({"", "rl:a"}, {"", "rl:a"}),
        (set[str](), set[str]()),
    ],
)
def test_short_names_of_limiters(names: set[str], short: set[str]) -> None:
    assert set(short_names(names).values()) == short

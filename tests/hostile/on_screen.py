"""Writes generated inputs into a server, and shows them in the dashboard: all panes, details and questions."""

from __future__ import annotations

import unicodedata

import redis

from redis_dash.config import Config, LimitPattern
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.layout import KeySample
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.tui.app import DashApp
from redis_dash.tui.panes import PANES
from tests.hostile.inputs import write
from tests.tui.helpers import broken, strips, tap, until
from tests.tui.test_hostile import FORBIDDEN, assert_inert

KEYS = ("down", "enter", "escape", "end", "enter", "escape", "pageup", "slash", "a", "enter", "escape")
MESSAGES = 50
"""Values that are also published as messages."""


def configuration(url: str) -> Config:
    """Reads the keys of recognised frameworks, and every other one in some way."""
    return Config(
        url=url,
        refresh_s=0.1,
        budget=1.0,
        sessions=tuple(map(SessionPattern, ("session:*", "sess:*", "*[a-e]"))),
        limits=(LimitPattern("*[0-4]", "5/60"), LimitPattern("rl:*", "10/60")),
        leaderboards=("leaderboard:*", "*[5-9]"),
        channels=("*",),
    )


async def show(client: redis.Redis, url: str, inputs: list[KeySample], size: tuple[int, int]) -> None:
    """Export and show the keys; what is on the screen must be harmless at all times, and no task may fail.

    Raises:
        AssertionError: something of that is not so.
    """
    client.flushall()
    write(client, inputs)
    hubs: list[Hub] = []

    def opened() -> Hub:
        hubs.append(Hub(configuration(url)))
        return hubs[-1]

    for document, code in (
        await take(configuration(url), 0.0),
        await discover(configuration(url), as_json=True),
        await discover(configuration(url), as_json=False),
    ):
        # On a busy machine the server may not answer in time, which the document says.
        assert code == 0 or "in time" in document, document[-400:]
        assert "redis-dash itself" not in document
        assert not {char for char in document if unicodedata.category(char) in FORBIDDEN} - {"\n"}
    app = DashApp(opened, refresh=0.08)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(hubs) and hubs[0].passes > 0 and hubs[0].subscribed)
        for value in [one.value for one in inputs if isinstance(one.value, bytes)][:MESSAGES]:
            client.publish(value[:60], value)
        for number in range(1, len(PANES) + 1):
            await tap(pilot, str(number))
            for key in KEYS:
                await tap(pilot, key)
                assert_inert(strips(app))
        await tap(pilot, "d")
        for key in ("down", "enter", "escape", "end", "enter", "escape", "escape"):
            await tap(pilot, key)
            assert_inert(strips(app))
        assert not broken(app)
        assert hubs[0].errors == 0, "an error in redis-dash itself"
        assert app.is_running

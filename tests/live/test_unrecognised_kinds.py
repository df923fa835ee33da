"""An empty pane names the largest kinds of keys that nothing recognised, and that may be what the user looks for."""

from __future__ import annotations

import redis

from redis_dash.config import Config
from redis_dash.core.certainty import Scope, exact
from redis_dash.hub import Hub
from redis_dash.tui.empty_states import empty_text
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import Desk


def named(desk: Desk, topic: str) -> tuple[str, ...]:
    """The kinds that the pane of a topic names."""
    desk.statuses()
    reading = desk.latest.get(topic)
    return reading.scope.unrecognised if reading and reading.scope else ()


async def test_the_largest_kinds_of_the_right_type_are_named(redis_url: str, client: redis.Redis) -> None:
    for number in range(40):
        client.set(f"cart:{number}", "items=1")
        client.zadd(f"seen:{number}", {"home": 1764000000 + number})
        client.sadd(f"members:{number}", "one")
    for number in range(60):
        client.hset(f"visit:{number}", "page", "home")
    for number in range(20):
        client.set(f"celery-task-meta-{number:08x}-1234-4321-8888-0123456789ab", '{"status": "SUCCESS", "result": 1}')
    async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as hub:
        desk = Desk(hub)
        await until(lambda: named(desk, "sessions") == ("visit:*", "cart:*"))
        await until(lambda: len(named(desk, "rate_limits")) == 3)
        assert named(desk, "rate_limits") == ("visit:*", "cart:*", "seen:*")
        await until(lambda: named(desk, "leaderboards") == ("seen:*",))


async def test_what_a_pane_shows_is_not_named(redis_url: str, client: redis.Redis) -> None:
    for number in range(20):
        client.zadd(f"seen:{number}", {"home": 5 + number})
        client.set(f"cart:{number}", "items=1")
    async with running(Hub(Config(url=redis_url, refresh_s=0.1, leaderboards=("seen:*",)))) as hub:
        desk = Desk(hub)
        await until(lambda: named(desk, "rate_limits") == ("cart:*",))


def test_the_text_names_them_and_what_assigns_one() -> None:
    scope = Scope(("session:*",), 300, unrecognised=("cart:*", "a\x1b[31m:*"))
    text = empty_text(scope, exact(0), "sessions", "--session", "", "", "a there assigns one.")
    assert "Not recognised: cart:*, a" in text
    assert "\x1b" not in text
    assert text.endswith("start with --session 'PATTERN'. a there assigns one.")

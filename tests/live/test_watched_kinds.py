"""The list of the kinds of keys and ``redis-dash discover`` tell alike which pane shows a kind, and why."""

from __future__ import annotations

import json

import redis

from redis_dash.config import BoardPattern, CachePattern, Config, LimitPattern
from redis_dash.core.frames.keys import KeyKind
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.tui import kind_text
from tests.conftest import until
from tests.live.conftest import running

PANES = {"sessions": "Sessions", "rate_limits": "Rate limits", "leaderboards": "Leaderboards", "cache": "Cache"}
PANES["events"] = "Events"


def write(client: redis.Redis) -> None:
    """Keys of an application of one's own."""
    for number in range(20):
        client.set(f"login:{number}", "ann")
        client.set(f"quota:{number}", "some text")
        client.set(f"frag:{number}", "x")
        client.sadd(f"logins-of:ann{number}", "1")
        client.set(f"cart:{number}", "x")
    client.zadd("best", {"ann": 1})
    client.hset("stats:frag", mapping={"hits": 3, "misses": 1})
    client.hset("counts of nothing", "a", "1")
    client.xadd("orders", {"a": "1"})


def config(url: str) -> Config:
    """Its description."""
    return Config(
        url=url,
        refresh_s=0.1,
        sessions=(SessionPattern("login:*", companions=(Companion("logins-of:{user}", "{id}"),)),),
        limits=(LimitPattern("quota:*"),),
        leaderboards=(BoardPattern("best"),),
        caches=(CachePattern("fragments", "frag:*", "stats:frag"),),
        streams=("orders",),
    )


EXPECTED = {
    "login:*": ("by pattern", "Sessions"),
    "quota:*": ("by pattern", "Rate limits"),
    "frag:*": ("by pattern", "Cache"),
    "best": ("by pattern", "Leaderboards"),
    "stats:frag": ("counters of the cache fragments", "Cache"),
    "logins-of:ann*": ("companion keys of sessions", "Sessions"),
    "orders": ("followed stream", "Events"),
    "cart:*": ("not recognised", "not shown"),
    "counts of nothing": ("not recognised", "not shown"),
}


def told(kind: KeyKind) -> tuple[str, str]:
    """What a row says in its last two columns."""
    return str(kind_text.recognised(kind)), str(kind_text.shown_in(kind, PANES))


async def test_the_list_names_keys_that_a_pane_reads_by_name(redis_url: str, client: redis.Redis) -> None:
    write(client)

    async with running(hub := Hub(config(redis_url))):

        def rows() -> dict[str, tuple[str, str]]:
            frame = hub.keys().frame
            return {kind.name: told(kind) for kind in frame.kinds if kind.sampled} if frame else {}

        await until(lambda: rows().keys() >= EXPECTED.keys() and hub.passes > 0)
        await until(lambda: rows()["orders"][1] == "Events")
        assert {name: rows()[name] for name in EXPECTED} == EXPECTED


async def test_discover_tells_the_same(redis_url: str, client: redis.Redis) -> None:
    write(client)
    text, _ = await discover(config(redis_url), as_json=False)
    lines = [line for line in text.splitlines() if line]
    assert lines[1].split()[-3:] == ["recognised", "as", "pane"]
    for name, (recognised, pane) in EXPECTED.items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert [part.strip() for part in line.split("  ") if part.strip()][-2:] == [recognised, pane]
    document, _ = await discover(config(redis_url), as_json=True)
    kinds = {kind["keys"]: kind for kind in json.loads(document)["kinds"]}
    assert kinds["login:*"]["watched"] == [{"topic": "sessions", "fitting": 16, "of": 16, "in_part": False}]
    assert (kinds["stats:frag"]["read_as"], kinds["login:*"]["read_as"]) == ("counters of the cache fragments", None)
    assert kinds["cart:*"]["watched"] == []


async def test_discover_knows_the_patterns_of_the_defaults(redis_url: str, client: redis.Redis) -> None:
    """As the dashboard, with what it recognises."""
    for number in range(20):
        client.set(f"ratelimit:search:cust-{number}", "some text")
    for name in ("leaderboard", "leaderboard:buyers"):
        client.zadd(name, {"ann": 1})
    client.set("leaderboard:config:of:all", "no sorted set")
    document, _ = await discover(Config(url=redis_url), as_json=True)
    kinds = {kind["keys"]: kind["watched"] for kind in json.loads(document)["kinds"]}
    topics = {name: [one["topic"] for one in watched] for name, watched in kinds.items()}
    limits = topics.pop(next(name for name in topics if name.startswith("ratelimit:")))
    assert limits == ["rate_limits"]
    none = topics.pop("leaderboard:config:of:all")
    assert none == []
    assert topics == {"leaderboard": ["leaderboards"], "leaderboard:buyers": ["leaderboards"]}


async def test_discover_tells_that_a_pane_shows_a_part(redis_url: str, client: redis.Redis) -> None:
    for number in range(10):
        client.set(f"frag:{number}", "x")
        client.set(f"frag:{number + 90}", "x")
    caches = (CachePattern("short names", "frag:?"),)
    text, _ = await discover(Config(url=redis_url, caches=caches), as_json=False)
    (line,) = [line for line in text.splitlines() if line.startswith("frag:*")]
    assert line.endswith("Cache (in part)")

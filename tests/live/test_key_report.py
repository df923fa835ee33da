"""What kinds of keys there are, as the hub tells the screen; the same as ``redis-dash discover``."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import string
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash import watches
from redis_dash.config import CachePattern, Config, LimitPattern
from redis_dash.core.frames.keys import KeyKind
from redis_dash.discover import PANES, discover
from redis_dash.discovery import report
from redis_dash.discovery.adopt import may_adopt
from redis_dash.discovery.discovery import Discovery
from redis_dash.hub import Hub
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.learning import Learning
from redis_dash.sources import WatchedTopics
from redis_dash.sources.base import Context
from redis_dash.tui.app import DashApp
from redis_dash.tui.kind_text import cells
from tests.conftest import until
from tests.live.conftest import running
from tests.live.recordings import replay
from tests.live.test_discovery import EXPRESS
from tests.tui.helpers import screen_text, tap
from tests.tui.helpers import until as until_shown

MakeContext = Callable[..., Context]


def sign_in(client: redis.Redis, number: int, prefix: str = "sess:") -> None:
    """A session as connect-redis writes it, with the same id in each run."""
    session_id = "".join(random.Random(number).choices(string.ascii_letters + string.digits, k=32))
    value = {"cookie": {"originalMaxAge": 3_600_000, "path": "/"}, "user": {"email": f"user {number}"}}
    client.set(f"{prefix}{session_id}", json.dumps(value), ex=3600)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "LOOK_S", 0.05)
    monkeypatch.setattr(watches, "FIRST_LOOK_S", 0.05)
    monkeypatch.setattr(report, "REST", 0.0)


def kinds(hub: Hub) -> dict[str, KeyKind]:
    frame = hub.keys().frame
    return {kind.name: kind for kind in frame.kinds} if frame is not None else {}


def is_read(hub: Hub, *names: str) -> bool:
    """Whether samples of these kinds were read, and all keys are counted."""
    found = kinds(hub)
    return hub.passes > 0 and all(name in found and found[name].sampled for name in names)


async def test_it_says_what_they_are_and_which_pane_shows_them(redis_url: str, client: redis.Redis) -> None:
    for number in range(20):
        sign_in(client, number, "shop:sess:")
        client.set(f"rl:203.0.113.{number}", 3, px=60_000)
        client.set(f"product:{number}", "x" * 100)
        client.zadd(f"leaderboard:{number}", {"ann": 1})
    client.set("leaderboard:config:of:all", "no sorted set")
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):
        await until(lambda: is_read(hub, "shop:sess:*", "rl:*", "product:*", "leaderboard:*"))
        await until(lambda: kinds(hub)["rl:*"].watched != ())
        found = kinds(hub)
        reading = hub.keys()
    sessions = found["shop:sess:*"]
    assert (sessions.count.bounds, sessions.count.certainty) == ((20, 20, 20), "counted")
    assert (sessions.sampled, sessions.types, sessions.endless) == (16, (("string", 16),), 0)
    assert 3000 < (sessions.longest_s or 0) <= 3600
    assert [(one.name, one.confidence, one.fitting, one.sampled) for one in sessions.recognised] == [
        (EXPRESS, "certain", 16, 16)
    ]
    assert sessions.watched == (("sessions", 16),)
    assert found["rl:*"].watched == (("rate_limits", 16),)
    assert found["product:*"].watched == ()
    assert found["leaderboard:*"].watched == (("leaderboards", 16),)
    assert found["leaderboard:config:of:all"].watched == (), "the pane lists only sorted sets"
    assert (reading.status, reading.frame.keys if reading.frame else 0) == ("ok", 81)


async def test_the_screen_lists_what_the_hub_reads(redis_url: str, client: redis.Redis) -> None:
    replay(client, "express-session")
    client.mset({f"cart:{number}": "x" * 500 for number in range(300)})
    app = DashApp(lambda: Hub(Config(url=redis_url, refresh_s=0.1)), refresh=0.1)
    async with app.run_test(size=(120, 36)) as pilot:
        await until_shown(pilot, lambda: "2 Sessions" in screen_text(app))
        await tap(pilot, "d")
        await until_shown(
            pilot, lambda: all(text in screen_text(app) for text in ("cart:*", "300", "sess:*", EXPRESS[:12], "2 Sess"))
        )
        await tap(pilot, "down", "enter")
        await until_shown(pilot, lambda: "cookie" in screen_text(app))


async def test_it_learns_also_where_everything_is_configured(redis_url: str, client: redis.Redis) -> None:
    for number in range(20):
        sign_in(client, number)
    client.mset({f"product:{number}": "x" for number in range(20)})
    config = Config(
        url=redis_url,
        refresh_s=0.1,
        sessions=("login:*",),
        limits=(LimitPattern("quota:*"),),
        leaderboards=("scores",),
        caches=(CachePattern("products", "product:*"),),
    )
    assert not may_adopt(config)
    async with running(hub := Hub(config)):
        watch = hub.watch
        await until(lambda: is_read(hub, "sess:*", "product:*"))
        found = kinds(hub)
        assert [one.name for one in found["sess:*"].recognised] == [EXPRESS]
        assert found["sess:*"].watched == ()
        assert found["product:*"].watched == (("cache", 16),)
        assert hub.watch is watch, "nothing is watched besides what the user has named"
        assert hub.watch.config == config


async def test_discover_prints_the_same_rows(redis_url: str, client: redis.Redis) -> None:
    for name in ("express-session", "celery", "fastapi-limiter-0.1"):
        replay(client, name)
    client.mset({f"cart:{number}": "x" for number in range(300)})
    document, _ = await discover(Config(url=redis_url), as_json=True)
    table, _ = await discover(Config(url=redis_url), as_json=False)
    config = Config(url=redis_url, refresh_s=0.1, sessions=("no",), limits=(LimitPattern("no"),), leaderboards=("no",))
    async with running(hub := Hub(config)):
        listed = [row["keys"] for row in json.loads(document)["kinds"]]
        await until(lambda: hub.passes > 0 and set(kinds(hub)) == set(listed) and is_read(hub, *listed))
        found = kinds(hub)
    lines = {line.split("  ")[0]: line for line in table.splitlines()[3:]}
    assert set(lines) == set(listed)
    for name in listed:
        shown = [str(text) for text in cells(found[name], 0, PANES)]
        assert all(text in lines[name] for text in (shown[0], shown[1], shown[4], shown[6])), (
            shown,
            lines[name],
        )


async def test_discover_says_null_of_what_was_not_read(
    redis_url: str, client: redis.Redis, poor: Callable[..., Hub]
) -> None:
    client.mset({f"cart:{number}": "x" for number in range(30)})
    poor("-type", "-pttl", "-ttl")
    document, _ = await discover(Config(url=redis_url.replace("redis://", "redis://poor:pw@")), as_json=True)
    (kind,) = json.loads(document)["kinds"]
    assert (kind["sampled"], kind["types"], kind["endless"], kind["longest_s"]) == (0, {}, None, None)


@pytest.fixture
async def poor(redis_url: str, client: redis.Redis) -> AsyncIterator[Callable[..., Hub]]:
    """Makes hubs of a user with these rules."""

    def make(*rules: str) -> Hub:
        client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["*"], channels=["*"])
        client.acl_setuser("poor", enabled=True, commands=rules)
        return Hub(Config(url=redis_url.replace("redis://", "redis://poor:pw@"), refresh_s=0.1))

    yield make
    await asyncio.to_thread(client.acl_deluser, "poor")


async def test_without_the_right_to_scan_it_says_which_rule_grants_it(
    poor: Callable[..., Hub], client: redis.Redis
) -> None:
    client.set("cart:1", "x")
    async with running(hub := poor("-scan")):
        await until(lambda: hub.keys().status == "off")
        reading = hub.keys()
        assert (reading.frame, reading.note) == (None, "not allowed to run SCAN")
        assert reading.remedy == "ACL SETUSER poor +scan"
        client.acl_setuser("poor", enabled=True, commands=["+scan"])
        await until(lambda: hub.keys().status == "ok" and "cart:*" in kinds(hub))
        client.acl_setuser("poor", enabled=True, commands=["-scan"])
        await until(lambda: hub.keys().status == "reduced")
        assert hub.keys().note == "not allowed to run SCAN: new keys may be missed"
        assert "cart:*" in kinds(hub)


async def test_without_the_right_to_ask_for_types_it_says_so_until_it_is_granted(
    poor: Callable[..., Hub], client: redis.Redis
) -> None:
    client.mset({f"cart:{number}": "x" for number in range(30)})
    async with running(hub := poor("-type", "-memory")):
        await until(lambda: hub.passes > 0 and hub.keys().status == "reduced")
        reading = hub.keys()
        assert {part.rpartition(" ")[2] for part in reading.note.split("; ")} == {"TYPE", "USAGE"}
        assert reading.remedy == "ACL SETUSER poor +type +memory|usage"
        assert kinds(hub)["cart:*"].sampled == 0
        client.acl_setuser("poor", enabled=True, commands=reading.remedy.split()[3:])
        await until(lambda: hub.keys().status == "ok" and kinds(hub)["cart:*"].sampled == 16)
        await until(lambda: kinds(hub)["cart:*"].memory is not None)


async def test_a_value_that_may_not_be_read_is_told_too(poor: Callable[..., Hub], client: redis.Redis) -> None:
    """What a kind is cannot be recognised then."""
    client.hset("cart:1", "a", 1)
    client.mset({f"word:{number}": "x" for number in range(9)})
    async with running(hub := poor("-hscan")):
        await until(lambda: hub.passes > 0 and hub.keys().status == "reduced")
        assert (hub.keys().note, hub.keys().remedy) == ("not allowed to run HSCAN", "ACL SETUSER poor +hscan")
        assert kinds(hub)["cart:*"].types == (("hash", 1),)
        looks = hub._watches.discovery.looks
        client.mset({f"name of {word}": "x" for word in ("ann", "bob", "eve")})
        await until(lambda: hub._watches.discovery.looks > looks)
        assert hub.keys().status == "reduced", "other keys may be read; that one still may not"
        client.acl_setuser("poor", enabled=True, commands=["+hscan"])
        await until(lambda: hub.keys().status == "ok")


async def test_when_the_server_is_away_the_last_figures_stay_and_are_called_old() -> None:
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        client.mset({f"cart:{number}": "x" for number in range(30)})
        async with running(hub := Hub(Config(url=server.url, refresh_s=0.1))):
            await until(lambda: is_read(hub, "cart:*"))
            server.stop()
            await until(lambda: hub.keys().away)
            reading = hub.keys()
            assert (reading.status, bool(reading.note)) == ("stale", True)
            assert kinds(hub)["cart:*"].count.value == 30
            assert hub.keys().taken_at == reading.taken_at, "its age grows"


async def test_nobody_there_from_the_beginning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with running(hub := Hub(Config(url=f"redis://127.0.0.1:{port}", refresh_s=0.1))):
        await until(lambda: hub.keys().away)
        reading = hub.keys()
    assert (reading.status, reading.frame, reading.note) == ("error", None, "connection refused")


def test_the_figures_of_more_keys_stay_while_a_new_pass_has_seen_few(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context()
    discovery = Discovery(context.deployment)
    reports = report.Report(discovery, "default")

    def counts() -> dict[str, tuple[int, str]]:
        frame = reports.reading(context.keyspace, WatchedTopics(Config()), "").frame
        return {kind.name: (kind.count.value, kind.count.certainty) for kind in frame.kinds} if frame else {}

    patterns: KeyPatterns = discovery.patterns
    patterns.add([b"cart:%d" % number for number in range(500)], 1000)
    assert counts() == {"cart:*": (1000, "estimated")}
    patterns.add([b"user:%d" % number for number in range(500)], 1000)
    patterns.end()
    assert counts() == {"cart:*": (500, "counted"), "user:*": (500, "counted")}
    patterns.begin()
    patterns.add([b"user:%d" % number for number in range(100)], 1000)
    assert counts() == {"cart:*": (500, "counted"), "user:*": (500, "counted")}
    reports = report.Report(discovery, "default")
    assert counts() == {"cart:*": (500, "counted"), "user:*": (500, "counted")}, "a first look, while a pass runs"
    monkeypatch.setattr(report, "KEPT_S", 0.0)
    assert counts() == {"user:*": (1000, "estimated"), "cart:*": (0, "estimated")}
    monkeypatch.setattr(report, "KEPT_S", 60.0)
    patterns.end()
    assert counts() == {"user:*": (100, "counted")}


async def test_a_full_scan_looks_at_the_names_again(make_context: MakeContext, client: redis.Redis) -> None:
    keyspace = make_context().keyspace
    keyspace.learning = Learning(patterns := KeyPatterns())
    client.mset({f"cart:{number}": "x" for number in range(100)})
    await keyspace.pass_over()
    client.mset({f"order:{number}": "x" for number in range(100)})
    await keyspace.pass_over()
    assert [one.glob for one in patterns.found] == ["cart:*"], "a pass of its own does not"
    keyspace.set_full_speed(True)
    await keyspace.pass_over()
    assert {one.glob for one in patterns.found} == {"cart:*", "order:*"}

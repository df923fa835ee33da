"""The front end without a screen: one JSON document, progress on stderr, reliable exit codes."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash import snapshot
from redis_dash.client.deployment import Deployment
from redis_dash.client.reasons import NO_PASSWORD
from redis_dash.config import Config
from redis_dash.core.decoding import raw
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources import SOURCES
from redis_dash.sources.base import Sample
from redis_dash.sources.leaderboards import LeaderboardsSource
from tests.conftest import until
from tests.live.test_sources import accept, sign_in

TOPICS = [source.topic for source in SOURCES]


async def taken(
    url: str, seconds: float = 0.0, *, full: bool = False, **settings: Any
) -> tuple[dict[str, Any], int, str]:
    talk = io.StringIO()
    document, code = await take(
        Config(url=url, refresh_s=0.1, **(CONFIGURATION | settings)), seconds, TOPICS, talk, full=full
    )
    return json.loads(document), code, talk.getvalue()


async def test_holds_every_topic_and_no_secret(redis_url: str, client: redis.Redis) -> None:
    key = sign_in(client, "ann", token="s3cret-field")
    accept(client, "10.0.0.1", [1.0, 2.0])
    client.zadd("leaderboard", {"ann": 9.5})
    client.set("product:1", "x")
    client.hset("cache:stats:product", mapping={"hits": 3, "misses": 1})
    document, code, talk = await taken(redis_url)
    assert code == 0
    assert "watching" in talk
    assert document["schema"] == 1
    assert document["target"] == redis_url
    topics = document["topics"]
    assert set(topics) == set(TOPICS)
    assert {topic["status"] for topic in topics.values()} == {"ok"}
    assert topics["sessions"]["coverage"] == 1.0
    assert topics["sessions"]["frame"]["rows"][0]["user"] == "ann@example.com"
    assert topics["sessions"]["frame"]["rows"][0]["ttl_known"] is True
    assert topics["rate_limits"]["frame"]["rows"][0]["used"] == 2
    assert topics["leaderboards"]["frame"]["boards"][0]["rows"] == [
        {"rank": 1, "member": "ann", "score": 9.5, "moved": 0}
    ]
    product = next(group for group in topics["cache"]["frame"]["groups"] if group["name"] == "product")
    assert (product["keys"], product["hits"], product["hit_rate"]) == (1, 3, 0.75)
    assert document["cost"]["commands"] > 0
    assert document["cost"]["server_ms"] > 0
    text = json.dumps(document)
    assert key.decode().removeprefix("session:") not in text
    assert "s3cret-field" not in text


async def test_a_dead_server_is_reported_at_once() -> None:
    with EmbeddedServer() as server:
        url = server.url
    document, code, talk = await taken(url, seconds=600)
    assert code == 1
    assert "connection refused" in talk
    assert {topic["status"] for topic in document["topics"].values()} <= {"error", "stale"}


async def test_a_topic_that_failed(redis_url: str, client: redis.Redis) -> None:
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all", "-info"], keys=["*"], channels=["*"])
    try:
        document, code, talk = await taken(redis_url.replace("redis://", "redis://poor:pw@"))
    finally:
        client.acl_deluser("poor")
    assert code == 3
    assert document["topics"]["server"]["status"] == "off"
    assert document["topics"]["sessions"]["status"] == "ok"
    assert "server: off" in talk
    assert ":pw@" not in json.dumps(document) + talk


async def test_hostile_bytes_are_json(redis_url: str, client: redis.Redis) -> None:
    client.set(b"session:\xff\x1b[31m\x00", b"\xff")
    client.zadd("leaderboard", {b"\xfe\x1b]0;x\x07": 1})
    client.zadd(b"ratelimit:\xff", {"a": 1})
    document, code, _ = await taken(redis_url)
    assert code == 0
    assert document["topics"]["leaderboards"]["frame"]["boards"][0]["rows"][0]["member"] == "\\xfe\x1b]0;x\x07"


async def test_full_scans_everything_first(redis_url: str, client: redis.Redis) -> None:
    client.mset({f"product:{number}": "x" for number in range(30_000)})
    document, code, talk = await taken(redis_url, full=True, budget=0.0001)
    assert code == 0
    assert "scanned 30,000 keys" in talk
    cache = document["topics"]["cache"]
    product = next(group for group in cache["frame"]["groups"] if group["name"] == "product")
    assert (product["keys"], product["keys_low"], product["keys_high"]) == (30_000, 30_000, 30_000)
    assert product["keys_certainty"] == "exact"
    assert (cache["coverage"], cache["certainty"]) == (1.0, "exact")


async def test_full_without_the_right_to_scan_is_reported_and_ends(
    redis_url: str, make_poor: Callable[..., Deployment]
) -> None:
    make_poor("-scan")
    document, code, talk = await taken(redis_url.replace("redis://", "redis://poor:pw@"), full=True)
    assert "not scanned" in talk
    assert code == 3
    assert document["topics"]["server"]["status"] == "ok"


async def test_messages_count_from_watching_on(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_ready = snapshot._until_ready

    async def busy(hub: Hub, stop: asyncio.Event, *, scanned: bool) -> None:
        await until_ready(hub, stop, scanned=scanned)
        for _ in range(50):
            client.publish("early", "x")
            client.publish("orders", "x")
        await until(lambda: hub.received == 100)

    class Script(io.StringIO):
        def write(self, line: str) -> int:
            if "watching" in line:
                for _ in range(3):
                    client.publish("orders", "x")
            return super().write(line)

    monkeypatch.setattr(snapshot, "_until_ready", busy)
    text, code = await take(Config(url=redis_url, refresh_s=0.1), 0.5, TOPICS, Script())
    events = json.loads(text)["topics"]["events"]["frame"]
    assert code == 0
    assert (events["received"], events["kept"], events["overwritten"], events["other"]) == (3, 3, 0, 0)
    assert {channel["channel"]: channel["count"] for channel in events["channels"]} == {"orders": 3}
    assert events["channel_count"] == 1
    assert 0 <= events["rate"] <= 3 / 0.5


async def test_elapsed_is_the_time_from_start_to_end(redis_url: str) -> None:
    said_at: dict[str, float] = {}

    class Script(io.StringIO):
        def write(self, line: str) -> int:
            said_at[line.split()[1]] = time.monotonic()
            return super().write(line)

    taking = take(Config(url=redis_url, refresh_s=0.1), 0.0, TOPICS, Script(), full=True)
    began = time.monotonic()
    text, _ = await taking
    document, resolution = json.loads(text), 0.002
    assert said_at["taken"] - began - resolution <= document["elapsed_s"] <= time.monotonic() - began + resolution
    assert document["watched_s"] <= document["elapsed_s"]


async def test_infinite_scores_are_reported(redis_url: str, client: redis.Redis) -> None:
    client.zadd("leaderboard", {"top": float("inf"), "ann": 1.5, "last": float("-inf")})
    document, code, _ = await taken(redis_url)
    assert code == 0
    rows = document["topics"]["leaderboards"]["frame"]["boards"][0]["rows"]
    assert [row["score"] for row in rows] == ["inf", 1.5, "-inf"]
    assert [float(row["score"]) for row in rows] == [float("inf"), 1.5, float("-inf")]


async def test_members_that_look_alike_differ(redis_url: str, client: redis.Redis) -> None:
    client.zadd("leaderboard", {b"\xff": 2, b"\\xff": 1})
    document, _, _ = await taken(redis_url)
    rows = document["topics"]["leaderboards"]["frame"]["boards"][0]["rows"]
    assert [row["member"] for row in rows] == ["\\xff", "\\\\xff"]
    assert [raw(row["member"]) for row in rows] == [b"\xff", b"\\xff"]


async def test_a_refused_subscription_is_not_waited_for(
    redis_url: str, make_poor: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_poor("-psubscribe")
    monkeypatch.setattr(snapshot, "READY_WITHIN_S", 3600.0)
    document, code, talk = await taken(redis_url.replace("redis://", "redis://poor:pw@"))
    assert code == 3
    assert document["topics"]["events"]["status"] == "off"
    assert "events: off" in talk


async def test_a_user_without_a_password_signs_in(redis_url: str, client: redis.Redis) -> None:
    client.acl_setuser("guest", enabled=True, nopass=True, commands=["+@all", "-info"], keys=["*"], channels=["*"])
    try:
        for who in ("guest", "guest:"):
            document, code, _ = await taken(redis_url.replace("redis://", f"redis://{who}@"))
            assert (code, document["topics"]["server"]["status"]) == (3, "off")
            assert document["topics"]["events"]["status"] == "ok"
    finally:
        client.acl_deluser("guest")
    _, code, talk = await taken(redis_url.replace("redis://", "redis://guest@"))
    assert code == 1
    assert talk.count("refused the user name or password") == 1


async def test_a_server_that_wants_a_password_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "READY_WITHIN_S", 3600.0)
    with EmbeddedServer() as server, redis.Redis(port=server.port) as client:
        client.config_set("requirepass", "s3cret")
        for _ in range(3):
            document, code, talk = await taken(server.url, seconds=600)
            assert (code, talk.count("the server wants a password (--ask-password, --password-file)")) == (1, 1)
            assert {topic["note"] for topic in document["topics"].values()} == {NO_PASSWORD}


async def test_a_reader_that_comes_to_an_end_ends_the_snapshot(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_hub: Hub) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(Hub, "run", broken)
    for full in (False, True):
        with pytest.raises(RuntimeError, match="hunter2"):  # the command line reports it without the text
            await taken(redis_url, full=full)


async def test_a_topic_that_takes_too_long_is_reported_as_it_was(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.zadd("leaderboard", {"ann": 1})

    async def stuck(_source: LeaderboardsSource) -> Sample[LeaderboardsFrame]:
        await asyncio.Event().wait()
        raise AssertionError

    class Script(io.StringIO):
        def write(self, line: str) -> int:
            if "watching" in line:
                monkeypatch.setattr(LeaderboardsSource, "read", stuck)
            return super().write(line)

    monkeypatch.setattr(snapshot, "READ_WITHIN_S", 2.0)  # enough for the others on a busy machine
    talk = Script()
    text, code = await take(Config(url=redis_url, refresh_s=0.1), 0.0, TOPICS, talk)
    topics = json.loads(text)["topics"]
    assert code == 3
    assert (topics["leaderboards"]["note"], topics["server"]["status"]) == ("no answer in time", "ok")
    assert ": no answer in time" in talk.getvalue()

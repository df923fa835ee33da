"""The headless front end: one JSON document, talk on stderr, exit codes that scripts can trust."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import redis

from demo_server.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.connection import Deployment
from redis_dash.demo import CONFIGURATION
from redis_dash.model import TOPICS
from redis_dash.snapshot import take
from tests.live.test_sources import accept, sign_in


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


async def test_a_dead_server_is_told_at_once() -> None:
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
    pipe = client.pipeline(transaction=False)
    for number in range(30_000):
        pipe.set(f"product:{number}", "x")
    pipe.execute()
    document, code, talk = await taken(redis_url, full=True, budget=0.0001)
    assert code == 0
    assert "scanned 30,000 keys" in talk
    cache = document["topics"]["cache"]
    product = next(group for group in cache["frame"]["groups"] if group["name"] == "product")
    assert (product["keys"], product["keys_low"], product["keys_high"]) == (30_000, 30_000, 30_000)
    assert product["keys_certainty"] == "exact"
    assert (cache["coverage"], cache["certainty"]) == (1.0, "exact")


async def test_full_without_the_right_to_scan_is_told_and_ends(
    redis_url: str, make_poor: Callable[..., Deployment]
) -> None:
    make_poor("-scan")
    document, code, talk = await taken(redis_url.replace("redis://", "redis://poor:pw@"), full=True)
    assert "not scanned" in talk
    assert code == 3
    assert document["topics"]["server"]["status"] == "ok"

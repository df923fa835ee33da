"""The command ``redis-dash discover``: it lists the kinds of keys, and shows no session's id."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest
import redis

from redis_dash.config import Config
from redis_dash.discover import OK, UNREACHABLE, discover
from redis_dash.discovery.discovery import Discovery
from tests.live.test_discovery import EXPRESS, sign_in
from tests.live.versions import knows


def recognised_as(row: str) -> str:
    """The column before the last one."""
    return [text.strip() for text in row.split("  ") if text.strip()][-2]


@pytest.mark.parametrize("as_json", [False, True])
async def test_discover_lists_the_kinds_of_keys_and_no_session_id(
    redis_url: str, client: redis.Redis, *, as_json: bool
) -> None:
    ids = [sign_in(client, f"user{number}") for number in range(30)]
    lone = sign_in(client, "lone", "other:sess:")
    for number in range(100):
        client.hset(f"cart:{number}", "a", "1")
    text, code = await discover(Config(url=redis_url), as_json=as_json)
    assert code == OK
    assert not [one for one in (*ids, lone) if one in text]
    if not as_json:
        lines = {line.split()[0]: line for line in text.splitlines()[2:]}
        assert lines["sess:*"].split()[1] == "30"
        assert EXPRESS in lines["sess:*"]
        assert "not recognised" in lines["cart:*"]
        assert "never" in lines["cart:*"]
        carts = sum(client.memory_usage(key, samples=0) or 0 for key in client.scan_iter("cart:*"))
        assert f"{carts / 1024:.2f} kB  hash" in lines["cart:*"] or f"{carts / 1024:.1f} kB  hash" in lines["cart:*"]
        return
    kinds = {kind["keys"]: kind for kind in json.loads(text)["kinds"]}
    assert (kinds["sess:*"]["count"], kinds["sess:*"]["recognised"][0]["as"]) == (30, EXPRESS)
    assert (kinds["cart:*"]["types"], kinds["cart:*"]["recognised"]) == ({"hash": 16}, [])
    carts = sum(client.memory_usage(key, samples=0) or 0 for key in client.scan_iter("cart:*"))
    memory = {"bytes": carts, "low": carts, "high": carts, "certainty": "counted", "measured": 100}
    assert kinds["cart:*"]["memory"] == memory
    assert kinds["cart:*"]["mean_bytes"] == carts / 100


async def test_discover_tells_what_was_gone_from_what_is_not_recognised(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is gone before it is read, and one that may not be read, may be of a kind that is known."""
    make_poor()
    for number in range(20):
        client.set(f"short:{number}", "x")
        client.set(f"other:{number}", "x")
    look = Discovery.look

    async def late(self: Discovery, most: int) -> None:
        client.delete(*client.keys("short:*"))
        await look(self, most)

    monkeypatch.setattr(Discovery, "look", late)
    text, _ = await discover(Config(url=redis_url), as_json=False)
    rows = {line.split()[0]: line for line in text.splitlines() if ":*" in line}
    assert recognised_as(rows["short:*"]) == "gone before it was read"
    assert recognised_as(rows["other:*"]) == "not recognised"
    client.set("short:1", "x")
    monkeypatch.setattr(Discovery, "look", look)
    client.acl_setuser("poor", enabled=True, reset_keys=True, keys=["other:*"])
    text, _ = await discover(Config(url=redis_url.replace("redis://", "redis://poor:pw@")), as_json=False)
    rows = {line.split()[0]: line for line in text.splitlines() if ":*" in line}
    assert recognised_as(rows["short:*"]) == "rights missing"
    assert recognised_as(rows["other:*"]) == "not recognised"


async def test_numbers_that_expire_are_called_so(redis_url: str, client: redis.Redis) -> None:
    """Counters of rate-limiter-flexible with a prefix of the application cannot be told from other counters."""
    for number in range(30):
        client.set(f"api:10.0.0.{number}", number, ex=60)
        client.set(f"visits:{number}", number)
        client.set(f"price:{number}", "1.5", ex=60)
    text, _ = await discover(Config(url=redis_url), as_json=False)
    rows = {line.split()[0]: line for line in text.splitlines() if ":" in line}
    assert recognised_as(rows["api:*"]) == "not recognised: numbers that expire"
    assert recognised_as(rows["visits:*"]) == "not recognised"
    assert recognised_as(rows["price:*"]) == "not recognised"
    document, _ = await discover(Config(url=redis_url), as_json=True)
    kinds = {kind["keys"]: kind for kind in json.loads(document)["kinds"]}
    assert {name: kind["expiring_numbers"] for name, kind in kinds.items()} == {
        "api:*": 16,
        "visits:*": 0,
        "price:*": 0,
    }
    assert kinds["api:*"]["recognised"] == []


async def test_discover_says_that_a_database_holds_no_keys(redis_url: str, client: redis.Redis) -> None:
    text, code = await discover(Config(url=redis_url), as_json=False)
    assert code == OK
    assert text.splitlines()[0].endswith(": 0 keys")
    assert text.splitlines()[1:] == ["", "The database holds no keys."]
    document, _ = await discover(Config(url=redis_url), as_json=True)
    assert (json.loads(document)["keys"], json.loads(document)["kinds"]) == (0, [])


async def test_discover_without_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert await discover(Config(url=f"redis://127.0.0.1:{port}"), as_json=False) == ("", UNREACHABLE)


async def test_discover_names_the_right_that_reads_the_other_keys(redis_url: str, client: redis.Redis) -> None:
    client.mset({f"{name}:{number}": "x" for name in ("cart", "order") for number in range(20)})
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["cart:*"], channels=["*"])
    url = redis_url.replace("redis://", "redis://poor:pw@")
    text, _ = await discover(Config(url=url), as_json=False)
    told, reads = text.splitlines()[-1], "%R~" if knows(client, 7) else "~"
    assert told == f"Left out: not allowed to read the keys of 1 kind. ACL SETUSER poor {reads}order:* allows it."
    client.execute_command(*["ACL", "SETUSER", "poor", "resetkeys", f"{reads}*"])  # type: ignore[no-untyped-call]
    text, _ = await discover(Config(url=url), as_json=False)
    assert "Left out" not in text
    client.acl_deluser("poor")


async def test_a_kind_that_is_one_name_is_one_key(redis_url: str, client: redis.Redis) -> None:
    """Also where names are sampled: it is not as many as its share of the sample, and takes no more than it takes."""
    client.mset({f"product:{number}": "x" for number in range(50_000)})
    client.zadd("board:sales", {f"player{number}": number for number in range(5000)})
    size = client.memory_usage("board:sales", samples=0)
    for _ in range(4):  # it is in the sample in two of five runs
        document, _ = await discover(Config(url=redis_url), as_json=True)
        kinds = {kind["keys"]: kind for kind in json.loads(document)["kinds"]}
        board = kinds["board:sales"]
        assert (board["count"], board["low"], board["high"]) == (1, 1, 1)
        assert (board["memory"]["bytes"], board["memory"]["low"], board["memory"]["high"]) == (size, size, size)
        assert kinds["product:*"]["low"] <= 50_000 <= kinds["product:*"]["high"]


async def test_discover_says_what_it_leaves_out(
    redis_url: str, client: redis.Redis, make_poor: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that were not looked at, kinds that are not listed, and what the user may not run."""
    client.mset({f"{name}:state": "x" for name in ("import", "deploy", "menu")})
    text, _ = await discover(Config(url=redis_url), as_json=False)
    assert len(text.splitlines()) == 6, "nothing is left out"
    monkeypatch.setattr("redis_dash.discover.SHOWN", 1)
    client.mset({f"product:{number}": "x" for number in range(25_000)})
    make_poor("-memory|usage")
    url = redis_url.replace("redis://", "redis://poor:pw@")
    text, _ = await discover(Config(url=url), as_json=False)
    share, more, refused = text.splitlines()[-3:]
    assert share == "82 % of the names were looked at: counts are estimates, kinds of very few keys may be missing."
    assert more == "Not listed: 3 more kinds, each of fewer keys."
    assert refused == "Left out: not allowed to run MEMORY USAGE. ACL SETUSER poor +memory|usage allows it."
    document, _ = await discover(Config(url=url), as_json=True)
    told = json.loads(document)
    assert (told["keys"], told["seen"], told["looked_at"], told["unlisted"]) == (25_003, 25_003, 20_480, 3)
    assert told["refused"] == ["not allowed to run MEMORY USAGE"]

"""A real server counts every write, expiry and eviction as a change, and no read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.change_counters import Changes, lost_between, writes_between
from redis_dash.client.deployment import Deployment
from redis_dash.client.own_lookups import COUNTED
from redis_dash.config import Url
from tests.conftest import until_async

Act = Callable[[redis.Redis], object]


def _restore(client: redis.Redis) -> None:
    dump = client.dump("a")
    assert isinstance(dump, bytes)
    client.restore("new", 0, dump)


def _transaction(client: redis.Redis) -> None:
    with client.pipeline(transaction=True) as transaction:
        transaction.set("new", "1")
        transaction.execute()


WRITES: dict[str, Act] = {
    "SET": lambda client: client.set("new", "1"),
    "SET of the same": lambda client: client.set("a", "1"),
    "DEL": lambda client: client.delete("a"),
    "UNLINK": lambda client: client.unlink("a"),
    "RENAME": lambda client: client.rename("a", "new"),
    "PEXPIRE": lambda client: client.pexpire("a", 100_000),
    "PERSIST": lambda client: client.persist("timed"),
    "HSET": lambda client: client.hset("hash", "b", "2"),
    "ZADD": lambda client: client.zadd("zset", {"a": 2}),
    "EVAL": lambda client: client.eval("return redis.call('SET', 'new', '1')", 0),
    "MULTI": _transaction,
    "RESTORE": _restore,
    "COPY": lambda client: client.copy("a", "new"),
    "MOVE": lambda client: client.move("a", 1),
    "SWAPDB": lambda client: client.swapdb(0, 1),
    "FLUSHDB": lambda client: client.flushdb(),
    "FLUSHALL": lambda client: client.flushall(),
    "SET and SAVE": lambda client: (client.set("new", "1"), client.save()),
}

READS: dict[str, Act] = {
    "SCAN": lambda client: list(client.scan_iter()),
    "DBSIZE": lambda client: client.dbsize(),
    "PUBLISH": lambda client: client.publish("channel", "x"),
    "EVAL": lambda client: client.eval("return redis.call('GET', 'a')", 0),
    "DEL of nothing": lambda client: client.delete("none"),
    "lookups": lambda client: [
        client.execute_command(name.decode(), "a")  # type: ignore[no-untyped-call]
        for name in COUNTED
        if name in (b"GET", b"TTL", b"PTTL", b"TYPE", b"EXISTS", b"DUMP", b"STRLEN")
    ],
}


@pytest.fixture(autouse=True)
def filled(client: redis.Redis) -> None:
    client.set("a", "1")
    client.set("timed", "1", ex=100)
    client.hset("hash", "a", "1")
    client.zadd("zset", {"a": 1})


async def changes(deployment: Deployment) -> Changes:
    changes = (await deployment.info(max_age_s=-1)).changes
    assert changes is not None
    return changes


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_changes_it(deployment: Deployment, client: redis.Redis, name: str) -> None:
    before = await changes(deployment)
    WRITES[name](client)
    assert await changes(deployment) != before


@pytest.mark.parametrize("name", READS)
async def test_reading_does_not(deployment: Deployment, client: redis.Redis, name: str) -> None:
    before = await changes(deployment)
    READS[name](client)
    assert await changes(deployment) == before


async def test_expiry_changes_it(deployment: Deployment, client: redis.Redis) -> None:
    client.set("short", "1", px=1)
    before = await changes(deployment)

    async def changed() -> bool:
        return await changes(deployment) != before

    await until_async(changed)
    after = await changes(deployment)
    assert lost_between(before, after) == 1
    assert writes_between(before, after) == 0


async def test_eviction_changes_it(deployment: Deployment, client: redis.Redis) -> None:
    before = await changes(deployment)
    try:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", "1")  # then a command that is no write evicts, too
        client.get("a")
        assert await changes(deployment) != before
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")


async def test_a_restarted_server_is_another() -> None:
    with EmbeddedServer() as server:
        deployment = Deployment(Url(server.url))
        before = await changes(deployment)
        await deployment.close()
        server.stop()
        server.start()
        deployment = Deployment(Url(server.url))
        after = await changes(deployment)
        assert after != before
        assert writes_between(before, after) is None
        await deployment.close()


async def test_as_many_keys_can_have_come_as_were_written(deployment: Deployment, client: redis.Redis) -> None:
    before = await changes(deployment)
    client.mset({f"new:{number}": "1" for number in range(50)})
    writes = writes_between(before, await changes(deployment))
    assert writes is not None
    assert writes >= 50

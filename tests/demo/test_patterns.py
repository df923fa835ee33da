"""The patterns stand alone: each can be copied, and is used here without the rest of the application."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

import demo_server.patterns
from demo_server.patterns.cache_aside import CacheAside
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.circuit_breaker import PROBE_TIMEOUT, CircuitBreaker, quiet_while_open
from demo_server.patterns.events import Events
from demo_server.patterns.leaderboard import Leaderboard
from demo_server.patterns.rate_limiter import RateLimiter
from demo_server.patterns.redis_client import circuit_of, close_client, open_client
from demo_server.patterns.response_cache import ResponseCache
from demo_server.patterns.sessions import Sessions, is_session_id
from demo_server.process.embedded import EmbeddedServer

FOLDER = Path(demo_server.patterns.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")
README = FOLDER.parent / "README.md"
MOST_LINES = 120


PROBE = """
import importlib, os, sys
import redis.asyncio  # once for all: it takes longer than any pattern
for name in sys.argv[1:]:
    if (child := os.fork()) == 0:
        importlib.import_module(f"demo_server.patterns.{name}")
        print(name, *sys.modules, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def modules() -> dict[str, set[str]]:
    """For each pattern that can be imported, the modules of a process that has imported only this pattern."""
    names = [path.stem for path in FILES]
    done = subprocess.run([sys.executable, "-c", PROBE, *names], stdout=subprocess.PIPE, text=True, timeout=60)
    return {name: set(loaded) for name, *loaded in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pattern_is_short_and_needs_nothing_but_patterns(path: Path, modules: dict[str, set[str]]) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
    loaded = {name for name in modules[path.stem] if name.split(".")[0] == "demo_server"}
    assert {name for name in loaded if not name.startswith("demo_server.patterns.")} == {
        "demo_server",
        "demo_server.patterns",
    }


def test_the_reading_order_names_every_pattern_and_what_it_needs() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)\.py` \|.*\| ([\d, ]*)\|$", README.read_text(), flags=re.MULTILINE)
    names = {number: name for number, name, _ in rows}
    told = {name: {names[number] for number in needs.replace(",", " ").split()} for _, name, needs in rows}
    assert told == {path.stem: needed(path) for path in FILES}


def needed(path: Path) -> set[str]:
    """The other patterns that a pattern imports."""
    return set(re.findall(r"^from demo_server\.patterns\.(\w+) import", path.read_text(), flags=re.MULTILINE))


@pytest.fixture
async def plain(embedded_server: EmbeddedServer, redis: Redis) -> AsyncIterator[Redis]:
    """A client as redis-py makes it, of the shared server, which is empty."""
    async with Redis.from_url(embedded_server.url) as client:
        yield client


async def test_a_session_is_started_read_replaced_and_ended(plain: Redis) -> None:
    sessions = Sessions(plain, ttl=100, prefix="sid")
    first, replaced = await sessions.start({"user": 7})
    assert (is_session_id(first), replaced) == (True, None)
    await plain.expire(f"sid:{first}", 10)
    assert await sessions.read(first) == {"user": 7}
    assert 10 < await plain.ttl(f"sid:{first}") <= 100

    second, replaced = await sessions.start({"user": 8}, old_id=first)
    assert replaced == {"user": 7}
    assert await sessions.read(first) is None
    assert await sessions.end(second) == {"user": 8}
    assert await sessions.end(second) is None
    assert await sessions.read("../../etc/passwd") is None


class Table:
    """A table of a database in memory, with a version for each row."""

    def __init__(self) -> None:
        self.reads = 0
        self._rows: dict[int, tuple[dict[str, Any], int]] = {1: ({"price": 5}, 1)}

    async def load(self, row_id: int) -> tuple[dict[str, Any], int] | None:
        self.reads += 1
        return self._rows.get(row_id)

    async def write(self, row_id: int, version: int, row: dict[str, Any]) -> dict[str, Any] | None:
        if self._rows[row_id][1] != version:
            return None
        self._rows[row_id] = (row, version + 1)
        return row


async def test_cache_aside_reads_through_and_forgets_what_changes(plain: Redis) -> None:
    table = Table()
    lookups: list[tuple[str, int, int]] = []
    cache = CacheAside(plain, table.load, prefix="row", count=lambda *counts: lookups.append(counts))
    assert await cache.get(1) == ({"price": 5}, "db")
    assert await cache.get(1) == ({"price": 5}, "cache")
    assert table.reads == 1
    assert await cache.update(1, lambda version: table.write(1, version, {"price": 6})) == {"price": 6}
    assert await cache.get(1) == ({"price": 6}, "db")
    assert await cache.get(1) == ({"price": 6}, "cache")
    assert await cache.get(2) is None
    assert await cache.update(2, lambda version: table.write(2, version, {})) is None
    assert lookups == [("row", 0, 1), ("row", 1, 0), ("row", 0, 1), ("row", 1, 0), ("row", 0, 1)]


async def test_without_anybody_who_counts_the_cache_works_as_well(plain: Redis) -> None:
    runs = 0

    @ResponseCache(plain).cached(prefix="double")
    async def double(number: int) -> int:
        nonlocal runs
        runs += 1
        return 2 * number

    assert [await double(2), await double(number=2)] == [4, 4]
    assert runs == 1


async def test_stats_tell_what_redis_has_counted(plain: Redis) -> None:
    stats = CacheStats(plain)
    stats.count("page", 3, 1)
    assert await stats.flush() == {("page", "hits"): 3, ("page", "misses"): 1}
    assert await stats.flush() == {}
    assert await plain.hgetall("cache:stats:page") == {b"hits": b"3", b"misses": b"1"}


async def test_a_limit_and_a_leaderboard_have_the_keys_that_they_are_given(plain: Redis) -> None:
    limiter = RateLimiter(plain, limit=1, window=60, prefix="calls")
    verdicts = [await limiter.admit("me") for _ in range(2)]
    assert [verdict and verdict.accepted for verdict in verdicts] == [True, False]
    board = Leaderboard(plain, key="weekly")
    assert [await board.score("ann", score) for score in (5, 3, 8)] == [True, False, True]
    assert sorted(await plain.keys()) == [b"calls:me", b"weekly"]


async def test_an_event_says_whether_redis_took_it(own_server: EmbeddedServer) -> None:
    async with Redis.from_url(own_server.url) as client:
        assert await Events(client).publish("orders", "order.created", order_id=1)
        own_server.stop()
        assert not await Events(client).publish("orders", "order.created", order_id=2)


async def test_an_open_circuit_is_logged_once(own_server: EmbeddedServer, caplog: pytest.LogCaptureFixture) -> None:
    redis, probe = open_client(own_server.url), open_client(own_server.url, timeout=PROBE_TIMEOUT)
    quiet_while_open("demo_server")
    circuit, events = CircuitBreaker(circuit_of(redis), probe), Events(redis)
    own_server.stop()
    await events.publish("orders", "order.created")
    assert "order.created on orders is lost" in caplog.text
    await circuit.check()
    caplog.clear()
    await circuit.check()
    assert not await events.publish("orders", "order.created")
    assert caplog.text == ""
    for client in (redis, probe):
        await close_client(client)

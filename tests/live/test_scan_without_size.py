"""Without the right to run DBSIZE nobody knows how many keys there are: no total is told, the share is the cursor's."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import redis

from redis_dash.config import Config
from redis_dash.discover import discover
from redis_dash.hub import Hub
from redis_dash.keyspace.scan import Keyspace
from redis_dash.snapshot import take
from redis_dash.sources.session_search import SessionSearch
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import allow, context
from tests.live.searching import found, searching

KEYS = 8000


@pytest.fixture
def config(client: redis.Redis, redis_url: str) -> Config:
    client.mset({f"other:{number}": "x" for number in range(KEYS)})
    allow(client, "~*", "&*", "+@all", "-dbsize")
    return Config(url=redis_url.replace("redis://", "redis://w:pw@"), refresh_s=0.1, sessions=("sess:*",))


async def test_a_full_pass_tells_the_share_that_was_passed_over(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, process = io.StringIO(), Keyspace._process

    async def wait(keyspace: Keyspace, keys: Mapping[str, Sequence[bytes]]) -> None:
        await until(lambda: "scanned" in talk.getvalue())
        await process(keyspace, keys)

    monkeypatch.setattr(Keyspace, "_process", wait)
    await take(config, 0.0, ("sessions",), talk, full=True)
    line = next(line for line in talk.getvalue().splitlines() if "scanned" in line)
    told = re.search(r"scanned (\d),(\d{3}) keys, (\d+)%$", line)
    assert told, line
    done, share = int(told[1] + told[2]), int(told[3]) / 100
    assert 0 < done < KEYS
    assert abs(share - done / KEYS) < 0.1


async def test_a_search_has_no_total(config: Config, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    client.set("sess:1", '{"email": "ann@example.com"}')
    made, keep, parts = context(config), SessionSearch._keep, 0
    source = SessionsSource(made)

    async def look(search: SessionSearch, *rest: Any) -> None:
        nonlocal parts
        progress, result = search.progress(), search.result()
        assert progress is not None
        assert result is not None
        assert progress.total == 0
        if progress.done < KEYS:
            parts += 1
            assert abs(progress.share - progress.done / KEYS) < 0.1
            assert result.coverage == progress.share
        await keep(search, *rest)

    monkeypatch.setattr(SessionSearch, "_keep", look)
    await made.keyspace.pass_over()
    async with searching(source) as search:
        search("ann@")
        result = await found(source)
    assert parts > 2
    assert (result.found, result.coverage, result.note) == (1, 1.0, "")
    await made.deployment.close()


async def test_nobody_is_told_that_there_are_no_keys_or_that_all_are_gone(
    client: redis.Redis, redis_url: str, config: Config
) -> None:
    client.flushall()
    for number in range(30):
        client.set(f"sess:{number}", '{"email": "ann@example.com"}')
        client.set(f"other:{number}", "x")
    document = json.loads((await take(config, 1.0))[0])
    boards = document["topics"]["leaderboards"]
    assert boards["scope"]["keys"] == 60
    text, _ = await discover(config, as_json=False)
    assert "may be gone" not in text
    assert "How many keys came or went during the scan is not known" in text
    async with running(Hub(config)) as hub:
        await until(lambda: counts(hub) == {(30, 0, None)})
        reading = hub.keys()
        assert reading.frame is not None
        assert (reading.frame.gone, reading.frame.is_size_told) == (0, False)
        assert "does not tell how many keys there are" in reading.note


def counts(hub: Hub) -> set[tuple[int, int, int | None]]:
    """The counts of all kinds with their bounds."""
    frame = hub.keys().frame
    return {kind.count.bounds for kind in frame.kinds if kind.count.certainty == "counted"} if frame else set()

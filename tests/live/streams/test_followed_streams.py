"""Streams are followed: every entry that is added is read once, what is removed before is told, nothing is changed."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.info import whole
from redis_dash.pubsub.message_log import HEAD_BYTES
from redis_dash.streams import stream as stream_module
from redis_dash.streams.stream import MAY_MISS
from tests.conftest import until, until_async
from tests.live.limited import allow
from tests.live.streams.following import Reading, add, counts_added
from tests.live.versions import read_rules


@pytest.fixture
async def reading(server: EmbeddedServer) -> AsyncIterator[Reading]:
    made = Reading(server.url)
    yield made
    await made.deployment.close()


# -- what is read ----------------------------------------------------------------------------------------------------


async def test_entries_are_read_from_now_on_and_nothing_is_changed(client: redis.Redis, reading: Reading) -> None:
    add(client, 0, 3)
    client.xgroup_create("orders", "shipping", "0")
    client.xreadgroup("shipping", "worker", {"orders": ">"}, count=1)
    await reading.follow("orders")
    before = client.xinfo_stream("orders"), client.xinfo_groups("orders"), client.xpending("orders", "shipping")
    assert reading.events == []
    entry_id: Any = client.xadd("orders", {"type": "order.created", "user": "7", b"\xff": b"\x00\x93"})
    await reading.read()
    (event,) = reading.events
    assert (event.channel, event.id) == (b"orders", entry_id.decode())
    assert event.at == int(entry_id.split(b"-")[0]) / 1000
    assert json.loads(event.payload) == {"type": "order.created", "user": "7", "\\xff": "\x00\\x93"}
    assert event.size <= len(event.payload)
    client.xdel("orders", entry_id)
    after = client.xinfo_stream("orders"), client.xinfo_groups("orders"), client.xpending("orders", "shipping")
    assert (after[0]["length"], after[0]["groups"], after[2]) == (before[0]["length"], 1, before[2])
    names = ("name", "consumers", "pending", "last-delivered-id")
    assert [[group[name] for name in names] for group in after[1]] == [
        [group[name] for name in names] for group in before[1]
    ]
    stats = {name.partition("|")[0] for name in client.info("commandstats")}
    assert not stats & {"cmdstat_xack", "cmdstat_xclaim", "cmdstat_xautoclaim"}


async def test_a_burst_is_read_page_by_page_each_entry_once(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    add(client, 0, 5000)
    while reading.reader.received < 5000:
        before = reading.reader.received
        await reading.read(1)
        assert before < reading.reader.received
    assert reading.numbers() == list(range(5000))
    assert (reading.reader.streams[0].missed, reading.marks) == (0, [])


async def test_large_entries_come_in_small_pages_and_are_kept_by_their_heads(
    client: redis.Redis, reading: Reading
) -> None:
    await reading.follow("orders")
    for n in range(30):
        client.xadd("orders", {"n": n, "body": "x" * 200_000})
    while reading.reader.received < 30:
        before = reading.reader.received
        await reading.read(1)
        assert reading.reader.received - before <= stream_module.FIRST_ENTRIES
    assert reading.reader.streams[0]._count <= 3
    event = reading.events[-1]
    assert event.size > 200_000 > 2 * HEAD_BYTES > len(event.payload)
    assert b'"n":"29"' in event.payload


async def test_an_id_that_is_no_time_has_the_time_at_which_it_came(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    began = time.time()
    client.xadd("orders", {"n": 1}, id="5-1")
    await reading.read()
    (event,) = reading.events
    assert began - 1 <= event.at <= time.time()
    assert event.id == "5-1"


async def test_a_field_that_comes_twice_is_shown_twice(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    client.execute_command("XADD", "orders", "*", "item", "a", "item", "b")  # type: ignore[no-untyped-call]
    await reading.read()
    assert json.loads(reading.events[0].payload) == {"item": "a", "item (2)": "b"}


async def test_length_groups_and_lag(client: redis.Redis, reading: Reading) -> None:
    add(client, 0, 10)
    client.xgroup_create("orders", "shipping", "0")
    client.xreadgroup("shipping", "worker", {"orders": ">"}, count=4)
    await reading.follow("orders")
    (stream,) = reading.reader.streams
    assert stream.length == 10
    assert stream.groups is not None
    (group,) = stream.groups
    assert (group.name, group.consumers, group.pending) == ("shipping", 1, 4)
    assert group.lag == (6 if counts_added(client) else None)


# -- what was removed before it was read -----------------------------------------------------------------------------


async def test_entries_that_were_trimmed_before_they_were_read_are_told(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    add(client, 0, 5)
    await reading.read()
    add(client, 5, 100, maxlen=10, approximate=False)
    await reading.read()
    assert reading.numbers() == [*range(5), *range(95, 105)]
    (stream,) = reading.reader.streams
    if counts_added(client):
        assert (stream.missed, stream.may_miss) == (90, False)
        assert reading.marks == ["orders: 90 entries were removed before they were read"]
    else:
        assert (stream.missed, stream.may_miss) == (0, True)
        assert reading.marks == ["orders: entries may have been removed before they were read"]


async def test_entries_that_are_trimmed_after_they_were_read_are_no_loss(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    for first in range(0, 100, 5):
        add(client, first, 5, maxlen=20, approximate=False)
        await reading.read(1)
    await reading.read()
    (stream,) = reading.reader.streams
    assert reading.numbers() == list(range(100))
    assert (stream.missed, stream.may_miss, reading.marks) == (0, False, [])


async def test_one_entry_that_is_deleted_before_it_is_read_is_told(client: redis.Redis, reading: Reading) -> None:
    if not counts_added(client):
        pytest.skip("this server does not count the entries that were added")
    await reading.follow("orders")
    add(client, 0, 2)
    gone = client.xadd("orders", {"n": 2})
    client.xdel("orders", gone)
    add(client, 3, 2)
    await reading.read()
    assert reading.numbers() == [0, 1, 3, 4]
    assert reading.marks == ["orders: 1 entry was removed before it was read"]


async def test_a_loss_in_a_burst_of_many_pages_is_counted_exactly(client: redis.Redis, reading: Reading) -> None:
    """Entries come while pages are read, so that XINFO and XREAD are of different moments."""
    if not counts_added(client):
        pytest.skip("this server does not count the entries that were added")
    await reading.follow("orders")
    added = 0
    for number in (700, 30, 900, 5, 2500, 1, 800):
        add(client, added, number, maxlen=400, approximate=False)
        added += number
        await reading.read(1)
    while reading.reader.streams[0].is_behind:
        await reading.read(1)
    await reading.read()
    (stream,) = reading.reader.streams
    assert stream.received + stream.missed == added
    assert stream.missed > 0
    assert len(set(reading.numbers())) == stream.received


# -- keys that are no streams ----------------------------------------------------------------------------------------


async def test_a_stream_that_is_made_later_is_read_from_its_first_entry(client: redis.Redis, reading: Reading) -> None:
    await reading.follow("orders")
    (stream,) = reading.reader.streams
    assert (stream.state, stream.trouble) == ("absent", "there is no such key yet")
    add(client, 0, 3)
    await reading.read()
    assert (reading.numbers(), stream.trouble, stream.missed) == ([0, 1, 2], "", 0)


async def test_a_stream_that_is_deleted_and_made_anew_is_read_from_its_first_entry(
    client: redis.Redis, reading: Reading
) -> None:
    add(client, 0, 3, id="*")
    await reading.follow("orders")
    client.delete("orders")
    await reading.read()
    client.xadd("orders", {"n": 7}, id="1-1")
    await reading.read()
    assert reading.numbers() == [7]
    assert reading.marks == [f"orders: the key is gone: {MAY_MISS}"]
    client.delete("orders")
    client.xadd("orders", {"n": 8}, id="0-5")
    await reading.read()
    assert reading.numbers() == [7, 8]
    assert reading.marks[1:] == [f"orders: the key was made anew: {MAY_MISS}"]


async def test_a_key_of_another_type_is_told_and_costs_the_server_no_error(
    client: redis.Redis, reading: Reading
) -> None:
    client.hset("orders", "a", "b")
    await reading.deployment.connect()
    client.config_resetstat()
    await reading.follow("orders", "missing")
    await reading.read()
    assert [stream.trouble for stream in reading.reader.streams] == [
        "no stream: the key is a hash",
        "there is no such key yet",
    ]
    assert client.info("errorstats") == {}
    client.delete("orders")
    add(client, 0, 2)
    await reading.read()
    assert reading.numbers() == [0, 1]


# -- the connection, rights, cost ------------------------------------------------------------------------------------


async def test_reading_goes_on_after_a_lost_connection_without_loss_and_without_repeating(
    client: redis.Redis, reading: Reading
) -> None:
    await reading.follow("orders")
    task = asyncio.create_task(reading.reader.run())
    try:
        for first in range(0, 60, 20):
            add(client, first, 20)
            await until(functools.partial(_has_received, reading, first + 5))
            if first < 40:
                client.client_kill_filter(_type="normal", skipme=True)
        await until(functools.partial(_has_received, reading, 60))
        connects = reading.deployment.connects
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert connects == 3
    assert reading.numbers() == list(range(60))
    assert (reading.marks, reading.reader.streams[0].missed) == ([], 0)


def _has_received(reading: Reading, number: int) -> bool:
    return reading.reader.received >= number


@pytest.mark.parametrize(
    ("rules", "words", "granted"),
    [
        (("~*", "+@all", "-xread"), "not allowed to run XREAD", "+xread"),
        (("~*", "+@all", "-xinfo"), "not allowed to run XINFO", "+xinfo"),
        (("~other", "+@all"), "not allowed to use this key", "~orders"),
    ],
)
async def test_a_missing_right_is_told_and_reading_begins_when_it_is_granted(
    server: EmbeddedServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, rules: Any, words: str, granted: str
) -> None:
    allow(client, *rules)
    reading = Reading(f"redis://w:pw@127.0.0.1:{server.port}/0")
    add(client, 0, 3)
    await reading.follow("orders")
    (stream,) = reading.reader.streams
    assert stream.state == "refused"
    assert stream.trouble.partition("|")[0].partition(" STREAM")[0] == words
    before = client.info("commandstats").get("cmdstat_type", {"calls": 0})["calls"]
    await reading.read()
    assert client.info("commandstats").get("cmdstat_type", {"calls": 0})["calls"] == before  # not asked so soon again
    allow(client, *rules, granted)
    monkeypatch.setattr(stream_module, "ASK_AGAIN_S", 0.0)

    async def is_read() -> bool:  # a refused command is sent again seldom
        await reading.read()
        return not stream.trouble

    await until_async(is_read)
    add(client, 3, 2)
    await reading.read()
    assert (stream.trouble, reading.numbers()[-2:]) == ("", [3, 4])
    await reading.deployment.close()


@pytest.mark.parametrize(
    ("rules", "words", "needed"),
    [
        (("+ping",), "XINFO STREAM, XINFO GROUPS, XREAD; rights to use this key cannot be checked yet", None),
        (("%R~orders", "+type"), "not allowed to run XINFO STREAM, XINFO GROUPS, XREAD", False),
        (("+type",), "not allowed to run XINFO STREAM, XINFO GROUPS, XREAD, nor to use this key", True),
        (("%R~orders", "+type", "+xread", "+xinfo|stream"), "not allowed to run XINFO GROUPS", False),
        (("+type", "+xread", "+xinfo|stream", "+xinfo|groups"), "not allowed to use this key", True),
    ],
)
async def test_all_missing_rights_are_told_at_once(
    server: EmbeddedServer, client: redis.Redis, rules: Any, words: str, needed: bool | None
) -> None:
    allow(client, *read_rules(client, rules))
    reading = Reading(f"redis://w:pw@127.0.0.1:{server.port}/0")
    add(client, 0, 3)
    await reading.follow("orders")
    (stream,) = reading.reader.streams
    assert words in stream.refusals.text
    assert stream.refusals.needs_key_right is bool(needed)
    # They are enough: with them the stream is read.
    granted = [*stream.refusals.rules, *(read_rules(client, ["%R~orders"]) if needed is not False else [])]
    client.execute_command("ACL", "SETUSER", "w", *granted)  # type: ignore[no-untyped-call]
    fresh = Reading(f"redis://w:pw@127.0.0.1:{server.port}/0")
    await fresh.follow("orders")
    add(client, 3, 2)
    await fresh.read()
    assert (fresh.reader.streams[0].refusals.text, fresh.numbers()) == ("", [3, 4])
    await reading.deployment.close()
    await fresh.deployment.close()


async def test_our_lookups_are_counted_as_the_server_counts_them(client: redis.Redis, reading: Reading) -> None:
    client.set("text", "x")
    client.xadd("empty", {"n": 0})
    client.xtrim("empty", 0)
    add(client, 0, 5)
    before = await reading.deployment.info(max_age_s=-1)
    await reading.follow("orders", "missing", "text", "empty")
    add(client, 5, 3)  # XADD is no lookup that counts
    await reading.read()
    after = await reading.deployment.info(max_age_s=-1)

    def gained(counter: str) -> int:
        return whole(after.values, counter) - whole(before.values, counter)

    assert gained("keyspace_hits") == after.own_hits - before.own_hits > 10
    assert gained("keyspace_misses") == after.own_misses - before.own_misses >= 3

"""A key that is deleted and made anew: what was read of it is never missed, and no number is told that is not known."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.core.errors import SourceError
from redis_dash.streams.stream import MAY_MISS
from tests.conftest import until_async
from tests.live.streams.following import Reading, add, counts_added

ANEW = f"orders: the key was made anew: {MAY_MISS}"


@pytest.fixture
async def reading(server: EmbeddedServer) -> AsyncIterator[Reading]:
    made = Reading(server.url)
    yield made
    await made.deployment.close()


def make_anew(client: redis.Redis, first: int, number: int, maxlen: int | None = None) -> None:
    """Delete the stream and add entries, all at once, so that nobody sees that it is gone; the ids go on."""
    last = int(client.xinfo_stream("orders")["last-generated-id"].split(b"-")[0])
    while _milliseconds(client) <= last:
        pass
    pipe = client.pipeline(transaction=True)
    pipe.delete("orders")
    for n in range(first, first + number):
        pipe.xadd("orders", {"n": n}, maxlen=maxlen, approximate=False)
    pipe.execute()


def _milliseconds(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


@pytest.mark.parametrize("number", [1, 3, 4, 5, 6, 7, 20])
@pytest.mark.parametrize("polls", [0, 1, 3])
async def test_what_was_read_is_not_missed(client: redis.Redis, reading: Reading, number: int, polls: int) -> None:
    """The new entries are read before an XINFO shows that the key is another one, or together with it."""
    await reading.follow("orders")
    add(client, 0, 6)
    await reading.read()
    make_anew(client, 6, number)
    for _ in range(polls):
        await reading.reader.read()
    await reading.read()
    add(client, 6 + number, 2)
    await reading.read()
    (stream,) = reading.reader.streams
    assert reading.numbers() == list(range(8 + number))
    assert stream.missed == 0
    if counts_added(client):  # otherwise it looks as if it were trimmed
        assert reading.marks == [ANEW]
        assert stream.may_miss


async def test_what_was_removed_from_the_new_key_is_counted_from_then_on(client: redis.Redis, reading: Reading) -> None:
    if not counts_added(client):
        pytest.skip("this server does not count the entries that were added")
    await reading.follow("orders")
    add(client, 0, 20)
    await reading.read()
    make_anew(client, 20, 10, maxlen=4)  # of how many entries these are the last ones is not known
    await reading.read()
    assert reading.numbers()[20:] == [26, 27, 28, 29]
    assert (reading.reader.streams[0].missed, reading.marks) == (0, [ANEW])
    add(client, 30, 12, maxlen=5, approximate=False)
    await reading.read()
    assert reading.numbers()[24:] == [37, 38, 39, 40, 41]
    assert reading.reader.streams[0].missed == 7
    assert reading.marks[1:] == ["orders: 7 entries were removed before they were read"]


async def test_what_was_counted_and_not_read_when_the_key_went_is_missed(client: redis.Redis, reading: Reading) -> None:
    """A burst of several pages is deleted while it is read: XINFO has counted the entries."""
    if not counts_added(client):
        pytest.skip("this server does not count the entries that were added")
    await reading.follow("orders")
    add(client, 0, 500)
    await reading.read(1)
    received = reading.reader.received
    assert 0 < received < 500
    client.delete("orders")
    await reading.read()
    (stream,) = reading.reader.streams
    assert (stream.missed, stream.may_miss) == (500 - received, True)
    assert reading.marks == [f"orders: the key is gone: {MAY_MISS}"]


@pytest.mark.parametrize("number", [2, 12, 13, 30])
async def test_a_restart_without_persistence(server: EmbeddedServer, number: int) -> None:
    """Entries that are added before the dashboard connects again are read, and none is called missed."""
    with EmbeddedServer(program=server._wanted_program) as restarted:
        reading = Reading(restarted.url)
        with redis.Redis(port=restarted.port) as client:
            add(client, 0, 7)
            await reading.follow("orders")
            add(client, 7, 5)
            await reading.read()
            restarted.stop()
            with pytest.raises(SourceError):
                await reading.reader.read()
            restarted.start()
        with redis.Redis(port=restarted.port) as client:
            add(client, 12, number)

            async def is_read() -> bool:  # it connects again
                with contextlib.suppress(SourceError):
                    await reading.read(3)
                return not reading.reader.trouble

            await until_async(is_read)
            (stream,) = reading.reader.streams
            assert reading.numbers() == list(range(7, 12 + number))
            assert stream.missed == 0
            if counts_added(client):
                assert (stream.may_miss, reading.marks) == (True, [ANEW])
        await reading.deployment.close()

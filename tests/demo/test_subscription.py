"""A subscription and a server that restarts."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from demo_server.patterns.redis_client import close_client, open_client
from demo_server.patterns.subscription import listen
from demo_server.process.embedded import EmbeddedServer
from tests.demo.waiting import until

CHANNEL = "news"


@pytest.mark.parametrize("client", [open_client, Redis.from_url], ids=["never repeats", "repeats"])
async def test_after_a_restart_every_message_that_has_a_receiver_is_handled(
    own_server: EmbeddedServer, control: Redis, client: Callable[[str], Redis]
) -> None:
    received: list[bytes] = []
    numbers = itertools.count()
    delivered: list[bytes] = []

    async def handle(message: bytes) -> None:
        received.append(message)

    async def publish_one() -> bool:
        message = b"%d" % next(numbers)
        if await control.publish(CHANNEL, message):
            delivered.append(message)
        return bool(received)

    redis = client(own_server.url)
    listener = asyncio.create_task(listen(redis, CHANNEL, handle))
    try:
        await until(publish_one)
        await until(lambda: received == delivered)
        await control.connection_pool.disconnect()
        # This thread does nothing else meanwhile, so the listener's first attempt meets the new server.
        own_server.stop()
        own_server.start()
        received.clear()
        delivered.clear()
        await until(publish_one)
        await until(lambda: received == delivered)
        # A subscription that is given up at once would be a receiver that handles nothing.
        assert (await control.info("commandstats"))["cmdstat_subscribe"]["calls"] == 1
    finally:
        while not listener.done():  # before Python 3.12 redis-py can swallow a cancellation
            listener.cancel()
            await asyncio.wait({listener}, timeout=0.1)
        await close_client(redis)

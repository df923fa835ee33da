"""Listen to one channel for as long as the process lives, through any number of server restarts.

Also in a cluster, whose nodes pass on what is published: one of them is listened to, another one when that is lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterPubSub, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError

log = logging.getLogger(__name__)

_FIRST_DELAY = 0.05  # seconds
_LONGEST_DELAY = 1.0
_IDLE = 5.0  # seconds without a message after which the server is pinged


async def listen(redis: Redis | RedisCluster, channel: str, handle: Callable[[bytes], Awaitable[None]]) -> None:
    """Call `handle` with each message, one after the other, until cancelled.

    Messages published while the connection is down are lost. Each attempt uses a new PubSub, because redis-py's does
    not resubscribe reliably. A handler that raises loses its message, never the subscription.
    """
    delay = _FIRST_DELAY
    while True:
        pubsub = None
        try:
            pubsub = await _new_pubsub(redis)
            await pubsub.subscribe(channel)
            while True:
                message = await _next_message(pubsub)
                delay = _FIRST_DELAY
                if message is not None:
                    await _handle_safely(handle, message, channel)
        except (RedisError, RedisClusterException, OSError) as error:
            log.warning("subscription to %s: %s; trying again in %.2f s", channel, error, delay)
        finally:
            if pubsub is not None:
                await _close(pubsub)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY)


async def _new_pubsub(redis: Redis | RedisCluster) -> PubSub:
    if isinstance(redis, RedisCluster):  # has the commands of `Redis`, but a pool for each node
        await redis.initialize()
        return _OneNode(redis, node=redis.get_random_node())
    return _OneConnection(redis.connection_pool)


class _OneConnection(PubSub):
    """A PubSub that ends with its connection.

    After a loss redis-py's own connects and subscribes again, and a client without retries then raises the error all
    the same. Until it is closed, such a subscription counts as a receiver of PUBLISH, but nobody reads its messages.
    """

    async def on_connect(self, connection: AbstractConnection) -> None:
        """Called by redis-py for each connection after the first one, instead of subscribing again."""
        raise RedisConnectionError("the connection was lost")


class _OneNode(_OneConnection, ClusterPubSub):
    """The same on a node of a cluster."""


async def _next_message(pubsub: PubSub) -> bytes | None:
    """Return the next message's data, or None for a confirmation. Raises TimeoutError if the server does not answer."""
    received = await pubsub.get_message(timeout=_IDLE)
    if received is None:
        await pubsub.ping()
        received = await pubsub.get_message(timeout=_IDLE)
        if received is None:
            raise TimeoutError("no answer to PING")
    return received["data"] if received["type"] == "message" else None


async def _handle_safely(handle: Callable[[bytes], Awaitable[None]], message: bytes, channel: str) -> None:
    try:
        await handle(message)
    except Exception:
        log.exception("a message on %s was not handled", channel)


async def _close(pubsub: PubSub) -> None:
    with contextlib.suppress(RedisError, OSError):
        await pubsub.aclose()  # type: ignore[no-untyped-call]

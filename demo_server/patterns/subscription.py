"""Listening to one channel for as long as the process lives, through any number of server restarts."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from demo_server.redis_client import RedisError

log = logging.getLogger(__name__)

_FIRST_DELAY = 0.05  # seconds
_LONGEST_DELAY = 1.0
_IDLE = 5.0  # seconds of silence after which the server is asked whether it is still there


async def listen(redis: Redis, channel: str, handle: Callable[[bytes], Awaitable[None]]) -> None:
    """Call `handle` with each message, one after the other, until cancelled. What is said meanwhile is lost.

    The loop is our own: redis-py's PubSub is known not to resubscribe reliably, so each try has a new one. A handler
    that raises costs its message, never the subscription.
    """
    delay = _FIRST_DELAY
    while True:
        pubsub = redis.pubsub()
        try:
            await pubsub.subscribe(channel)
            while True:
                message = await _next_message(pubsub)
                delay = _FIRST_DELAY
                if message is not None:
                    await _handle_safely(handle, message, channel)
        except (RedisError, OSError) as error:
            log.warning("subscription to %s: %s; trying again in %.2f s", channel, error, delay)
        finally:
            await _close(pubsub)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY)


async def _next_message(pubsub: PubSub) -> bytes | None:
    """The next message's data; None for a confirmation. Raises TimeoutError (an OSError) if the server is silent."""
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

"""Helpers for tests of the subscriber."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis_dash.config import Url
from redis_dash.core.messages import Event, Mark
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from tests.conftest import until


@contextlib.asynccontextmanager
async def listening(url: str, *channels: str, log: MessageRing | None = None) -> AsyncIterator[Subscriber]:
    """Run a subscriber, by default to all channels."""
    subscriber = Subscriber(Url(url), channels or ("*",), log or MessageRing())
    task = asyncio.create_task(subscriber.run())
    try:
        await until(lambda: subscriber.connected)
        yield subscriber
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def events(subscriber: Subscriber) -> list[Event]:
    """The messages in the ring buffer."""
    return [entry for entry in subscriber.log.read(0, subscriber.log.end) if isinstance(entry, Event)]


def marks(subscriber: Subscriber) -> list[str]:
    """The marks in the ring buffer."""
    return [entry.text for entry in subscriber.log.read(0, subscriber.log.end) if isinstance(entry, Mark)]

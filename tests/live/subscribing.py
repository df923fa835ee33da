"""What the subscriber's tests share."""

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
    """A subscriber at work, by default to everything."""
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
    """The messages that the ring still holds."""
    return [entry for entry in subscriber.log.read(0, subscriber.log.end) if isinstance(entry, Event)]


def marks(subscriber: Subscriber) -> list[str]:
    """The lines of our own among them."""
    return [entry.text for entry in subscriber.log.read(0, subscriber.log.end) if isinstance(entry, Mark)]

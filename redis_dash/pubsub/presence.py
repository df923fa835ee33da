"""Lets dashboards on a server count each other: none can tell the lookups of another from the application's.

Whoever looks up keys subscribes to one channel (``subscriber.DASHBOARDS``), also a command that runs for a moment only.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from redis_dash.client.deployment import Deployment
from redis_dash.core.errors import SourceError
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import DASHBOARDS, Subscriber

STAY_S = 2.5
"""How long a run can be noticed at least: dashboards poll once a second by default."""
UNNOTICED = "the hit rate of a dashboard that runs now may include this command's lookups: it may not notice them"


async def subscribed(deployment: Deployment) -> int | None:
    """How many subscribe to the channel, including this program; None if the server does not tell.

    Raises:
        SourceError: the server could not be reached.
    """
    nodes = await deployment.on_each([(b"PUBSUB", b"NUMSUB", DASHBOARDS)])
    numbers: list[int] = [reply[1] for (reply,) in nodes if isinstance(reply, list) and len(reply) == 2]
    return sum(numbers) if len(numbers) == len(nodes) else None  # each subscribes on one node


async def until_noticed(deployment: Deployment, subscriber: Subscriber) -> None:
    """Return when dashboards that poll often enough have seen us; at once if there are none."""
    since = subscriber.announced_since
    left_s = 0.0 if since is None else since + STAY_S - time.monotonic()
    with contextlib.suppress(SourceError):
        if left_s > 0 and (await subscribed(deployment) or 0) > 1:
            await asyncio.sleep(left_s)


@contextlib.asynccontextmanager
async def announced(deployment: Deployment) -> AsyncIterator[Subscriber]:
    """Let dashboards see us meanwhile: enter before the deployment connects, which looks up keys already."""
    subscriber = Subscriber(deployment.url, (), MessageRing(), deployment.open_listener)
    listening = asyncio.create_task(subscriber.run())
    try:
        await subscriber.tried.wait()
        yield subscriber
        await until_noticed(deployment, subscriber)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

"""A client tracking at work, and what it has named."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis_dash.keyspace.client_tracking import ClientTracking
from tests.conftest import until


@contextlib.asynccontextmanager
async def listening(tracking: ClientTracking, key_group: str = "sessions") -> AsyncIterator[ClientTracking]:
    """Run the tracking; it covers the key group from here on."""
    task = asyncio.create_task(tracking.run())
    try:
        await until(lambda: tracking.covers(key_group, float("inf")))
        yield tracking
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def taken(tracking: ClientTracking, key_group: str = "sessions") -> list[bytes]:
    with tracking.reading(key_group) as take:
        return await take()

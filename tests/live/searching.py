"""Many sessions, and a source that searches them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import redis

from redis_dash.core.commands import SearchSessions
from redis_dash.core.frames.sessions import Search
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until


def sign_in_many(client: redis.Redis, count: int) -> None:
    pipe = client.pipeline(transaction=False)
    for number in range(count):
        value = {"email": f"user{number}@example.com", "role": "student", "plan": f"plan-{number % 7}", "token": "abc"}
        pipe.set(f"session:{number:05d}-0123456789", json.dumps(value), ex=1000 + number)
    pipe.execute()


@contextlib.asynccontextmanager
async def searching(source: SessionsSource) -> AsyncIterator[Callable[[str], None]]:
    task = asyncio.create_task(source.run())
    try:
        yield lambda text: source.ask(SearchSessions(text))
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def found(source: SessionsSource) -> Search:
    await until(lambda: source.progress() is None)
    search = (await source.read()).frame.search
    assert search is not None
    return search

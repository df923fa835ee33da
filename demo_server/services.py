"""Everything that one application is made of, wired together once."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis

from demo_server.patterns.cache_aside import Products
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.circuit_breaker import PROBE_TIMEOUT, CircuitBreaker
from demo_server.patterns.events import Events
from demo_server.patterns.leaderboard import Leaderboard
from demo_server.patterns.page_views import Views
from demo_server.patterns.rate_limit import RateLimiter
from demo_server.patterns.response_cache import ResponseCache
from demo_server.patterns.sessions import Sessions
from demo_server.process.guarded import GuardedFolder
from demo_server.redis_client import close_client, open_client
from demo_server.settings import Settings
from demo_server.shop.database import Database
from demo_server.shop.order_service import OrderService
from demo_server.shop.summarizer import Summary, build_summarizer
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one application, which share one Redis client and one truth."""

    settings: Settings
    redis: Redis
    probe: Redis  # of the circuit breaker, and nobody else's
    circuit: CircuitBreaker
    truth: Truth
    database: Database
    events: Events
    stats: CacheStats
    cache: ResponseCache
    products: Products
    sessions: Sessions
    limiter: RateLimiter
    leaderboard: Leaderboard
    views: Views
    summarize: Callable[[str], Awaitable[Summary]]


def build_services(settings: Settings) -> Services:
    """Wire the parts. Nothing is opened or connected yet."""
    redis = open_client(settings.redis_url)
    probe = open_client(settings.redis_url, name="demo-server-probe", timeout=PROBE_TIMEOUT)
    truth = Truth(settings.rate_window)
    database = Database(settings.database_latency)
    events = Events(redis, truth)
    stats = CacheStats(redis, truth)
    return Services(
        settings=settings,
        redis=redis,
        probe=probe,
        circuit=CircuitBreaker(redis, probe),
        truth=truth,
        database=database,
        events=events,
        stats=stats,
        cache=ResponseCache(redis, stats),
        products=Products(redis, database, events, stats),
        sessions=Sessions(redis, events, truth),
        limiter=RateLimiter(redis, events, truth, limit=settings.rate_limit, window=settings.rate_window),
        leaderboard=Leaderboard(redis, truth),
        views=Views(redis),
        summarize=build_summarizer(settings.llm_seconds),
    )


@contextlib.asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Open the database and begin what runs beside the requests; close everything at the end, the clients last."""
    async with contextlib.AsyncExitStack() as stack:
        for client in (services.redis, services.probe):
            stack.push_async_callback(close_client, client)
        path = services.settings.database
        if path is None:
            log.warning("DEMO_DATABASE is not set: prices and orders end with this process, what Redis holds does not")
            path = stack.enter_context(GuardedFolder()).path / "shop.sqlite3"
        await services.database.open(path)
        stack.push_async_callback(services.database.close)
        await services.circuit.ask()
        stack.push_async_callback(services.stats.flush)
        orders = OrderService(services.redis, services.database, services.events)
        for work in (services.circuit.run(), services.stats.run(), orders.run()):
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        yield


async def _cancel(task: asyncio.Task[None]) -> None:
    # More than once if need be: before Python 3.12 `asyncio.wait_for`, which the driver uses, can swallow it.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(services_of)]

"""The parts of one application, connected with each other in one place."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis

from demo_server import keys
from demo_server.clients import background_work, circuit_of, close_client, open_client
from demo_server.patterns.cache_stats import CacheStats
from demo_server.patterns.circuit_breaker import PROBE_TIMEOUT, CircuitBreaker, quiet_while_open
from demo_server.patterns.events import Events
from demo_server.patterns.leaderboard import Leaderboard
from demo_server.patterns.page_views import PageViews
from demo_server.patterns.response_cache import ResponseCache
from demo_server.process.guarded import GuardedFolder
from demo_server.settings import Settings
from demo_server.shop.blocked_clients import BlockedClients
from demo_server.shop.database import Database
from demo_server.shop.order_service import OrderService
from demo_server.shop.products import Products
from demo_server.shop.summarizer import Summary, build_summarizer
from demo_server.shop.user_sessions import UserSessions
from demo_server.truth.counted import (
    CountedCacheStats,
    CountedEvents,
    CountedLeaderboard,
    CountedRateLimiter,
    CountedSessions,
)
from demo_server.truth.counts import Truth
from demo_server.truth.recount import Recount

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one application, which share one Redis client."""

    settings: Settings
    redis: Redis
    probe: Redis  # used by the circuit breaker only
    circuit: CircuitBreaker
    truth: Truth
    recount: Recount
    database: Database
    events: Events
    stats: CacheStats
    products: Products
    sessions: UserSessions
    limiter: BlockedClients
    leaderboard: Leaderboard
    views: PageViews
    summarize: Callable[[str], Awaitable[Summary]]


def build_services(settings: Settings) -> Services:
    """Connect the parts with each other. Nothing is opened or connected to Redis yet.

    Where the truth counts something, the counted version of a pattern stands in for the plain one.
    """
    redis = open_client(settings.redis_url, name="demo-server", timeout=settings.redis_timeout)
    probe = open_client(settings.redis_url, name="demo-server-probe", timeout=PROBE_TIMEOUT)
    truth = Truth(settings.rate_window)
    database = Database(settings.database_latency)
    events = CountedEvents(redis, truth)
    stats = CountedCacheStats(redis, truth)
    limiter = CountedRateLimiter(redis, truth, limit=settings.rate_limit, window=settings.rate_window)
    quiet_while_open("demo_server")
    return Services(
        settings=settings,
        redis=redis,
        probe=probe,
        circuit=CircuitBreaker(circuit_of(redis), probe),
        truth=truth,
        recount=Recount(redis, truth),
        database=database,
        events=events,
        stats=stats,
        products=Products(redis, database, events, stats),
        sessions=UserSessions(redis, CountedSessions(redis, truth), events),
        limiter=BlockedClients(limiter, events),
        leaderboard=CountedLeaderboard(redis, truth),
        views=PageViews(redis, prefix=keys.VIEWS),
        summarize=build_summarizer(ResponseCache(redis, stats.count), settings.llm_seconds),
    )


@contextlib.asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Open the database and start the background tasks; close everything at the end, the clients last."""
    async with contextlib.AsyncExitStack() as stack:
        for client in (services.redis, services.probe):
            stack.push_async_callback(close_client, client)
        path = services.settings.database
        if path is None:
            log.warning("DEMO_DATABASE is not set: prices and orders end with this process, what Redis holds does not")
            path = stack.enter_context(GuardedFolder()).path / "shop.sqlite3"
        await services.database.open(path)
        stack.push_async_callback(services.database.close)
        await services.circuit.check()
        stack.push_async_callback(services.stats.flush)
        orders = OrderService(services.redis, services.database, services.events)
        works = [services.circuit.run(), services.stats.run(), services.recount.run(), orders.run()]
        for work in works + background_work(services.redis) + background_work(services.probe):
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        yield


async def _cancel(task: asyncio.Task[None]) -> None:
    # More than once if needed: before Python 3.12 `asyncio.wait_for`, which redis-py uses, can swallow a cancellation.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(services_of)]

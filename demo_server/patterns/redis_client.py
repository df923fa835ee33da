"""A Redis client that fails fast, for requests that go on without Redis."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from demo_server.patterns.circuit_breaker import CircuitPool

_TIMEOUT = 0.5  # seconds for a command; a request goes on without Redis rather than hang
_CONNECTIONS = 24  # commands at the same time; further ones wait for a connection
_POOL_TIMEOUT = 5.0  # seconds to wait for a connection


def open_client(url: str, *, name: str | None = None, timeout: float = _TIMEOUT) -> Redis:
    """Return a client that never repeats a command: a repeated INCR or PUBLISH would count twice.

    It connects on first use, under `name` in CLIENT LIST. Values are bytes, because a foreign value need not be text.
    """
    pool = CircuitPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_POOL_TIMEOUT,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        client_name=name,
        protocol=2,
    )
    return Redis(connection_pool=pool)


def circuit_of(redis: Redis) -> CircuitPool:
    """The pool that a circuit breaker opens."""
    assert isinstance(redis.connection_pool, CircuitPool)
    return redis.connection_pool


async def close_client(redis: Redis) -> None:
    """Close every connection of the client."""
    await redis.aclose()
    await redis.connection_pool.disconnect()

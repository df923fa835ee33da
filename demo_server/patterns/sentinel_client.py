"""A client of a primary that Sentinel names, which fails fast, as `redis_client` does for one server.

A failover is not waited for: commands fail until the sentinels name another primary. Each new connection asks them.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from demo_server.patterns.circuit_breaker import CircuitPool

_CONNECTIONS = 24  # commands at the same time; further ones wait for a connection
_POOL_TIMEOUT = 5.0  # seconds to wait for a connection
_PORT = 26379


class CircuitSentinelPool(SentinelConnectionPool, CircuitPool):
    """A pool of connections to the present primary, with a circuit, on which callers wait for their turn."""


def open_primary(url: str, *, name: str | None = None, timeout: float = 0.5) -> Redis:
    """Return a client that never repeats a command: a repeated INCR or PUBLISH would count twice.

    `url` is redis+sentinel://[user:password@]host[:port][,host…]/name[/database], or rediss+sentinel://… for TLS; the
    sentinels need no password. It connects on first use.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    nodes = [urlsplit(f"//{host}") for host in hosts.split(",")]  # an IPv6 address is in brackets
    ways: dict[str, Any] = {
        "ssl": parts.scheme.startswith("rediss"),
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    addresses = [(node.hostname or "", node.port or _PORT) for node in nodes]
    sentinel = Sentinel(addresses, sentinel_kwargs=ways)  # type: ignore[no-untyped-call]
    client: Redis = sentinel.master_for(
        unquote(service),
        connection_pool_class=CircuitSentinelPool,
        max_connections=_CONNECTIONS,
        timeout=_POOL_TIMEOUT,
        db=int(database or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        client_name=name,
        **ways,
    )
    return client


async def close_primary(redis: Redis) -> None:
    """Close every connection of the client, also those to the sentinels."""
    pool = redis.connection_pool
    assert isinstance(pool, CircuitSentinelPool)
    await redis.aclose()
    await pool.disconnect()
    for sentinel in pool.sentinel_manager.sentinels:
        await sentinel.aclose()

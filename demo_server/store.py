"""The one shared Redis client of the application, and what every user of it needs."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

__all__ = ["RedisError", "close_client", "open_client"]

_TIMEOUT = 0.5  # seconds; a request should rather go on without Redis than hang
_CONNECTIONS = 24  # commands at once; a crowd waits for its turn
_TURN = 5.0  # seconds


def open_client(url: str, *, name: str = "demo-server") -> Redis:
    """A client that fails fast and never repeats a command: a repeated INCR or PUBLISH would count twice.

    Connects on first use. Values come as bytes, because a foreign value need not be text.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_TURN,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        client_name=name,
        protocol=2,
    )
    return Redis(connection_pool=pool)


async def close_client(redis: Redis) -> None:
    """Close every connection of the client."""
    await redis.aclose()
    await redis.connection_pool.disconnect()

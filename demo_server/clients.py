"""The client for a URL: of one server, of a cluster, or of a primary that Sentinel names."""

from collections.abc import Coroutine
from typing import cast

from redis.asyncio import Redis

from demo_server.patterns import redis_client
from demo_server.patterns.circuit_breaker import Circuit
from demo_server.patterns.cluster_client import CircuitCluster, open_cluster
from demo_server.patterns.sentinel_client import CircuitSentinelPool, close_primary, follow, open_primary
from demo_server.settings import is_cluster_url, is_sentinel_url

_TIMEOUT = 0.5  # seconds for a command


def open_client(url: str, *, name: str | None = None, timeout: float = _TIMEOUT) -> Redis:
    """Return a client that connects on first use, fails fast, and has the commands of `Redis`."""
    if is_cluster_url(url):
        return cast(Redis, open_cluster(url, name=name, timeout=timeout))
    if is_sentinel_url(url):
        return open_primary(url, name=name, timeout=timeout)
    return redis_client.open_client(url, name=name, timeout=timeout)


def circuit_of(redis: Redis | CircuitCluster) -> Circuit:
    """What a circuit breaker opens to keep commands of this client from being sent."""
    return redis if isinstance(redis, CircuitCluster) else redis_client.circuit_of(redis)


async def subscribers(redis: Redis | CircuitCluster, channel: str) -> int:
    """How many connections listen to a channel. Raises RedisError."""
    if isinstance(redis, CircuitCluster):
        replies = await redis.execute_command("PUBSUB NUMSUB", channel, target_nodes=CircuitCluster.ALL_NODES)
        return sum(number for _, number in replies)
    return sum(number for _, number in await redis.pubsub_numsub(channel))


def background_work(redis: Redis | CircuitCluster) -> list[Coroutine[None, None, None]]:
    """What has to run beside a client until it is closed."""
    if isinstance(redis, CircuitCluster) or not isinstance(redis.connection_pool, CircuitSentinelPool):
        return []
    return [follow(redis)]


async def close_client(redis: Redis | CircuitCluster) -> None:
    """Close every connection of the client."""
    if isinstance(redis, CircuitCluster):
        await redis.aclose()
    elif isinstance(redis.connection_pool, CircuitSentinelPool):
        await close_primary(redis)
    else:
        await redis_client.close_client(redis)

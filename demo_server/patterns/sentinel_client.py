"""A client of a primary that Sentinel names, which fails fast, as `redis_client` does for one server.

A failover is not waited for: commands fail until the sentinels name another primary. Each new connection asks them, and
`follow` does besides: a primary that was deposed goes on to take writes for a while, and all of them are lost.
"""

import asyncio
import contextlib
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.utils import str_if_bytes

from demo_server.patterns.circuit_breaker import CircuitPool

_CONNECTIONS = 24  # commands at the same time; further ones wait for a connection
_INTERVAL = 0.25  # seconds between two questions to the sentinels

Address = tuple[str, int]


class CircuitSentinelPool(SentinelConnectionPool, CircuitPool):
    """A pool of connections to the present primary, with a circuit, on which callers wait for their turn."""

    async def get_master_address(self) -> Address:
        """Ask the sentinels; if they name another primary, nothing more is sent to the one before. Raises RedisError.

        Called by redis-py for each new connection. Its own method asks one sentinel: it may hear of a failover last.
        """
        asked = (self._ask(sentinel) for sentinel in self.sentinel_manager.sentinels)
        told = [answer for answer in await asyncio.gather(*asked) if answer is not None]
        if not told:
            raise MasterNotFoundError(f"no sentinel tells where {self.service_name!r} is")
        _, address = max(told, key=lambda answer: answer[0])
        if address != self.master_address:
            self.master_address = address
            await self.disconnect(inuse_connections=False)
            await self.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]
        return address

    async def get_connection(self, *args: Any, **options: Any) -> AbstractConnection:
        """Return a connection to the present primary: one that was opened during a failover may lead elsewhere."""
        connection = await super().get_connection(*args, **options)  # type: ignore[no-untyped-call]
        assert isinstance(connection, SentinelManagedConnection)
        if (connection.host, connection.port) != self.master_address:
            try:
                await connection.disconnect()
                await connection.connect()  # type: ignore[no-untyped-call]
            except BaseException:
                await self.release(connection)
                raise
        return connection

    async def _ask(self, sentinel: Redis) -> tuple[int, Address] | None:
        """Return the epoch of what a sentinel knows, which grows with each failover, and the primary's address."""
        try:
            facts: Any = await sentinel.sentinel_master(self.service_name)
            address: Any = await sentinel.sentinel_get_master_addr_by_name(self.service_name)
        except (RedisError, OSError):
            return None
        return None if address is None else (facts["config-epoch"], (str_if_bytes(address[0]), address[1]))


async def follow(redis: Redis) -> None:
    """Keep the client at the primary that the sentinels name, until cancelled."""
    assert isinstance(redis.connection_pool, CircuitSentinelPool)
    while True:
        with contextlib.suppress(RedisError):
            await redis.connection_pool.get_master_address()
        await asyncio.sleep(_INTERVAL)


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
    addresses = [(node.hostname or "", node.port or 26379) for node in nodes]
    sentinel = Sentinel(addresses, sentinel_kwargs=ways)  # type: ignore[no-untyped-call]
    client: Redis = sentinel.master_for(
        unquote(service),
        connection_pool_class=CircuitSentinelPool,
        max_connections=_CONNECTIONS,
        timeout=5.0,  # seconds to wait for a connection
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

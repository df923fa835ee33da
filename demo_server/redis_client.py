"""The one shared Redis client of the application, and what every user of it needs."""

import logging

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

__all__ = [
    "CircuitOpenError",
    "CircuitPool",
    "RedisError",
    "ResponseError",
    "close_client",
    "log_failure",
    "open_client",
]

_TIMEOUT = 0.5  # seconds; a request should rather go on without Redis than hang
_CONNECTIONS = 24  # commands at once; a crowd waits for its turn
_TURN = 5.0  # seconds


class CircuitOpenError(RedisConnectionError):
    """Redis is known not to work, so nothing was sent; `problem` is what was wrong when it was asked last."""

    def __init__(self, problem: RedisError) -> None:
        super().__init__(f"the circuit is open: {problem}")
        self.problem = problem


class CircuitPool(BlockingConnectionPool):
    """A pool that hands out no connection while its circuit is open. Whoever waits for one is told at once."""

    problem: RedisError | None = None  # which keeps the circuit open

    def can_get_connection(self) -> bool:
        """Asked by the pool before it hands out a connection, and again each time that a waiter is woken."""
        if self.problem is not None:
            raise CircuitOpenError(self.problem)
        return bool(super().can_get_connection())

    async def open_circuit(self, problem: RedisError) -> None:
        self.problem = problem
        async with self._condition:
            self._condition.notify_all()

    def close_circuit(self) -> None:
        self.problem = None


def open_client(url: str, *, name: str = "demo-server", timeout: float = _TIMEOUT) -> Redis:
    """A client that fails fast and never repeats a command: a repeated INCR or PUBLISH would count twice.

    Connects on first use. Values come as bytes, because a foreign value need not be text.
    """
    pool = CircuitPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_TURN,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        client_name=name,
        protocol=2,
    )
    return Redis(connection_pool=pool)


async def close_client(redis: Redis) -> None:
    """Close every connection of the client."""
    await redis.aclose()
    await redis.connection_pool.disconnect()


def log_failure(log: logging.Logger, error: RedisError, message: str, *arguments: object) -> None:
    """A warning for each command that failed; quiet while the circuit is open, which was told when it opened."""
    level = logging.DEBUG if isinstance(error, CircuitOpenError) else logging.WARNING
    log.log(level, f"{message}: %s", *arguments, error)

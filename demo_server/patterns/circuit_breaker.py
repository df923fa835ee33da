"""The circuit breaker: while Redis does not answer, nobody waits for it."""

import asyncio
import logging

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from demo_server.redis_client import CircuitPool, RedisError

log = logging.getLogger(__name__)

PROBE_TIMEOUT = 0.25  # seconds
_INTERVAL = 0.25  # seconds between two questions
_SILENCES = 2  # that open the circuit; one alone may be a process that had no time to listen


class CircuitBreaker:
    """Asks Redis on a connection of its own whether it is there, and opens or closes the circuit of the shared client.

    Requests find out without sending anything: they fail at once while the circuit is open, and `is_up` costs nothing.
    A client whose every user had to find out alone would let each of them wait for a time-out.
    """

    def __init__(self, redis: Redis, probe: Redis) -> None:
        """`redis` is the shared client, `probe` a client with `PROBE_TIMEOUT` that nobody else uses."""
        assert isinstance(redis.connection_pool, CircuitPool)
        self._pool = redis.connection_pool
        self._probe = probe

    @property
    def is_up(self) -> bool:
        """Whether Redis answered when it was asked last."""
        return self._pool.problem is None

    async def run(self) -> None:
        """Keep asking until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            await self.ask()

    async def ask(self) -> None:
        """Ask once, and open or close the circuit accordingly."""
        problem = await self._problem()
        if problem is None:
            if not self.is_up:
                log.warning("Redis answers again: the circuit is closed")
            self._pool.close_circuit()
        else:
            if self.is_up:
                log.warning("Redis cannot be used: the circuit is open: %s", problem)
            await self._pool.open_circuit(problem)

    async def _problem(self) -> RedisError | None:
        for attempt in range(1, _SILENCES + 1):
            try:
                await self._probe.ping()
            except ResponseError:
                return None  # a refusal is an answer
            except RedisTimeoutError as error:
                if attempt == _SILENCES:
                    return error
            except RedisError as error:
                return error
            else:
                return None
        raise AssertionError("unreachable")

"""A circuit breaker: while Redis does not answer, no request waits for it."""

import asyncio
import logging
from typing import Protocol

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ClusterDownError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = logging.getLogger(__name__)

PROBE_TIMEOUT = 0.25  # seconds
_INTERVAL = 0.25  # seconds between two probes
_ATTEMPTS = 2  # time-outs in a row that open the circuit; a single one may mean that this process was busy


class CircuitOpenError(RedisConnectionError):
    """Nothing was sent, because the last probe failed; `problem` is the error of that probe."""

    def __init__(self, problem: RedisError) -> None:
        super().__init__(f"the circuit is open: {problem}")
        self.problem = problem


class Circuit(Protocol):
    """What fails at once while it is open: a client, or its pool."""

    problem: RedisError | None

    async def open_circuit(self, problem: RedisError) -> None: ...

    def close_circuit(self) -> None: ...


class CircuitPool(BlockingConnectionPool):
    """A connection pool that raises CircuitOpenError while its circuit is open, also for callers already waiting."""

    problem: RedisError | None = None  # keeps the circuit open

    def can_get_connection(self) -> bool:
        """Called by the pool before it hands out a connection, and whenever it wakes a waiting caller."""
        if self.problem is not None:
            raise CircuitOpenError(self.problem)
        return bool(super().can_get_connection())

    async def open_circuit(self, problem: RedisError) -> None:
        self.problem = problem
        async with self._condition:
            self._condition.notify_all()

    def close_circuit(self) -> None:
        self.problem = None


class CircuitBreaker:
    """Pings Redis on a connection of its own, and opens or closes the circuit of the client that requests share.

    While the circuit is open, commands fail at once and nothing is sent. Without it each request waits for a time-out.
    """

    def __init__(self, circuit: Circuit, probe: Redis) -> None:
        """`circuit` is the shared client's, such as its CircuitPool; `probe` is a client with `PROBE_TIMEOUT`."""
        self._circuit = circuit
        self._probe = probe

    @property
    def is_up(self) -> bool:
        """Whether Redis answered the last ping."""
        return self._circuit.problem is None

    async def run(self) -> None:
        """Ping again and again until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            await self.check()

    async def check(self) -> None:
        """Ping once, and open or close the circuit accordingly."""
        problem = await self._ping()
        if problem is None:
            if not self.is_up:
                log.warning("Redis answers again: the circuit is closed")
            self._circuit.close_circuit()
        else:
            if self.is_up:
                log.warning("Redis cannot be used: the circuit is open: %s", problem)
            await self._circuit.open_circuit(problem)

    async def _ping(self) -> RedisError | None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._probe.ping()
            except ClusterDownError as error:
                return error
            except ResponseError:
                return None  # a refusal is an answer
            except RedisTimeoutError as error:
                if attempt == _ATTEMPTS:
                    return error
            except RedisError as error:
                return error
            else:
                return None
        raise AssertionError("unreachable")


def quiet_while_open(package: str) -> None:
    """Keep CircuitOpenError out of the package's log. The breaker logs once when the circuit opens, which is enough."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith(f"{package}."):
            logger.addFilter(_is_not_open_circuit)


def _is_not_open_circuit(record: logging.LogRecord) -> bool:
    return not any(isinstance(argument, CircuitOpenError) for argument in record.args or ())

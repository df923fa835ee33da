"""Who may use Redis now: commands that the truth counts, side by side, or a recount, alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from redis.exceptions import ResponseError

from demo_server.patterns.circuit_breaker import CircuitOpenError


class CommandGate:
    """Open for commands, except while a recount reads what they have changed."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.asynccontextmanager
    async def command(self, in_doubt: Callable[[], object]) -> AsyncIterator[None]:
        """Send one command in the block, and count it there. Blocks do not contain each other.

        `in_doubt` is called if nobody can tell whether Redis executed the command.
        """
        await self._open.wait()
        self._running += 1
        self._idle.clear()
        try:
            yield
        except (CircuitOpenError, ResponseError):
            raise  # not sent, or refused
        except BaseException as error:
            if not isinstance(error.__context__, ConnectionRefusedError):  # nobody was there to send it to
                in_doubt()
            raise
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Run the block while no command is under way."""
        self._open.clear()
        try:
            await self._idle.wait()
            yield
        finally:
            self._open.set()

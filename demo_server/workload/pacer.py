"""The rate of the whole workload, and its pause."""

import asyncio
import time


class Gate:
    """Open, or closed by the scenario `pause`: then no request begins, and those in flight end."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        """Return as soon as it is open."""
        await self._open.wait()


class Pacer:
    """Lets callers pass at a steady rate, however many wait. Lost time is not made up for."""

    def __init__(self, rate: float, gate: Gate) -> None:
        """`rate` in turns per second; may be changed at any time."""
        self.rate = rate
        self._gate = gate
        self._next_turn = 0.0  # monotonic time

    async def turn(self) -> None:
        """Wait for the next turn, and while the gate is closed."""
        await self._gate.passed()
        now = time.monotonic()
        turn = max(now, self._next_turn)
        self._next_turn = turn + 1 / self.rate
        await asyncio.sleep(turn - now)
        await self._gate.passed()

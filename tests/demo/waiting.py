"""Waiting for something to become true, never for time to pass."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], *, within: float = 20.0, what: str = "condition"
) -> None:
    """Return as soon as the condition holds; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        outcome = condition()
        if inspect.isawaitable(outcome):
            outcome = await outcome
        if outcome:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within} s")
        await asyncio.sleep(0.03)  # most conditions cost the demo an answer

"""Work on one slice of the scan, while the next slice comes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class OneBehind:
    """Runs one piece of work at a time beside its caller; when the block ends, none runs any more."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # retrieved, so that asyncio does not log it: the caller has its own reason to end

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work; the one before it has ended."""
        self._running = asyncio.create_task(work)

    async def end(self) -> None:
        """Return when the piece of work has ended, and raise what it has raised."""
        running, self._running = self._running, None
        if running is not None:
            await running

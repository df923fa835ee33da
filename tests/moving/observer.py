"""A hub that keeps every reading with the interval in which it was taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from redis_dash.client.info import Info
from redis_dash.config import Config
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.hub import Hub
from redis_dash.sources.base import Source
from tests.moving.timeline import Span


class Seen(NamedTuple):
    """One reading."""

    reading: AnyReading
    span: Span
    """The interval in which it was taken."""
    info: Span
    """The interval in which the server answered the first INFO that the source used."""
    passes: int
    """Complete passes over the keyspace when the reading began."""


class Observer(Hub):
    """A hub that records its readings."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.seen: list[Seen] = []
        self.requests: list[Span] = []
        """From when requests were given to the connection until their answers came."""
        self._infos: dict[asyncio.Task[Any] | None, Span] = {}
        self._answered: dict[int, tuple[Info, Span]] = {}
        self._info = self.deployment.info
        setattr(self.deployment, "info", self._note_info)  # noqa: B010
        setattr(self.deployment, "one", self._noted(self.deployment.one))  # noqa: B010
        setattr(self.deployment, "pipeline", self._noted(self.deployment.pipeline))  # noqa: B010

    def _noted(self, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def noted(*arguments: Any) -> Any:
            begin = time.time()
            try:
                return await ask(*arguments)
            finally:
                self.requests.append(Span(begin, time.time()))

        return noted

    async def _note_info(self, max_age_s: float = 0.4) -> Info:
        begin = time.time()
        info = await self._info(max_age_s)
        known = self._answered.get(id(info))
        if known is None or known[0] is not info:
            self._answered = {id(info): (info, Span(begin, time.time()))}
        self._infos.setdefault(asyncio.current_task(), self._answered[id(info)][1])
        return info

    async def _read(self, source: Source[Any]) -> Reading[Any]:
        passes, begin = self.passes, time.time()
        self._infos.pop(asyncio.current_task(), None)
        reading = await super()._read(source)
        span = Span(begin, time.time())
        self.seen.append(Seen(reading, span, self._infos.get(asyncio.current_task(), span), passes))
        return reading

"""Messages that the application published, and those that the dashboard received."""

from __future__ import annotations

import asyncio
from typing import Any

from redis_dash.core.frames.events import EventsFrame
from redis_dash.hub import Hub
from tests.demo.deployed import play
from tests.demo.living import LivingDemo
from tests.whole.agreement import settled


class Messages:
    """Counts from when it is made."""

    def __init__(self, demo: LivingDemo, hub: Hub) -> None:
        self._demo, self._hub = demo, hub
        self._before: dict[str, Any] = {}
        self._received: dict[str, int] = {}
        self.published: dict[str, int] = {}
        self.unconfirmed: dict[str, int] = {}
        self.received: dict[str, int] = {}
        self.gaps = 0

    async def begin(self) -> None:
        """Note what there is while the demo rests; then it goes on."""
        await asyncio.to_thread(play, self._demo, "pause")
        self._before = await asyncio.to_thread(settled, self._demo.truth)
        self._received = self._counts()
        await asyncio.to_thread(play, self._demo, "resume")

    async def settle(self) -> None:
        """Let the demo come to rest, and compare."""
        await asyncio.to_thread(play, self._demo, "pause")
        truth = await asyncio.to_thread(settled, self._demo.truth)
        for attempt in range(100):
            received = self._counts()
            self.received = {name: received.get(name, 0) - self._received.get(name, 0) for name in truth["channels"]}
            self.published = {
                name: number - self._before["channels"][name] for name, number in truth["channels"].items()
            }
            self.unconfirmed = {
                name: number - self._before["unconfirmed"][name] for name, number in truth["unconfirmed"].items()
            }
            if attempt and all(self.received[name] >= number for name, number in self.published.items()):
                break
            await asyncio.sleep(0.05)
        frame = next(one for one in await self._hub.read_all() if one.topic == "events").frame
        assert isinstance(frame, EventsFrame)
        self.gaps = len(frame.gaps)

    def _counts(self) -> dict[str, int]:
        return {channel.decode(): number for channel, number in self._hub._subscriber.counts.items()}

    @property
    def good(self) -> bool:
        """Whether none came twice or from nowhere, and none is missing without a gap that says so."""
        return all(
            (self.published[name] <= got or self.gaps > 0) and got <= self.published[name] + self.unconfirmed[name]
            for name, got in self.received.items()
        )

    def told(self) -> str:
        """One line."""
        published, received = sum(self.published.values()), sum(self.received.values())
        return (
            f"{published} messages published, {sum(self.unconfirmed.values())} perhaps besides, {received} received, "
            f"{self.gaps} gaps told"
        )

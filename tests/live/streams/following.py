"""A reader of streams whose steps a test makes, and entries for it."""

from __future__ import annotations

import json
from typing import Any

import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.messages import Event, Mark
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.streams.reader import StreamReader


class Reading:
    """A reader, and what its log holds."""

    def __init__(self, url: str) -> None:
        self.deployment = Deployment(Url(url))
        self.log = MessageRing()
        self.reader = StreamReader(self.deployment, self.log)

    async def follow(self, *names: str) -> None:
        """Follow keys, and read until it is known where to begin."""
        self.reader.follow(name.encode() for name in names)
        await self.read(1)

    async def read(self, times: int = 2) -> None:
        """Read, always with a new XINFO."""
        for _ in range(times):
            for stream in self.reader.streams:
                stream._info_at = 0.0
            await self.reader.read()

    @property
    def events(self) -> list[Event]:
        return [entry for entry in self.log.read(0, self.log.end) if isinstance(entry, Event)]

    @property
    def marks(self) -> list[str]:
        return [entry.text for entry in self.log.read(0, self.log.end) if isinstance(entry, Mark)]

    def numbers(self) -> list[int]:
        """The field ``n`` of all entries."""
        return [int(json.loads(event.payload)["n"]) for event in self.events]


def add(client: redis.Redis, first: int, number: int, key: str = "orders", **more: Any) -> None:
    pipe = client.pipeline(transaction=False)
    for n in range(first, first + number):
        pipe.xadd(key, {"n": n}, **more)
    pipe.execute()


def counts_added(client: redis.Redis) -> bool:
    return int(str(client.info("server")["redis_version"]).split(".")[0]) >= 7

"""Does another dashboard watch the same server? Then its lookups are in the application's figures.

All that may do so subscribe to one channel, and can be counted there. Those whose user may not are found by their names
in CLIENT LIST, which takes the server a microsecond a client: so not often, and not among too many.
"""

from __future__ import annotations

import time

from redis_dash.client.connection import CLIENT_NAME
from redis_dash.client.info import Info, whole
from redis_dash.pubsub.subscriber import DASHBOARDS
from redis_dash.sources.base import Context

LIST_EVERY_S, LIST_AGAIN_S = 30.0, 5.0
"""How often clients are listed, and how often while another dashboard is among them."""
ASK_AGAIN_S = 30.0
"""Pause after a refusal."""
MOST_CLIENTS = 1000
NOT_LOOKED_FOR = "other dashboards could not be looked for: their lookups would be in the hit rate"


class Dashboards:
    """That watch this server."""

    def __init__(self, context: Context) -> None:
        self._deployment = context.deployment
        self._subscriber = context.subscriber
        self._number: int | None = None
        self._looked = False
        self._not_before = 0.0
        """``time.monotonic()``: then the channel's subscribers may be asked for again."""
        self._heard = 0
        """Others by the channel, at the last look."""
        self._named: int | None = None
        """Others by their names; None where that could not be told."""
        self._list_at = 0.0
        self._ours: set[int] = set()
        self._seen: set[int] = set()
        """Connections of others at the last look. One that is there only once may be one of ours that is being made."""

    async def count(self, info: Info) -> tuple[int | None, str]:
        """How many there are with this one, as far as known; and what is to be told of them.

        Raises:
            SourceError: the server could not be reached.
        """
        announced = self._subscriber.announced
        if announced is not None or self._subscriber.refused:  # else that is not known at the moment
            heard = await self._by_channel(ours=bool(announced))
            named = await self._by_name(info, heard or 0)
            others = max(heard or 0, named or 0)
            # By the channel alone we see none of those who may subscribe to it no more than we may.
            is_known = bool(others) or named is not None or (heard is not None and announced)
            self._number, self._looked = 1 + others if is_known else None, True
        if self._number is None:
            return None, NOT_LOOKED_FOR if self._looked else ""
        others = self._number - 1
        who = "another dashboard watches" if others == 1 else f"{others} other dashboards watch"
        return self._number, f"{who} this server: its lookups are in the hit rate" if others else ""

    async def _by_channel(self, *, ours: bool) -> int | None:
        """The others that subscribe to the channel; None without the right to ask."""
        if time.monotonic() < self._not_before:
            return None
        (reply,) = await self._deployment.pipeline([(b"PUBSUB", b"NUMSUB", DASHBOARDS)])
        if isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], int):
            return max(0, reply[1] - ours)
        self._not_before = time.monotonic() + ASK_AGAIN_S
        return None

    async def _by_name(self, info: Info, heard: int) -> int | None:
        """The others among all clients; None without the right to list them, and where they are too many."""
        now = time.monotonic()
        if now < self._list_at and heard == self._heard:
            return self._named
        self._heard, self._list_at = heard, now + LIST_EVERY_S
        self._named = None
        if whole(info.values, "connected_clients") > MOST_CLIENTS:
            return None
        ours, clients = await self._deployment.pipeline([(b"CLIENT", b"ID"), (b"CLIENT", b"LIST")])
        if not isinstance(ours, int) or not isinstance(clients, bytes):
            return None
        self._ours.add(ours)
        found = _asking(clients) - self._ours
        if found:
            self._list_at = now + (LIST_AGAIN_S if found <= self._seen else 0.0)
        self._named, self._seen = len(found & self._seen), found
        return self._named


def _asking(clients: bytes) -> set[int]:
    """The connections of dashboards, one of each: that on which it asks, not those on which it listens."""
    name, found = f" name={CLIENT_NAME} ".encode(), set[int]()
    for line in clients.splitlines():
        if name in line:
            fields = dict(part.split(b"=", 1) for part in line.split() if b"=" in part)
            if not set(b"PtB").intersection(fields.get(b"flags", b"")):
                found.add(int(fields[b"id"]))
    return found

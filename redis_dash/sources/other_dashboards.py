"""Counts the dashboards that watch the same server: the lookups of the others count as the application's.

Every dashboard that may subscribe to one common channel is counted there. A dashboard whose user may not subscribe is
found by its name in CLIENT LIST, which takes the server a microsecond per client. Therefore clients are listed rarely,
and not if they are too many.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import NamedTuple

from redis_dash.client.connection import CLIENT_NAME
from redis_dash.client.info import Info, told
from redis_dash.pubsub.presence import subscribed
from redis_dash.sources.base import Context

LIST_EVERY_S, LIST_AGAIN_S = 30.0, 5.0
"""How often clients are listed, and how often while another dashboard is among them."""
ASK_AGAIN_S = 30.0
"""Pause after the server refused a command."""
MOST_CLIENTS = 1000
RATES = 2.5
"""For how many polls the commands of a dashboard that has left may be in the rates."""
NOT_LOOKED_FOR = "other dashboards cannot be detected: their lookups would be in the hit rate"


class _Client(NamedTuple):
    node: int
    id: int


class Dashboards:
    """The dashboards that watch this server."""

    def __init__(self, context: Context) -> None:
        self._deployment = context.deployment
        self._subscriber = context.subscriber
        self._rates_s = RATES * context.config.refresh_s
        self._others = 0
        self._left_at = 0.0
        """``time.monotonic()`` until which those that have left are in the rates."""
        self._number: int | None = None
        self._looked = False
        self._not_before = 0.0
        """``time.monotonic()`` from which on the channel's subscribers may be counted again."""
        self._subscribed = 0
        """Other dashboards on the channel, at the last count."""
        self._named: int | None = None
        """Other dashboards in CLIENT LIST; None if that is not known."""
        self._list_at = 0.0
        self._ours: set[_Client] = set()
        self._seen: set[_Client] = set()
        """Connections of other dashboards at the last count. One that is seen only once may be a new one of ours."""

    async def count(self, info: Info) -> tuple[int | None, str]:
        """The number of dashboards including this one, as far as known, and a note about them.

        Raises:
            SourceError: the server could not be reached.
        """
        announced = self._subscriber.announced
        if announced is not None or self._subscriber.refused:  # otherwise the number is not known yet
            on_channel = await self._by_channel(ours=bool(announced))
            named = await self._by_name(info, on_channel or 0)
            others = self._in_rates(max(on_channel or 0, named or 0))
            # The channel alone does not show dashboards that may not subscribe to it either.
            is_known = bool(others) or named is not None or (on_channel is not None and announced)
            self._number, self._looked = 1 + others if is_known else None, True
        if self._number is None:
            return None, NOT_LOOKED_FOR if self._looked else ""
        others = self._number - 1
        if others == 1:
            return self._number, "another dashboard watches this server: its lookups are in the hit rate"
        note = f"{others} other dashboards watch this server: their lookups are in the hit rate"
        return self._number, note if others else ""

    def _in_rates(self, others: int) -> int:
        """The dashboards whose commands are in rates of the last seconds: also those that have left since."""
        now = time.monotonic()
        if others or now >= self._left_at:
            self._others = others
        if others:
            self._left_at = now + self._rates_s
        return self._others

    async def _by_channel(self, *, ours: bool) -> int | None:
        """The other dashboards that subscribe to the channel; None without permission."""
        if time.monotonic() < self._not_before:
            return None
        number = await subscribed(self._deployment)
        if number is not None:
            return max(0, number - ours)
        self._not_before = time.monotonic() + ASK_AGAIN_S
        return None

    async def _by_name(self, info: Info, subscribed: int) -> int | None:
        """The other dashboards among all clients; None without permission, or if there may be too many clients."""
        now = time.monotonic()
        if now < self._list_at and subscribed == self._subscribed:
            return self._named
        self._subscribed, self._list_at = subscribed, now + LIST_EVERY_S
        self._named = None
        number = told(info.values, "connected_clients")
        if number is None or number > MOST_CLIENTS:
            return None
        found = set[_Client]()
        nodes = await self._deployment.on_each([(b"CLIENT", b"ID"), (b"CLIENT", b"LIST")])
        for node, (ours, clients) in enumerate(nodes):
            if not isinstance(ours, int) or not isinstance(clients, bytes):
                return None
            self._ours.add(_Client(node, ours))
            found.update(_Client(node, asking) for asking in _asking(clients))
        found -= self._ours
        if found:
            self._list_at = now + (LIST_AGAIN_S if found <= self._seen else 0.0)
        by_node = Counter(client.node for client in found & self._seen)
        self._named, self._seen = max(by_node.values(), default=0), found  # a dashboard is connected to each node
        return self._named


def _asking(clients: bytes) -> set[int]:
    """The ids of the dashboards' command connections to a node, without those of their subscribers."""
    name, found = f" name={CLIENT_NAME} ".encode(), set[int]()
    for line in clients.splitlines():
        if name in line:
            fields = dict(part.split(b"=", 1) for part in line.split() if b"=" in part)
            if not set(b"PtB").intersection(fields.get(b"flags", b"")):
                found.add(int(fields[b"id"]))
    return found

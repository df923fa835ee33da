"""What the sources ask: pipelines, INFO, PING and cost of a deployment, which is one node or several.

A source never asks a connection. With several nodes each command goes to the node that holds its key, and a command
without a key is sent by a method that says where: ``on_first`` or ``on_each``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import msgspec

from redis_dash.client.change_counters import databases_of
from redis_dash.client.connection import Connection
from redis_dash.client.info import Info
from redis_dash.client.known_nodes import first
from redis_dash.client.merged_info import merged
from redis_dash.client.node import Node
from redis_dash.client.nodes import Nodes
from redis_dash.client.opening import open_connection
from redis_dash.client.server_cost import added
from redis_dash.client.stored_password import url_of
from redis_dash.config import ONE_DATABASE, Config, Url
from redis_dash.core.databases import Database
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.server import Cost
from redis_dash.core.rights import remedy

__all__ = ["Deployment", "first"]

FIND_S = 1.0
"""How long the first connection for messages waits until it is known who the primaries are."""


class Deployment(Nodes):
    """The nodes behind a URL, and the figures of all of them."""

    def __init__(self, url: Url, nodes: Sequence[Node] = (), place: Callable[[bytes], int] = first) -> None:
        """See ``Nodes``."""
        super().__init__(url, nodes, place)
        self.databases: tuple[Database, ...] | None = None
        """The databases that hold keys, at the latest INFO; None if it does not tell."""
        self._spent: dict[Node, float] = {}
        self._most_spent_s = 0.0
        self.pings: dict[Node, float | None] = {}
        """The latest round trip of PING to each node, in milliseconds."""

    @classmethod
    def of(cls, config: Config) -> Deployment:
        """The deployment that is configured. A password of a file or a program is read again when it is refused."""
        return cls(url_of(config))

    @property
    def database(self) -> int:
        """The number of the selected database."""
        return self.url.database

    async def select(self, database: int) -> None:
        """Go over to another database. No command may be under way.

        Raises:
            SourceError: there is no such database, our user may not run SELECT, or the server could not be reached.
                The former one stays selected.
        """
        if self.kind == "cluster" or len(self.nodes) > 1:
            raise SourceError(ONE_DATABASE)
        try:
            await self.nodes[0].select(database)
        except MissingRightError as error:
            way_out = remedy(self.url.user, error.rules)
            raise SourceError(f"{error}; {way_out} allows it" if way_out else str(error)) from None

    async def open_listener(self, connection: Connection) -> Url:
        """Open another connection, for messages: to the primary, or to one that can be reached; returns its URL.

        Raises:
            OSError, TimeoutError, SourceError: that is not possible.
        """
        if self._is_at_start:  # the server may be a replica of a cluster, on which nobody counts who subscribes
            with contextlib.suppress(SourceError, TimeoutError):
                async with asyncio.timeout(FIND_S):
                    await self._begin()
        if self._cluster is None:
            await self._given[0].target.open(connection)
            return self._given[0].url
        url = next((node.url for node in self._cluster.members.nodes), None) or next(self._seeds_in_turn)
        await open_connection(url, connection)
        return url

    @property
    def _is_at_start(self) -> bool:
        """Whether it is not known yet if this is a cluster, or who its primaries are."""
        if self._cluster is not None:
            return not self._cluster.members.has_begun
        return self.primary is None and not self._given[0].connects

    async def info(self, max_age_s: float = 0.4) -> Info:
        """INFO of all nodes, shared by all callers within ``max_age_s`` seconds.

        Raises:
            MissingRightError: the ACL user may not run INFO.
            SourceError: as ``pipeline``.
        """
        try:
            info = merged(await self.ask_all(lambda node: node.info(max_age_s)))
        except SourceError:
            self.databases = None
            raise
        self.databases = databases_of(info.values)
        if self._cluster is not None:
            info = self._cluster.marked(info)
        elif info.partial != self.partial:
            info = info._replace(partial=self.partial)
        return await self.replicas.marked(info, self.nodes) if self.may_read_replicas and self.replicas else info

    async def ping_ms(self) -> float | None:
        """The round trip of PING to the slowest server in milliseconds; None if one could not be measured yet.

        Raises:
            MissingRightError: the ACL user may not run PING.
            SourceError: as ``pipeline``.
        """

        async def ping(node: Node) -> tuple[Node, float | None]:
            return node, await node.ping_ms()

        self.pings = dict(await self.ask_all(ping))
        if self.replicas is not None:
            self.pings |= await self.replicas.each(lambda node: node.ping_ms())
        pings = list(self.pings.values())
        known = [ping for ping in pings if ping is not None]
        return max(known) if len(known) == len(pings) else None

    def watching_cost(self) -> Cost:
        """The cost of watching so far, over all connections."""
        asked = self._asked
        cost = added([node.watching_cost() for node in asked])
        former = added([node.watching_cost() for node in self._ever if node not in asked] or [Cost()])
        return msgspec.structs.replace(
            cost,
            commands=cost.commands + former.commands,
            server_ms=cost.server_ms + former.server_ms,
            errors=cost.errors + former.errors,
            messages_ms=cost.messages_ms + former.messages_ms,
        )

    async def price(self) -> None:
        """Update the cost now instead of at the next interval.

        Raises:
            SourceError: as ``pipeline``.
        """
        await self.ask_all(lambda node: node.price())
        if self.replicas is not None:
            await self.replicas.each(lambda node: node.price())

    @property
    def _asked(self) -> tuple[Node, ...]:
        """The servers that are asked, with the replicas that are read."""
        return tuple(dict.fromkeys((*self.nodes, *self.readers)))

    def lacks_price(self, name: bytes) -> bool:
        """Whether we called a command on a node, and its time there is not known yet."""
        return any(node.cost.lacks_price(name) for node in self._asked)

    def usec(self, name: bytes) -> float | None:
        """The highest time of a node for one call of a command, in microseconds; None if one lacks a price."""
        known = [usec for node in self._asked if (usec := node.cost.usec(name)) is not None]
        return None if self.lacks_price(name) else max(known, default=None)

    @property
    def spent_s(self) -> float | None:
        """The servers' time for all our commands so far, added; None if one reports no times."""
        if any(node.cost.spent_s is None for node in self._asked):
            return None
        return sum(node.cost.spent_s or 0.0 for node in self._ever)

    def most_spent_s(self) -> float | None:
        """The same of one node, since each may spend the budget: at each call the one that has spent most since.

        What is not priced yet is estimated, so that the sum of a node can fall.
        """
        asked = self._asked
        now = {node: spent_s for node in asked if (spent_s := node.cost.spent_s) is not None}
        if len(now) < len(asked):
            return None
        self._most_spent_s += max(spent_s - self._spent.get(node, 0.0) for node, spent_s in now.items())
        self._spent |= now
        return self._most_spent_s

    @property
    def errors(self) -> int:
        """Errors of this program itself so far."""
        return sum(node.cost.errors for node in self._ever)

    def own_error(self, doing: str) -> str:
        """Count an error of this program itself; the text is safe to show, since it quotes no exception."""
        self.nodes[0].cost.count_error()
        return f"an error in redis-dash itself ({doing})"

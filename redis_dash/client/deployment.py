"""What the sources ask: pipelines, INFO, PING and cost of a deployment, which is one node or several.

A source never asks a connection. With several nodes each command goes to the node that holds its key, and a command
without a key is sent by a method that says where: ``on_first`` or ``on_each``. If a node that was asked cannot be
reached, there is an error that names it, and never a figure of the others alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from redis_dash.client.change_counters import databases_of
from redis_dash.client.command_key import key_of
from redis_dash.client.info import Info
from redis_dash.client.merged_info import merged
from redis_dash.client.node import Node
from redis_dash.client.reasons import check
from redis_dash.client.server_cost import added
from redis_dash.config import Url
from redis_dash.core.databases import Database
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.frames.server import Cost, Kind
from redis_dash.core.resp import Command
from redis_dash.core.rights import remedy

T = TypeVar("T")
ONE_DATABASE = "a cluster has one database only, database 0"


def first(_: bytes) -> int:
    """The place of each key in a deployment of one node."""
    return 0


class Deployment:
    """The nodes behind a URL."""

    def __init__(self, url: Url, nodes: Sequence[Node] = (), place: Callable[[bytes], int] = first) -> None:
        """Does not connect yet.

        Args:
            nodes: the first one is the server that the URL names; by default it is the only one.
            place: returns which of the nodes holds a key.
        """
        self.nodes = tuple(nodes) or (Node(url),)
        self.listeners = self.nodes[0].listeners
        """The traffic of the other connections of this program, such as the subscriber's: all to the URL's server."""
        self.databases: tuple[Database, ...] | None = None
        """The databases that hold keys, at the latest INFO; None if it does not tell."""
        self._place = place

    # -- the nodes ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> Url:
        """The server that was named, and the selected database."""
        return self.nodes[0].url

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

    def node_of(self, key: bytes) -> Node:
        """The node that holds a key."""
        return self.nodes[self._place(key)]

    @property
    def kind(self) -> Kind:
        """The kind of server, as the latest INFO says."""
        return self.nodes[0].kind

    @property
    def has_read_rules(self) -> bool:
        """Whether the ACL of each node can allow to read keys without writing them (``%R~``)."""
        return all(node.has_read_rules for node in self.nodes)

    @property
    def connects(self) -> int:
        """The number of connections on which a node answered."""
        return sum(node.connects for node in self.nodes)

    @property
    def trouble(self) -> str:
        """Why a node cannot be used now; empty if all can, or if no attempt was made yet."""
        return next((self._named(node, node.trouble) for node in self.nodes if node.trouble), "")

    @property
    def unreachable(self) -> bool:
        """Whether the latest attempt to connect to a node failed and none ever succeeded."""
        return any(node.unreachable for node in self.nodes)

    def _named(self, node: Node, trouble: str) -> str:
        return trouble if len(self.nodes) == 1 else f"{node.url}: {trouble}"

    async def connect(self) -> None:
        """Connect to each node to which there is no connection.

        Raises:
            SourceError: as ``pipeline``.
        """
        await self.ask(self.nodes, lambda node: node.connect())

    def connect_now(self) -> None:
        """Let the next command connect, even if the last attempt has just failed: the server is there."""
        for node in self.nodes:
            node.connect_now()

    async def close(self) -> None:
        """Close all connections."""
        for node in self.nodes:
            node.close()

    # -- commands ----------------------------------------------------------------------------------------------------

    async def pipeline(self, commands: Sequence[Command]) -> list[object]:
        """Run commands, those of each node in order; an error reply stands in its place as a ``ReplyError``.

        GET returns at most ``value_heads.MOST_BYTES`` + 1 bytes of a value.

        Raises:
            SourceError: a node could not be reached, or its connection broke. Attempts to connect are spaced out after
                that, and calls in between fail at once with the same message.
            ValueError: there are several nodes, and a command has no key, or more than one.
        """
        if len(self.nodes) == 1:
            return await self.nodes[0].pipeline(commands)
        places: dict[Node, list[int]] = {} if commands else {node: [] for node in self.nodes}
        for place, command in enumerate(commands):
            places.setdefault(self.node_of(key_of(command)), []).append(place)
        parts = await self.ask(places, lambda node: node.pipeline([commands[place] for place in places[node]]))
        replies: list[object] = [None] * len(commands)
        for its_places, part in zip(places.values(), parts, strict=True):
            for place, reply in zip(its_places, part, strict=True):
                replies[place] = reply
        return replies

    async def one(self, *command: bytes) -> object:
        """Run a single command on the node of its key.

        Raises:
            SourceError: as ``pipeline``, and for an error reply.
        """
        return check((await self.pipeline([command]))[0])

    async def on_first(self, *command: bytes) -> object:
        """Run a command without a key on the server that the URL names: one that each node answers alike.

        Raises:
            SourceError: as ``pipeline``, and for an error reply.
        """
        (replies,) = await self.ask(self.nodes[:1], lambda node: node.pipeline([command]))
        return check(replies[0])

    async def on_each(self, commands: Sequence[Command]) -> list[list[object]]:
        """Run commands without a key on each node; returns the replies of each.

        Raises:
            SourceError: as ``pipeline``.
        """
        return await self.ask(self.nodes, lambda node: node.pipeline(commands))

    async def ask(self, nodes: Iterable[Node], question: Callable[[Node], Awaitable[T]]) -> list[T]:
        """Ask nodes at the same time; returns when each has answered or failed.

        Raises:
            SourceError: one of them could not be reached; with several nodes the text says which.
        """
        asked = list(nodes)
        if len(self.nodes) == 1:
            return [await question(self.nodes[0])]
        answers = await asyncio.gather(*map(question, asked), return_exceptions=True)
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, AwayError):
                raise AwayError(self._named(node, str(answer)))
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    # -- INFO, PING and cost -----------------------------------------------------------------------------------------

    async def info(self, max_age_s: float = 0.4) -> Info:
        """INFO of all nodes, shared by all callers within ``max_age_s`` seconds.

        Raises:
            MissingRightError: the ACL user may not run INFO.
            SourceError: as ``pipeline``.
        """
        try:
            info = merged(await self.ask(self.nodes, lambda node: node.info(max_age_s)))
        except SourceError:
            self.databases = None
            raise
        self.databases = databases_of(info.values)
        return info

    async def ping_ms(self) -> float | None:
        """The round trip of PING to the slowest node in milliseconds; None if one could not be measured yet.

        Raises:
            MissingRightError: the ACL user may not run PING.
            SourceError: as ``pipeline``.
        """
        pings = await self.ask(self.nodes, lambda node: node.ping_ms())
        known = [ping for ping in pings if ping is not None]
        return max(known) if len(known) == len(pings) else None

    def watching_cost(self) -> Cost:
        """The cost of watching so far, over all connections."""
        return added([node.watching_cost() for node in self.nodes])

    async def price(self) -> None:
        """Update the cost now instead of at the next interval.

        Raises:
            SourceError: as ``pipeline``.
        """
        await self.ask(self.nodes, lambda node: node.price())

    def lacks_price(self, name: bytes) -> bool:
        """Whether we called a command on a node, and its time there is not known yet."""
        return any(node.cost.lacks_price(name) for node in self.nodes)

    def usec(self, name: bytes) -> float | None:
        """The highest time of a node for one call of a command, in microseconds; None if one lacks a price."""
        known = [usec for node in self.nodes if (usec := node.cost.usec(name)) is not None]
        return None if self.lacks_price(name) else max(known, default=None)

    @property
    def spent_s(self) -> float | None:
        """The servers' time for all our commands so far, added; None if one reports no times."""
        spent = [node.cost.spent_s for node in self.nodes]
        known = [seconds for seconds in spent if seconds is not None]
        return sum(known) if len(known) == len(spent) else None

    @property
    def errors(self) -> int:
        """Errors of this program itself so far."""
        return sum(node.cost.errors for node in self.nodes)

    def own_error(self, doing: str) -> str:
        """Count an error of this program itself; the text is safe to show, since it quotes no exception."""
        self.nodes[0].cost.count_error()
        return f"an error in redis-dash itself ({doing})"

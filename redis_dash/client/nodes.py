"""The nodes behind a URL: one server, or several, or the primaries of a cluster. Each command goes to one or to all.

If a node that was asked cannot be reached, there is an error that names it; only a cluster goes on without it, and
``partial`` tells what is missing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, TypeVar

from redis_dash.client.cluster.absent import without_moved
from redis_dash.client.cluster.cluster import Cluster
from redis_dash.client.cluster.members import Members, NoSlotsError
from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.command_key import key_of
from redis_dash.client.node import Exchange, Node
from redis_dash.client.reasons import check
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, MissingRightError
from redis_dash.core.frames.server import Kind
from redis_dash.core.resp import Command

if TYPE_CHECKING:
    from redis_dash.client.sentinel.primary import Primary

T = TypeVar("T")
UNFOLLOWED = "one node of a cluster"
RULES = ("+cluster|slots", "+cluster|info")
"""The ACL rules that let our user follow a cluster."""
UNFOLLOWED_S = 30.0
"""Pause before a cluster is followed that could not be: each refusal is an entry in the server's ACL LOG."""


def _primary(url: Url, changed: asyncio.Event) -> Primary:
    from redis_dash.client.sentinel.primary import Primary  # imported here for a quick start

    return Primary(url, changed)


def first(_: bytes) -> int:
    """The place of each key in a deployment of one node."""
    return 0


class Nodes:
    """The nodes behind a URL, and which of them a command goes to."""

    def __init__(self, url: Url, nodes: Sequence[Node] = (), place: Callable[[bytes], int] = first) -> None:
        """Does not connect yet.

        Args:
            nodes: the first one is the server that the URL names; by default it is the only one.
            place: returns which of the nodes holds a key.
        """
        self.changed = asyncio.Event()
        """Set whenever other nodes of a cluster are asked, or another server is the primary."""
        self.primary = _primary(url, self.changed) if url.is_sentinel else None
        """The primary that sentinels name, if the URL leads to sentinels."""
        self._given = tuple(nodes) or (Node(url.seeds[0], target=self.primary),)
        self._target = url
        self.partial_rules: tuple[str, ...] = ()
        """The ACL rules that would let all of the cluster be seen."""
        if self.primary is not None:
            self.primary.connect_now = self._given[0].connect_now
        self._cluster = Cluster(Members(url, self.changed)) if url.is_cluster else None
        """Once it is known that the server is a node of a cluster."""
        self._unfollowed, self._unfollowed_until = "", 0.0
        """Why the cluster of a server is not followed, and when that is tried again (``time.monotonic()``)."""
        self.found_cluster = asyncio.Event()
        if self._cluster is not None:
            self.found_cluster.set()
        self._place = place
        self._seeds_in_turn = cycle(url.seeds)

    # -- the nodes ---------------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Those that are asked: of a cluster the primaries that can be reached."""
        return (self._cluster.members.nodes if self._cluster is not None else ()) or self._given

    @property
    def _ever(self) -> tuple[Node, ...]:
        """All that were asked so far."""
        return self._given if self._cluster is None else self._cluster.members.ever

    @property
    def listeners(self) -> list[Traffic]:
        """The traffic of the other connections of this program, such as the subscriber's: all to the first node."""
        return self._given[0].listeners if self._cluster is None else self._cluster.members.listeners

    @property
    def url(self) -> Url:
        """The server that was named, and the selected database."""
        if self.primary is not None:
            return self._target.with_database(self._given[0].url.database)
        return self._target if self._target.is_cluster else self._given[0].url

    @property
    def cluster(self) -> Members | None:
        """The servers of the cluster, if this is one that is followed."""
        return None if self._cluster is None else self._cluster.members

    @property
    def partial(self) -> str:
        """What of a cluster is not seen, in words; empty if all is seen."""
        if self._cluster is not None:
            return self._cluster.members.partial
        return f"{UNFOLLOWED}: {self._unfollowed}" if self._unfollowed else ""

    @property
    def absences(self) -> int:
        """How often keys were told as not there because their primary was missing."""
        return 0 if self._cluster is None else self._cluster.absences

    async def run(self) -> None:
        """Follow the cluster or the primary until cancelled. A single server is asked nothing."""
        if self.primary is not None:
            await self.primary.follow()
        await self.found_cluster.wait()
        if self._cluster is not None:
            await self._cluster.run()

    async def _begin(self) -> Cluster | None:
        """Find out whether this is a cluster, which a connection tells, and return it.

        Raises:
            SourceError: as ``pipeline``.
        """
        seed = self._given[0]
        if self._cluster is None and len(self._given) == 1:
            if not seed.connects:
                await seed.connect()
            if seed.kind == "cluster" and time.monotonic() >= self._unfollowed_until:
                shared = (self._target, self.changed) if self._target.is_cluster else (seed.url, self.changed, seed)
                self._cluster = Cluster(Members(*shared))
        if self._cluster is None:
            return None
        try:
            await self._cluster.begin()
        except (MissingRightError, NoSlotsError) as error:
            self._cluster, self._unfollowed = None, str(error)
            self.partial_rules = RULES if isinstance(error, MissingRightError) else ()
            self._unfollowed_until = time.monotonic() + UNFOLLOWED_S
            return None
        self._unfollowed, self.partial_rules = "", ()
        self.found_cluster.set()
        return self._cluster

    def node_of(self, key: bytes) -> Node:
        """The node that holds a key.

        Raises:
            AwayError: it is missing in the cluster.
        """
        if self._cluster is None:
            return self._given[self._place(key)]
        node = self._cluster.members.owner(slot_of(key))
        if node is None:
            raise AwayError(self.partial)
        return node

    def is_reached(self, key: bytes) -> bool:
        """Whether the node that holds a key can be asked."""
        return self._cluster is None or self._cluster.members.owner(slot_of(key)) is not None

    def are_together(self, key: bytes, other: bytes) -> bool:
        """Whether two keys can be changed in one step."""
        if self._cluster is not None:
            return slot_of(key) == slot_of(other)
        return self._place(key) == self._place(other)

    async def at_owner(self, key: bytes, work: Callable[[Node, Exchange], Awaitable[T]]) -> T:
        """Do work on the connection to the node of a key, which is held meanwhile; perhaps anew, if the key has moved.

        Raises:
            SourceError: as ``pipeline``.
        """
        if (cluster := await self._begin()) is not None:
            return await cluster.at_owner(key, work)
        node = self.node_of(key)
        async with node.exclusive() as exchange:
            return await work(node, exchange)

    @property
    def kind(self) -> Kind:
        """The kind of server, as the latest INFO says."""
        return self._given[0].kind if self._cluster is None else "cluster"

    @property
    def has_read_rules(self) -> bool:
        """Whether the ACL of each node can allow to read keys without writing them (``%R~``)."""
        return all(node.handshake.has_read_rules for node in self.nodes)

    @property
    def connects(self) -> int:
        """The number of connections on which a node answered."""
        return sum(node.connects for node in self._ever)

    @property
    def trouble(self) -> str:
        """Why a node cannot be used now; empty if all can, or if no attempt was made yet.

        Of a cluster, why none can.
        """
        if self._cluster is not None:
            members = self._cluster.members
            return "" if members.nodes else members.trouble or members.partial
        return next((self._named(node, node.trouble) for node in self.nodes if node.trouble), "")

    @property
    def unreachable(self) -> bool:
        """Whether the latest attempt to connect to a node failed and none ever succeeded."""
        if self._cluster is not None:
            return not self._cluster.members.has_begun and bool(self._cluster.members.trouble)
        return any(node.unreachable for node in self.nodes)

    def _named(self, node: Node, trouble: str) -> str:
        return trouble if len(self.nodes) == 1 else f"{node.url}: {trouble}"

    async def connect(self) -> None:
        """Connect to each node to which there is no connection.

        Raises:
            SourceError: as ``pipeline``.
        """
        await self.ask_all(lambda node: node.connect())

    def connect_now(self) -> None:
        """Let the next command connect, even if the last attempt has just failed: the server is there."""
        for node in self.nodes:
            node.connect_now()

    async def close(self) -> None:
        """Close all connections."""
        for node in self._ever:
            node.close()
        if self.primary is not None:
            self.primary.close()

    # -- commands ----------------------------------------------------------------------------------------------------

    async def pipeline(self, commands: Sequence[Command], *, strict: bool = False) -> list[object]:
        """Run commands, those of each node in order; an error reply stands in its place as a ``ReplyError``.

        GET returns at most ``value_heads.MOST_BYTES`` + 1 bytes of a value. The keys of a primary that is missing in
        a cluster are told as not there, unless ``strict``; see ``partial``.

        Raises:
            SourceError: a node could not be reached, or its connection broke. Attempts to connect are spaced out after
                that, and calls in between fail at once with the same message.
            ValueError: there are several nodes, and a command has no key, or more than one.
        """
        if (cluster := await self._begin()) is not None:
            return await cluster.pipeline(commands, strict=strict)
        if len(self.nodes) == 1:
            own = await self.nodes[0].pipeline(commands)
            return without_moved(commands, own) if self._unfollowed and not strict else own
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
        if (cluster := await self._begin()) is not None:
            return check((await cluster.ask_first(lambda node: node.pipeline([command])))[0])
        (replies,) = await self.ask(self.nodes[:1], lambda node: node.pipeline([command]))
        return check(replies[0])

    async def on_each(self, commands: Sequence[Command]) -> list[list[object]]:
        """Run commands without a key on each node; returns the replies of each.

        Raises:
            SourceError: as ``pipeline``.
        """
        return await self.ask_all(lambda node: node.pipeline(commands))

    async def ask_all(self, question: Callable[[Node], Awaitable[T]]) -> list[T]:
        """Ask all nodes at the same time.

        Raises:
            SourceError: as ``pipeline``.
        """
        if (cluster := await self._begin()) is not None:
            return await cluster.ask_all(question)
        return await self.ask(self.nodes, question)

    async def ask(self, nodes: Iterable[Node], question: Callable[[Node], Awaitable[T]]) -> list[T]:
        """Ask nodes at the same time; returns when each has answered or failed.

        Raises:
            SourceError: one of them could not be reached; with several nodes the text says which.
        """
        asked = list(nodes)
        if len(asked) == 1 and self._cluster is None:
            return [await question(asked[0])]
        answers = await asyncio.gather(*map(question, asked), return_exceptions=True)
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, AwayError):
                if self._cluster is not None:
                    await self._cluster.members.lost(node)
                raise AwayError(self._named(node, str(answer)))
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

"""The nodes behind a URL: one server, or several, or the primaries of a cluster; and what is missing of these."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from redis_dash.client.cluster.cluster import DOWN, Cluster
from redis_dash.client.cluster.members import Members, NoSlotsError
from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.node import Node
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, MissingRightError
from redis_dash.core.frames.server import Kind

if TYPE_CHECKING:
    from redis_dash.client.replicas import Candidates, Replicas
    from redis_dash.client.sentinel.primary import Primary

UNFOLLOWED = "one node of a cluster"
RULES = ("+cluster|slots", "+cluster|info")
"""The ACL rules that let our user follow a cluster."""
UNFOLLOWED_S = 30.0
"""Pause before a cluster is followed that could not be: each refusal is an entry in the server's ACL LOG."""


def _primary(url: Url, changed: asyncio.Event) -> Primary:
    from redis_dash.client.sentinel.primary import Primary  # imported here for a quick start

    return Primary(url, changed)


def _replicas(candidates: Callable[[], Candidates], changed: asyncio.Event) -> Replicas:
    from redis_dash.client.replicas import Replicas  # imported here for a quick start

    return Replicas(candidates, changed)


def first(_: bytes) -> int:
    """The place of each key in a deployment of one node."""
    return 0


class KnownNodes:
    """Knows the nodes; ``Nodes`` asks them."""

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
        if url.passwords.own is not None:
            url.passwords.own.changed = self.connect_now
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
        self.replicas = _replicas(self._candidates, self.changed) if url.reads_replicas else None
        """The replicas that are read in place of the primaries, if the user wants it."""
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
        ever = self._given if self._cluster is None else self._cluster.members.ever
        return ever if self.replicas is None else (*ever, *self.replicas.ever)

    @property
    def readers(self) -> tuple[Node, ...]:
        """Those that keys are read of: the same, or the replica of each that has one, if replicas are read."""
        return self.nodes if self.replicas is None else tuple(map(self.replicas.reader_of, self.nodes))

    @property
    def may_read_replicas(self) -> bool:
        """Whether replicas are read where there are some: a cluster or sentinels tell of them."""
        return self.replicas is not None and (self.primary is not None or self._cluster is not None)

    def _candidates(self) -> Candidates:
        from redis_dash.client.replicas import of_cluster, of_sentinel  # imported here for a quick start

        if self._cluster is not None:
            return of_cluster(self._cluster.members)
        return {} if self.primary is None else of_sentinel(self.primary, self._given[0])

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
    def down(self) -> str:
        """That a cluster carries out no command with a key, in words; empty if it does."""
        return DOWN if self._cluster is not None and self._cluster.members.is_down else ""

    @property
    def absences(self) -> int:
        """How often keys were told as not there because their primary was missing."""
        return 0 if self._cluster is None else self._cluster.absences

    async def run(self) -> None:
        """Follow the cluster or the primary until cancelled. A single server is asked nothing."""
        async with asyncio.TaskGroup() as tasks:
            if self.replicas is not None:
                tasks.create_task(self.replicas.run())
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
            is_due = self._cluster is None and time.monotonic() >= self._unfollowed_until  # others may have begun, too
            if seed.kind == "cluster" and is_due:
                shared = (self._target, self.changed) if self._target.is_cluster else (seed.url, self.changed, seed)
                self._cluster = Cluster(Members(*shared))
        if (cluster := self._cluster) is None:
            await self._begin_to_read()
            return None
        try:
            await cluster.begin()
        except (MissingRightError, NoSlotsError) as error:
            self._cluster, self._unfollowed = None, str(error)
            self.partial_rules = RULES if isinstance(error, MissingRightError) else ()
            self._unfollowed_until = time.monotonic() + UNFOLLOWED_S
            return None
        self._unfollowed, self.partial_rules = "", ()
        self.found_cluster.set()
        await self._begin_to_read()
        return cluster

    async def _begin_to_read(self) -> None:
        if self.replicas is not None:
            await self.replicas.begin()

    def node_of(self, key: bytes) -> Node:
        """The node that holds a key.

        Raises:
            AwayError: it is missing in the cluster.
        """
        if self._cluster is None:
            return self._given[self._place(key)]
        if (node := self._reached(key)) is None:
            raise AwayError(self.partial)
        return node

    def _reached(self, key: bytes) -> Node | None:
        """The node that holds a key; None if it is missing in the cluster."""
        return self.node_of(key) if self._cluster is None else self._cluster.members.owner(slot_of(key))

    def is_reached(self, key: bytes) -> bool:
        """Whether the node that holds a key can be asked."""
        return self._reached(key) is not None

    def are_together(self, key: bytes, other: bytes) -> bool:
        """Whether two keys can be changed in one step."""
        if self._cluster is not None:
            return slot_of(key) == slot_of(other)
        return self._place(key) == self._place(other)

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

    @property
    def was_encrypted(self) -> bool:
        """Whether any connection to a node was made by TLS."""
        return any(node.connection.was_encrypted for node in self.nodes)

    @property
    def next_attempt_s(self) -> float | None:
        """Seconds until the next attempt to connect; 0 if it is due or under way, None if all can be used."""
        if not self.trouble:
            return None
        if self._cluster is not None or (self.primary is not None and self.primary.trouble):
            return 0.0  # servers and sentinels are asked all the time
        return min((s for one in self.nodes if (s := one.connection.next_attempt_s) is not None), default=None)

    def _named(self, node: Node, trouble: str) -> str:
        return trouble if len(self.nodes) == 1 else f"{node.url}: {trouble}"

    def connect_now(self) -> None:
        """Let the next command connect, even if the last attempt has just failed: the server is there."""
        for node in self.nodes:
            node.connect_now()
        if self._cluster is not None:
            self._cluster.members.connect_now()
        if self.replicas is not None:
            self.replicas.connect_now()

    async def close(self) -> None:
        """Close all connections."""
        for node in self._ever:
            node.close()
        for password in filter(None, self._target.passwords):
            password.close()
        if self.primary is not None:
            self.primary.close()

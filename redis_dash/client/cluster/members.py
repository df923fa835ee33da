"""The primaries of a cluster and our connections to them.

A primary that cannot be reached is missing: nothing is read of its keys, and every count is a lower bound until it is
there again, or one of its replicas has taken its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from redis_dash.client.address import Address, address_of
from redis_dash.client.backoff import Backoff
from redis_dash.client.cluster.slots import name_in
from redis_dash.client.cluster.topology import ASKED, Topology, read_topology
from redis_dash.client.node import Node
from redis_dash.client.opening import time_limit_s
from redis_dash.client.traffic import Traffic
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, MissingRightError, SourceError

SILENCE_S = 1.0
"""The longest time without a byte of a reply: a primary that hangs is soon told as missing."""
CONNECT_S = 0.6
"""How long a connection that is made again may take; later attempts are made while the server is told as missing."""
STEADY_S = 2.0
"""A primary that is lost again within this time after it was reached is not tried at once."""
AGAIN_S = 3.0
"""A missing primary is tried at least so often while the others reach all primaries."""
LEAST_S = 0.1
"""The topology is asked no more often."""
ASKED_AT_ONCE = 3
"""Servers that are asked for the topology at once: the one that knows most counts."""
NO_SLOTS = "no server of it holds slots yet"
NO_CLUSTER = "this server is no node of a cluster: use redis://"


class NoSlotsError(SourceError):
    """The servers do not share the slots yet."""

    def __init__(self) -> None:
        super().__init__(NO_SLOTS)


class Unsteady:
    """A primary that was lost: if it is lost again soon after it was reached, it is missing for a while."""

    def __init__(self) -> None:
        self.why = ""
        self._backoff = Backoff()
        self._lost_at, self._until = -math.inf, 0.0

    @property
    def pauses(self) -> bool:
        """Whether it is not tried now."""
        return time.monotonic() < self._until

    def try_now(self) -> None:
        """End the pause."""
        self._until = 0.0

    def lost(self, why: str) -> None:
        """It was lost now."""
        now = time.monotonic()
        if now - max(self._lost_at, self._until) > STEADY_S:
            self._backoff.start_over()
        else:
            self.why, self._until = why or "no answer in time", now + self._backoff.next_s()
        self._lost_at = now


class Members:
    """All servers of a cluster that were talked to, and which of them hold keys now."""

    def __init__(self, url: Url, changed: asyncio.Event, seed: Node | None = None) -> None:
        """Does not connect yet.

        Args:
            changed: set whenever other primaries are reached.
            seed: the server that the URL names, if it turned out to be a node of a cluster.
        """
        self.url = url
        self.nodes: tuple[Node, ...] = ()
        """The primaries that can be reached, in the order of their addresses."""
        self.missing: dict[Address, str] = {}
        """The primaries that cannot be reached, and why."""
        self.topology = Topology()
        self.version = 0
        """Grows whenever other primaries are reached."""
        self.uncovered = 0
        """Slots that no primary holds."""
        self.moves = 0
        """Grows whenever a slot has another owner."""
        self.wanted = asyncio.Event()
        """Set when the topology should be asked soon."""
        self.listeners: list[Traffic] = [] if seed is None else seed.listeners
        self.trouble = ""
        """Why no server can be reached."""
        self.refreshed_at = 0.0
        """``time.monotonic()``."""
        self._seeds = [Node(one) for one in url.seeds] if seed is None else [seed]
        self._nodes: dict[Address, Node] = {}
        self._address: dict[Node, Address] = {}
        self._unsteady: dict[Address, Unsteady] = {}
        """The primaries that were lost."""
        self._troubles: dict[Address, str] = {}
        """Why servers did not tell the topology when they were asked last."""
        self._lock = asyncio.Lock()
        self._tried_at = -math.inf
        self._turn = 0
        self._changed = changed
        self._refusal: MissingRightError | None = None
        self._has_no_slots = False

    @property
    def ever(self) -> tuple[Node, ...]:
        """All servers that we were connected to, whatever they are now."""
        return (*self._seeds, *self._nodes.values())

    @property
    def has_begun(self) -> bool:
        """Whether a topology is known."""
        return self.version > 0

    def address_of(self, node: Node) -> Address:
        """Where a primary listens."""
        return self._address[node]

    def node_at(self, address: Address) -> Node:
        """The server at an address."""
        if address not in self._nodes:
            node = Node(self.url_at(address), self.tag_of(address), SILENCE_S)
            self._nodes[address], self._address[node] = node, address
        return self._nodes[address]

    def url_at(self, address: Address) -> Url:
        """The way to another server of the cluster."""
        return self.url.at(address.host, address.port, self.topology.names.get(address, ""))

    def tag_of(self, primary: Address) -> Callable[[], bytes]:
        """Returns a hash tag whose keys are on this server, so that it answers for keys that do not exist."""
        return lambda: b"{%b}" % name_in(lambda slot: self.topology.owner(slot) == primary)

    def owner(self, slot: int) -> Node | None:
        """The primary that holds a slot; None if there is none, or if it is missing."""
        address = self.topology.owner(slot)
        node = None if address is None else self._nodes.get(address)
        return node if address not in self.missing else None

    @property
    def is_down(self) -> bool:
        """Whether the primaries carry out no command with a key, as they say."""
        return self.has_begun and bool(self.nodes) and not self.topology.is_up

    @property
    def partial(self) -> str:
        """What is missing, in words; empty if all slots are reached."""
        if not self.has_begun:
            return ""
        reached, known = len(self.nodes), len(self.nodes) + len(self.missing)
        said = []
        if self.missing:
            said.append(f"{reached} of {known} primaries")
            said += [f"{address}: {why}" for address, why in list(self.missing.items())[:2]]
        if self.uncovered:
            said.append(f"{self.uncovered:,} slots have no primary")
        return "; ".join(said)

    # -- the topology ------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Return when a topology is known.

        Raises:
            AwayError: no server that is known can be reached.
            MissingRightError: our user may not run CLUSTER.
            NoSlotsError: it is no whole cluster yet.
        """
        if not self.has_begun:
            await self.refresh()
        if self._has_no_slots and not self.nodes:
            raise NoSlotsError
        if not self.nodes:
            raise self._refusal or AwayError(self.trouble or self.partial)

    async def refresh(self) -> None:
        """Ask for the topology again, and connect to the primaries.

        Raises:
            MissingRightError: our user may not run CLUSTER.
        """
        before = self.refreshed_at
        async with self._lock:
            if self.refreshed_at != before or time.monotonic() - before < LEAST_S:
                return  # another caller has just asked
            views = await self._views()
            self.refreshed_at = time.monotonic()
            if not views and self._refusal is not None:
                raise self._refusal
            self._has_no_slots = bool(views) and not any(view.shards for view in views)
            await self._adopt(max(views, key=lambda one: (one.is_up, one.epoch, -one.uncovered), default=self.topology))
            for node in self.ever if self.nodes else ():
                if node not in self.nodes:
                    node.close()  # it would look like another dashboard

    async def _views(self) -> list[Topology]:
        """What some servers know: of the reached primaries, else of any server of which an address is known."""
        self._turn += 1
        self._troubles.clear()
        near = [self.nodes[(self._turn + n) % len(self.nodes)] for n in range(min(ASKED_AT_ONCE, len(self.nodes)))]
        views = await self._ask(near)
        if views:
            return views
        others = [self.node_at(one) for shard in self.topology.shards for one in (shard.primary, *shard.replicas)]
        views = await self._ask([node for node in (*self._seeds, *others) if node not in near])
        self.trouble = "" if views else self._why_none()
        return views

    def _why_none(self) -> str:
        """Why no server can be asked: with one its address, with several the reasons."""
        reasons = Counter(self._troubles.values()).most_common(2)
        if len(self._troubles) == 1:
            ((address, why),) = self._troubles.items()
            return f"{self.url_at(address)}: {why}"
        if len(reasons) == 1:
            return f"none of {len(self._troubles)} servers: {reasons[0][0]}"
        return f"none of {len(self._troubles)} servers: {'; '.join(f'{why} ({number})' for why, number in reasons)}"

    async def _ask(self, nodes: Sequence[Node]) -> list[Topology]:
        answers = await asyncio.gather(*map(self._view_of, nodes), return_exceptions=True)
        self._refusal = next((answer for answer in answers if isinstance(answer, MissingRightError)), None)
        for node, answer in zip(nodes, answers, strict=True):
            if isinstance(answer, SourceError | TimeoutError):
                self._troubles[address_of(node.url)] = str(answer) or "no answer in time"
            elif isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if isinstance(answer, Topology)]

    async def _view_of(self, node: Node) -> Topology:
        node.connect_now()
        async with asyncio.timeout(SILENCE_S if node.connects else time_limit_s(node.url)):
            await node.connect()
            if node.kind != "cluster":
                raise SourceError(NO_CLUSTER)
            return read_topology(await node.pipeline(ASKED), address_of(node.url))

    async def _adopt(self, topology: Topology) -> None:
        if topology.owners != self.topology.owners:
            self.moves += 1
        self._try_again(topology)
        await self._settle(topology)

    def _try_again(self, topology: Topology) -> None:
        """End pauses before missing primaries are tried, if the others reach more of them than before, or all."""
        recovers, now = topology.failing < self.topology.failing, time.monotonic()
        if (recovers or not topology.failing) and now - self._tried_at >= AGAIN_S:
            self._tried_at = now
            for address in self.missing:
                self.node_at(address).connect_now()
                if recovers and address in self._unsteady:
                    self._unsteady[address].try_now()

    def connect_now(self) -> None:
        """End all pauses before missing primaries are tried."""
        for address in self.missing:
            self.node_at(address).connect_now()
        for unsteady in self._unsteady.values():
            unsteady.try_now()
        self.wanted.set()

    async def _settle(self, topology: Topology) -> None:
        """Connect to all primaries; those that cannot be reached are missing."""
        self.topology, self.uncovered = topology, topology.uncovered
        addresses = [shard.primary for shard in topology.shards]
        answers = await asyncio.gather(*map(self._reach, addresses))
        self._set({one: why for one, why in zip(addresses, answers, strict=True) if why})

    async def _reach(self, address: Address) -> str:
        """Connect to a server; returns why it cannot be reached, or nothing."""
        node, unsteady = self.node_at(address), self._unsteady.get(address)
        if unsteady is not None and unsteady.pauses:
            return unsteady.why
        try:
            async with asyncio.timeout(CONNECT_S if node.connects else time_limit_s(node.url)):
                await node.connect()
        except SourceError as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        return ""

    def moved(self, slot: int, address: Address) -> bool:
        """Note that a slot is at another server; returns whether that one is reached."""
        if self.topology.owner(slot) != address:
            known = next((one for one in self.topology.shards if one.primary == address), None)
            if known is None:
                return False
            self.topology.give(known, slot, slot)
            self.moves += 1
        self.wanted.set()
        return address not in self.missing

    async def lost(self, node: Node) -> None:
        """Connect to a server again that did not answer; if that fails it is missing."""
        async with self._lock:
            if node not in self.nodes:
                return
            address = self._address[node]
            self._unsteady.setdefault(address, Unsteady()).lost(node.trouble)
            node.connect_now()
            if why := await self._reach(address):
                self._set(self.missing | {address: why})
        self.wanted.set()

    def _set(self, missing: dict[Address, str]) -> None:
        """Note which primaries are missing."""
        there = [self.node_at(shard.primary) for shard in self.topology.shards if shard.primary not in missing]
        nodes, addresses = tuple(there), set(self.missing)
        self.missing = missing
        if nodes == self.nodes and addresses == set(missing):
            return
        for node in (*self.nodes, *self._seeds):
            node.listeners = []
            if node not in nodes:
                node.close()
        if nodes:
            nodes[0].listeners, self.trouble = self.listeners, ""
        self.nodes = nodes
        self.version += 1
        self._changed.set()

    async def close(self) -> None:
        """Close all connections."""
        for node in self.ever:
            node.close()

    async def check_connections(self) -> None:
        """Notice connections that were lost since: without waiting for the next command."""
        with contextlib.suppress(SourceError):
            for node in [one for one in self.nodes if not one.connection.connection.is_open]:
                await self.lost(node)

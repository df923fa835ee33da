"""The replicas that are read in place of their primaries, one of each primary that has a healthy one.

A primary whose replica is lost is read itself, until one is there again. So is a key for which a replica has no value:
it may not have it yet, or the key may be on its way to another node of the cluster.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from redis_dash.client.address import Address
from redis_dash.client.cluster.members import CONNECT_S, SILENCE_S, Members, Unsteady
from redis_dash.client.command_key import key_of
from redis_dash.client.info import Info
from redis_dash.client.node import Node
from redis_dash.client.opening import time_limit_s
from redis_dash.client.own_lookups import reply_if_absent
from redis_dash.client.replica import Candidate, Lag, Replica, lag, other_data
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command, ReplyError, is_wrong_type

if TYPE_CHECKING:
    from redis_dash.client.sentinel.primary import Primary

T = TypeVar("T")
Candidates = Mapping[Node, Sequence[Candidate]]
CHECK_S, LOOK_S = 0.2, 0.5
"""How often connections are looked at; and how often it is looked whether there are other replicas."""
FIRST_S = 1.5
"""How long the first command waits for replicas."""
INFO_AGE_S = 0.4


class _Read(NamedTuple):
    node: Node
    of: str
    """The primary, as its URL was when the replica was chosen."""


class Replicas:
    """Chooses them, reads them, and tells how far they are behind."""

    def __init__(self, candidates: Callable[[], Candidates], changed: asyncio.Event) -> None:
        """Does not connect yet.

        Args:
            candidates: returns the replicas of each primary that is reached.
            changed: set whenever another server is read.
        """
        self.troubles: dict[Address, str] = {}
        """Why a replica is not read."""
        self.missing_rules: tuple[str, ...] = ()
        """The ACL rules without which no replica can be read."""
        self.lags: dict[Address, Lag] = {}
        """Of those that are read, at the latest INFO."""
        self.switches = 0
        """How often another server was read than before."""
        self._candidates = candidates
        self._changed = changed
        self._read: dict[Node, _Read] = {}
        self._nodes: dict[tuple[Address, str], Node] = {}
        self._targets: dict[Node, Replica] = {}
        self._places: dict[Node, Address] = {}
        self._unsteady: dict[Address, Unsteady] = {}
        self._lock = asyncio.Lock()
        self._looked_at = 0.0
        self._has_looked = False

    # -- which are read ----------------------------------------------------------------------------------------------

    def reader_of(self, primary: Node) -> Node:
        """The server that is read for the keys of a primary."""
        read = self._read.get(primary)
        return read.node if read is not None and read.of == primary.url.shown else primary

    def address_of(self, primary: Node) -> Address | None:
        """Where the replica listens that is read in place of a primary; None if the primary is read."""
        node = self.reader_of(primary)
        return None if node is primary else self._places[node]

    @property
    def ever(self) -> tuple[Node, ...]:
        """All that were connected to."""
        return tuple(self._nodes.values())

    async def begin(self) -> None:
        """Look for replicas, if that was never done: the first commands wait for them a while."""
        if not self._has_looked and self._candidates():
            try:
                async with asyncio.timeout(FIRST_S):
                    await self._look()
            except TimeoutError:
                self._has_looked = True

    async def run(self) -> None:
        """Notice replicas that are lost, and look for others, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_S)
            for read in list(self._read.values()):
                if not read.node.connection.connection.is_open:
                    self.lost(read.node)
            if self._has_looked and time.monotonic() - self._looked_at >= LOOK_S:
                await self._look()

    async def _look(self) -> None:
        """Read a replica of each primary of which none is read, and none that should not be any more."""
        async with self._lock:
            candidates = self._candidates()
            for primary in self._read.keys() - candidates.keys():
                self._drop(primary)
            rules = await asyncio.gather(*(self._choose(*one) for one in candidates.items()))
            self.missing_rules = next(filter(None, rules), ())
            for node in self._nodes.values():
                if node not in {read.node for read in self._read.values()}:
                    node.close()
            self._looked_at, self._has_looked = time.monotonic(), self._has_looked or bool(candidates)

    async def _choose(self, primary: Node, candidates: Sequence[Candidate]) -> tuple[str, ...]:
        """Choose a replica; returns the ACL rules that are missing for the last one that could not be read."""
        if self.address_of(primary) in [one.address for one in candidates]:
            return ()
        self._drop(primary)
        rules: tuple[str, ...] = ()
        for one in candidates:
            unsteady = self._unsteady.setdefault(one.address, Unsteady())
            node = self._node_at(one)
            if not unsteady.pauses:
                why = await self._why_not(primary, node)
                if not why:
                    self.troubles.pop(one.address, None)
                    self._read[primary] = _Read(node, primary.url.shown)
                    self._switched()
                    return ()
                self.troubles[one.address] = why
                unsteady.lost(why)
            rules = self._targets[node].missing_rules
        return rules

    async def _why_not(self, primary: Node, replica: Node) -> str:
        """Connect; returns why a replica cannot be read, or nothing."""
        replica.connect_now()
        try:
            async with asyncio.timeout(CONNECT_S if replica.connects else time_limit_s(replica.url)):
                await replica.connect()
                its = await replica.info(0.0)
                return other_data((await primary.info(INFO_AGE_S)).values, its.values)
        except SourceError as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"

    def _node_at(self, candidate: Candidate) -> Node:
        known = candidate.address, candidate.url.shown
        if known not in self._nodes:
            target = Replica(candidate)
            node = Node(candidate.url, candidate.tag, SILENCE_S, target)
            self._nodes[known], self._targets[node], self._places[node] = node, target, candidate.address
        return self._nodes[known]

    def lost(self, node: Node, why: str = "") -> bool:
        """Read the primary instead of a replica; returns whether it is one that was read."""
        primary = next((one for one, read in self._read.items() if read.node is node), None)
        if primary is None:
            return False
        address, why = self._places[node], why or node.trouble or "no answer in time"
        self.troubles[address] = why
        self._unsteady[address].lost(why)
        self._drop(primary)
        return True

    def _drop(self, primary: Node) -> None:
        read = self._read.pop(primary, None)
        if read is not None:
            self.lags.pop(self._places[read.node], None)
            read.node.close()
            self._switched()

    def _switched(self) -> None:
        self.switches += 1
        self._changed.set()

    def connect_now(self) -> None:
        """End all pauses before replicas are tried."""
        for unsteady in self._unsteady.values():
            unsteady.try_now()

    # -- what they are asked -----------------------------------------------------------------------------------------

    async def read(
        self,
        commands: Sequence[Command],
        owner: Callable[[bytes], Node | None],
        ask_primaries: Callable[[Sequence[Command]], Awaitable[list[object]]],
    ) -> list[object]:
        """Run commands that read keys on replicas, and on primaries where no replica has a value for them.

        Args:
            owner: returns the primary of a key; None if it is missing.
            ask_primaries: runs commands on the primaries of their keys.
        """
        plan: dict[Node, list[int]] = {}
        left = list[int]()
        for place, command in enumerate(commands):
            primary = owner(key_of(command))
            reader = primary if primary is None else self.reader_of(primary)
            if reader is None or reader is primary:
                left.append(place)
            else:
                plan.setdefault(reader, []).append(place)
        replies: list[object] = [None] * len(commands)
        parts = await self._each(plan, lambda node: node.pipeline([commands[place] for place in plan[node]]))
        for node, places in plan.items():
            for place, reply in zip(places, parts.get(node, [None] * len(places)), strict=True):
                replies[place] = reply
                if node not in parts or not _is_value(commands[place], reply):
                    left.append(place)
        if left:
            left.sort()
            for place, reply in zip(left, await ask_primaries([commands[place] for place in left]), strict=True):
                replies[place] = reply
        return replies

    async def each(self, question: Callable[[Node], Awaitable[T]]) -> dict[Node, T]:
        """Ask all replicas that are read; those that are lost meanwhile are left out."""
        return await self._each([read.node for read in self._read.values()], question)

    async def _each(
        self, nodes: Sequence[Node] | Mapping[Node, object], question: Callable[[Node], Awaitable[T]]
    ) -> dict[Node, T]:
        asked = list(nodes)
        answers = await asyncio.gather(*map(question, asked), return_exceptions=True)
        found = dict[Node, T]()
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, SourceError):
                self.lost(node, str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[node] = answer
        return found

    async def marked(self, info: Info, primaries: Sequence[Node]) -> Info:
        """An INFO of the primaries that proves nothing about keys that are read of replicas; notes how far these are.

        Args:
            primaries: in the order of ``info.nodes``.
        """
        its = await self.each(lambda node: node.info(INFO_AGE_S))
        for primary, one in zip(primaries, info.nodes or (info,), strict=False):
            found = its.get(self.reader_of(primary))
            if found is None:
                continue
            if why := other_data(one.values, found.values):
                self.lost(self.reader_of(primary), why)
            else:
                self.lags[self._places[self.reader_of(primary)]] = lag(one.values, found.values)
        if self._read or info.changes is None:
            return info._replace(changes=None)
        return info._replace(changes=tuple(one._replace(moves=one.moves + self.switches) for one in info.changes))


def _is_value(command: Command, reply: object) -> bool:
    """Whether a replica has answered, and not that there is no such key."""
    if isinstance(reply, ReplyError):
        return is_wrong_type(reply)
    found, absent = reply_if_absent(command)
    return reply is not None if not found else reply != absent


def of_cluster(members: Members) -> Candidates:
    """The replicas of each primary of a cluster that is reached."""
    found = dict[Node, list[Candidate]]()
    for shard in members.topology.shards:
        if shard.primary not in members.missing:
            tag = members.tag_of(shard.primary)
            found[members.node_at(shard.primary)] = [
                Candidate(one, members.url_at(one), tag, in_cluster=True) for one in shard.replicas
            ]
    return found


def of_sentinel(primary: Primary, node: Node) -> Candidates:
    """The replicas that the sentinels call healthy, those that have followed furthest first."""
    if primary.view is None or primary.address is None:
        return {}
    up = [one for one in primary.view.replicas if one.is_up and one.follows and one.address != primary.address]
    up.sort(key=lambda one: -(one.offset or 0))
    return {node: [Candidate(one.address, primary.url_at(one.address)) for one in up]}

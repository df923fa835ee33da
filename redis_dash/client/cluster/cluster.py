"""A cluster as one database: each command goes to the primary of its key, wherever that is by now."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from redis_dash.client.cluster.absent import absent_reply
from redis_dash.client.cluster.members import Members
from redis_dash.client.cluster.redirects import Redirect, RedirectedError, redirect_of, with_asking
from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.command_key import key_of
from redis_dash.client.info import Info
from redis_dash.client.node import Exchange, Node
from redis_dash.client.value_heads import ValueHeads
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.resp import Command, ReplyError

T = TypeVar("T")
FOLLOWED = 8
"""Redirects of one command that are followed."""
WAIT_S = 3.0
"""How long a command waits for a slot that is being moved, or for a primary to be elected."""
PAUSE_S = 0.1
ASKED_TOGETHER = 50
"""Commands that are sent together to a server that is receiving their slots, each after an ASKING."""
CHECK_S, REFRESH_S, SOON_S = 0.2, 5.0, 0.4
"""How often connections are looked at, how often the topology is asked, and how often while something is missing."""
DOWN = "the cluster is down"

Away = tuple[Node, bool]


class Cluster:
    """What a deployment asks; ``members`` knows the servers."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self.absences = 0
        """How often keys were told as not there because their primary was missing."""
        self._compared: object = None
        self._runs = False
        """Whether ``run`` looks at the primaries, so that no command waits for those that do not answer."""
        self._began = 0
        """How often INFOs could not be compared with earlier ones."""

    async def begin(self) -> None:
        """Return when the primaries are known, and look at them if nobody else does.

        Raises:
            AwayError: no server that is known can be reached.
            MissingRightError: our user may not run CLUSTER.
        """
        if not self._runs:
            await self._look()
        await self.members.begin()

    async def _look(self) -> None:
        """Ask for the topology, if that is due."""
        members = self.members
        if members.has_begun and self._is_due(time.monotonic() - members.refreshed_at):
            members.wanted.clear()
            with contextlib.suppress(MissingRightError):
                await members.refresh()

    def _is_due(self, since_s: float) -> bool:
        members = self.members
        soon = members.wanted.is_set() or members.missing or members.uncovered
        soon = soon or not members.nodes or members.is_down
        return since_s >= (SOON_S if soon else REFRESH_S)

    async def run(self) -> None:
        """Look at the connections and ask for the topology until cancelled."""
        self._runs = True
        try:
            while True:
                await asyncio.sleep(CHECK_S)
                if self.members.has_begun:
                    await self.members.check_connections()
                    with contextlib.suppress(SourceError):
                        await self._look()
        finally:
            self._runs = False

    # -- commands with a key -----------------------------------------------------------------------------------------

    async def pipeline(self, commands: Sequence[Command], *, strict: bool = False) -> list[object]:
        """Run commands on the primaries of their keys; replies are in the order of the commands.

        Args:
            strict: raise an error if a primary is missing; otherwise its keys are told as not there.

        Raises:
            AwayError: no primary can be reached.
            SourceError: the cluster is down, or a slot has been moving for too long.
            ValueError: a command has no key, or more than one.
        """
        await self.begin()
        if not commands:
            await self.ask_all(lambda node: node.connect())
        slots = [slot_of(key_of(command)) for command in commands]
        replies: list[object] = [None] * len(commands)
        asking = dict[int, Node]()
        left, followed, deadline = list(range(len(commands))), 0, time.monotonic() + WAIT_S
        while left:
            plan: dict[Away, list[int]] = {}
            for place in left:
                node = asking.get(place) or self.members.owner(slots[place])
                if node is not None:
                    plan.setdefault((node, place in asking), []).append(place)
                elif strict:
                    raise AwayError(self.members.partial)
                else:
                    replies[place], self.absences = absent_reply(commands[place]), self.absences + 1
            asking.clear()
            left, redirects = await self._send(plan, commands, replies)
            followed += 1
            waits = await self._follow(redirects, asking)
            left += redirects
            if left and (followed > FOLLOWED or time.monotonic() > deadline):
                raise self._given_up(redirects)
            if waits:
                await asyncio.sleep(PAUSE_S)
                followed -= 1  # bounded by the time
        return replies

    async def _send(
        self, plan: dict[Away, list[int]], commands: Sequence[Command], replies: list[object]
    ) -> tuple[list[int], dict[int, Redirect]]:
        """Send each node its part; returns the places that a lost node left, and the redirects of others."""
        parts = await asyncio.gather(
            *(self._part(node, [commands[place] for place in places], asks) for (node, asks), places in plan.items()),
            return_exceptions=True,
        )
        left, redirects = list[int](), dict[int, Redirect]()
        for ((node, _), places), part in zip(plan.items(), parts, strict=True):
            if isinstance(part, AwayError):
                await self.members.lost(node)
                if not self.members.nodes:
                    raise part
                left += places
            elif isinstance(part, BaseException):
                raise part
            else:
                address = self.members.address_of(node)
                for place, reply in zip(places, part, strict=True):
                    replies[place] = reply
                    if isinstance(reply, ReplyError) and (redirect := redirect_of(reply, address)) is not None:
                        redirects[place] = redirect
        return left, redirects

    async def _part(self, node: Node, commands: Sequence[Command], asks: bool) -> list[object]:
        if not asks:
            return await node.pipeline(commands)
        heads = ValueHeads(node.own)  # the node's own ones would send a command without its ASKING

        async def ask(them: Sequence[Command]) -> list[object]:
            replies: list[object] = []
            for begin in range(0, len(them), ASKED_TOGETHER):
                replies += (await node.pipeline(with_asking(them[begin : begin + ASKED_TOGETHER])))[1::2]
            return replies

        return await heads.as_get(commands, await ask(heads.bounded(commands)), ask)

    async def _follow(self, redirects: dict[int, Redirect], asking: dict[int, Node]) -> bool:
        """Note where the commands should go; returns whether to wait before they are sent again."""
        waits = False
        for place, one in redirects.items():
            if one.address is None:
                waits = True
            elif one.kind == "ASK":
                asking[place] = self.members.node_at(one.address)
            elif not self.members.moved(one.slot, one.address):
                waits = True
        if waits:
            with contextlib.suppress(SourceError):
                await self.members.refresh()
        return waits

    def _given_up(self, redirects: dict[int, Redirect]) -> SourceError:
        if any(one.kind == "CLUSTERDOWN" for one in redirects.values()):
            return SourceError("; ".join(filter(None, (DOWN, self.members.partial))))
        if not redirects:
            return AwayError(self.members.partial or "a primary closes each connection")
        return SourceError("slots of the cluster are being moved for longer than a command waits")

    # -- several commands in a row -----------------------------------------------------------------------------------

    async def at_owner(self, key: bytes, work: Callable[[Node, Exchange], Awaitable[T]]) -> T:
        """Do work on the connection to the primary of a key, which is held meanwhile.

        The work is begun anew on another server if a command of it was not run, because the key is there.

        Raises:
            SourceError: the primary cannot be reached, or the slot has been moving for too long.
        """
        await self.begin()
        slot, asking, deadline = slot_of(key), None, time.monotonic() + WAIT_S
        for _ in range(FOLLOWED + round(WAIT_S / PAUSE_S)):
            node = asking or self.members.owner(slot)
            if node is None:
                raise AwayError(self.members.partial)
            try:
                async with node.exclusive() as exchange:
                    return await work(node, self._followed(node, exchange, asks=asking is not None))
            except RedirectedError as error:
                asked: dict[int, Node] = {}
                waits = await self._follow({0: error.redirect}, asked)
                asking = asked.get(0)
                if time.monotonic() > deadline:
                    raise self._given_up({0: error.redirect}) from None
                if waits:
                    await asyncio.sleep(PAUSE_S)
        raise SourceError("the cluster sends us from one server to another")

    def _followed(self, node: Node, exchange: Exchange, *, asks: bool) -> Exchange:
        """An exchange that raises ``RedirectedError`` if a command was not run."""

        async def followed(commands: Sequence[Command]) -> list[object]:
            replies = (await exchange(with_asking(commands)))[1::2] if asks else await exchange(commands)
            for reply in replies:
                if (redirect := redirect_of(reply, self.members.address_of(node))) is not None:
                    raise RedirectedError(redirect)
            return replies

        return followed

    # -- commands without a key --------------------------------------------------------------------------------------

    async def ask_all(self, question: Callable[[Node], Awaitable[T]]) -> list[T]:
        """Ask all primaries that can be reached, at the same time.

        Raises:
            AwayError: none can be reached.
            SourceError: one of them answers with an error.
        """
        for _ in range(FOLLOWED):
            nodes = self.members.nodes
            answers = await asyncio.gather(*map(question, nodes), return_exceptions=True)
            lost = [node for node, answer in zip(nodes, answers, strict=True) if isinstance(answer, AwayError)]
            for answer in answers:
                if isinstance(answer, BaseException) and not isinstance(answer, AwayError):
                    raise answer
            if not lost and nodes == self.members.nodes:
                return [answer for answer in answers if not isinstance(answer, BaseException)]
            for node in lost:
                await self.members.lost(node)
            await self.members.begin()
        raise AwayError(self.members.partial or "a primary closes each connection")

    async def ask_first(self, question: Callable[[Node], Awaitable[T]]) -> T:
        """Ask a primary that can be reached: what each of them answers alike.

        Raises:
            AwayError: none can be reached.
        """
        for _ in range(FOLLOWED):
            node = self.members.nodes[0]
            try:
                return await question(node)
            except AwayError:
                await self.members.lost(node)
                await self.members.begin()
        raise AwayError(self.members.partial or "a primary closes each connection")

    def marked(self, info: Info) -> Info:
        """An INFO of all primaries that can be reached, with what is missing.

        It cannot be compared with one of other primaries.
        """
        version, parts = self.members.version, info.nodes or (info,)
        compared = version, tuple(one.began for one in parts)
        if compared != self._compared:
            self._compared, self._began = compared, self._began + 1
        changes = info.changes
        if changes is not None:
            changes = tuple(one._replace(moves=self.members.moves) for one in changes)
        return info._replace(began=self._began, partial=self.members.partial, changes=changes, nodes=parts)

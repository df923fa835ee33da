"""Each command goes to one of the nodes behind a URL, or to all.

If a node that was asked cannot be reached, there is an error that names it; only a cluster goes on without it, and
``partial`` tells what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from redis_dash.client.cluster.absent import without_moved
from redis_dash.client.command_key import key_of
from redis_dash.client.known_nodes import KnownNodes
from redis_dash.client.node import Exchange, Node
from redis_dash.client.reasons import check
from redis_dash.core.errors import AwayError
from redis_dash.core.resp import Command

T = TypeVar("T")


class Nodes(KnownNodes):
    """Asks the nodes."""

    async def connect(self) -> None:
        """Connect to each node to which there is no connection.

        Raises:
            SourceError: as ``pipeline``.
        """
        await self.ask_all(lambda node: node.connect())

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

    async def pipeline(
        self, commands: Sequence[Command], *, strict: bool = False, on_primaries: bool = False
    ) -> list[object]:
        """Run commands, those of each node in order; an error reply stands in its place as a ``ReplyError``.

        GET returns at most ``value_heads.MOST_BYTES`` + 1 bytes of a value. The keys of a primary that is missing in
        a cluster are told as not there, unless ``strict``; see ``partial``.

        Args:
            on_primaries: whether the primaries are asked even if replicas are read.

        Raises:
            SourceError: a node could not be reached, or its connection broke. Attempts to connect are spaced out after
                that, and calls in between fail at once with the same message.
            ValueError: there are several nodes, and a command has no key, or more than one.
        """
        await self._begin()
        if self.replicas is not None and self.may_read_replicas and commands and not on_primaries:
            return await self.replicas.read(commands, self._reached, partial(self._on_primaries, strict=strict))
        return await self._on_primaries(commands, strict=strict)

    async def _on_primaries(self, commands: Sequence[Command], *, strict: bool) -> list[object]:
        if self._cluster is not None:
            return await self._cluster.pipeline(commands, strict=strict)
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
        if len(asked) == 1 and self._cluster is None and self.replicas is None:
            return [await question(asked[0])]
        answers = await asyncio.gather(*map(question, asked), return_exceptions=True)
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, AwayError):
                is_replica = self.replicas is not None and self.replicas.lost(node)
                if self._cluster is not None and not is_replica:
                    await self._cluster.members.lost(node)
                raise AwayError(self._named(node, str(answer)))
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

"""One walk over the keyspace of all nodes, with a SCAN on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.core.errors import AwayError
from redis_dash.keyspace.cursor import ScanCursor, ScanInterruptedError
from redis_dash.keyspace.sorted_keys import NO_KEYS, Needs, Sort, SortedKeys, sorted_keys
from redis_dash.keyspace.strata import Stratum

OTHERS = "other nodes are asked than at the beginning of the scan"

FIRST = 10
"""Keys that each node is asked for at once: of a node with few keys something is known from the first slice on."""


class Walk:
    """Goes over all nodes side by side, so that the same share of each has been scanned at any time.

    What a walk has seen is used as a sample of the whole keyspace. One node after the other would be a sample of some
    nodes only, and others may hold other keys. Therefore each node is asked for as many keys as it is behind.
    """

    def __init__(
        self,
        deployment: Deployment,
        count: Callable[[], int],
        ahead: Callable[[], bool],
        sort: Sort = lambda keys: {},
        needs: Needs = lambda name: True,
    ) -> None:
        """See ``ScanCursor``; ``count`` is for the node with the most keys, ``needs`` says which names are kept."""
        self.took_s = 0.0
        """How long the latest slice took, with the network round trip."""
        self.cursors: dict[Node, ScanCursor] = {}
        self._deployment = deployment
        self._count = count
        self._ahead = ahead
        self._sort = sort
        self._needs = needs
        self._share = 0.0
        """The share of each node that should be scanned after the latest slice."""
        self._asked: dict[Node, int] = {}
        """How many keys each node was asked for so far."""

    @property
    def complete(self) -> bool:
        """Whether all nodes are scanned."""
        return bool(self.cursors) and all(cursor.complete for cursor in self.cursors.values())

    @property
    def size(self) -> int:
        """Keys on all nodes; 0 if the servers do not say."""
        return sum(cursor.size for cursor in self.cursors.values())

    @property
    def passed_over(self) -> float:
        """Share of the nodes' hash tables that has been scanned, 0..1."""
        weights = [(cursor.passed_over, max(1, cursor.size)) for cursor in self.cursors.values()]
        return sum(passed * size for passed, size in weights) / sum(size for _, size in weights)

    async def slice(self) -> list[Stratum]:
        """The next keys of each node; none of a node that is ahead of the others.

        Raises:
            ScanInterruptedError: the connection on which the walk over a node began is lost.
            SourceError: a node could not be reached, or does not allow SCAN.
        """
        if not self.cursors:
            await self._begin()
        nodes = self._next()
        try:
            parts = await self._deployment.ask(nodes, self._slice_of)
        except AwayError:
            self._stay_with_nodes()
            raise
        self._stay_with_nodes()
        self.took_s = max(self.cursors[node].took_s for node in nodes)
        for node in nodes:
            self._asked[node] = max(self._asked[node], self.cursors[node].seen)
        returned = dict(zip(nodes, parts, strict=True))
        walked = self.cursors.items()
        return [Stratum(node, returned.get(node, NO_KEYS), one.size, one.scanned_share) for node, one in walked]

    async def _slice_of(self, node: Node) -> SortedKeys:
        """The next keys of a node, sorted while those of others come.

        Of nodes whose replies have come together, each is asked for its next slice before the keys of the first are
        sorted: ``benchmarks.scan_cluster`` takes 0.95 of the time (14 pairs of runs on a busy machine, 10 were faster).
        """
        keys = await self.cursors[node].slice()
        if len(self.cursors) == 1:
            return sorted_keys(keys, self._sort, self._needs, has_tags=False)
        await asyncio.sleep(0)
        has_tags = b"{" in b"".join(keys)  # far quicker than to look at each
        return sorted_keys(keys, self._sort, self._needs, has_tags=has_tags)

    async def _begin(self) -> None:
        """Find out which nodes there are, and how many keys each has, as far as that is needed."""
        await self._deployment.connect()
        nodes = self._deployment.readers
        if len(nodes) == 1:
            self.cursors, self._asked = {nodes[0]: ScanCursor(nodes[0], self._count, self._ahead)}, {nodes[0]: 0}
            return
        sizes = await self._deployment.ask(nodes, lambda node: node.pipeline([(b"DBSIZE",)]))
        for node, (size,) in zip(nodes, sizes, strict=True):
            cursor = ScanCursor(node, partial(self._next_count, node), partial(self._is_asked_ahead, node))
            cursor.size = size if isinstance(size, int) else 0
            self.cursors[node], self._asked[node] = cursor, 0

    def _stay_with_nodes(self) -> None:
        if tuple(self.cursors) != self._deployment.readers:
            raise ScanInterruptedError(OTHERS)

    def _next(self) -> list[Node]:
        """The nodes that are scanned next."""
        going = [node for node, cursor in self.cursors.items() if not cursor.complete]
        due: list[Node] = going if len(self.cursors) == 1 else []
        while not due:
            self._share += self._step
            due = [node for node in going if self.cursors[node].is_coming or self._behind(node, self._share)]
        return due

    @property
    def _step(self) -> float:
        """The share of each node that one slice adds."""
        return self._count() / max(1, *(cursor.size for cursor in self.cursors.values()))

    def _behind(self, node: Node, share: float) -> int:
        """The keys by which a node is behind a share, at most those of one slice; 0 if it is not."""
        most, cursor = self._count(), self.cursors[node]
        return most if share >= 1.0 else max(0, min(most, max(FIRST, int(share * cursor.size)) - self._asked[node]))

    def _next_count(self, node: Node) -> int:
        """COUNT for a node, for this slice, or for the next one if it has been asked for this one."""
        count = self._behind(node, self._share) or self._behind(node, self._share + self._step)
        self._asked[node] += count
        return count

    def _is_asked_ahead(self, node: Node) -> bool:
        return self._ahead() and self._behind(node, self._share + self._step) > 0

    async def finish(self) -> None:
        """Receive the replies that were requested early."""
        for cursor in self.cursors.values():
            await cursor.finish()

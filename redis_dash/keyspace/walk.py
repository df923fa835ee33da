"""One walk over the keyspace of all nodes, with a SCAN on each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from redis_dash.client.deployment import Deployment
from redis_dash.keyspace.cursor import ScanCursor


class Walk:
    """Goes over several nodes side by side, so that about the same share of each is scanned at any time.

    What a walk has seen is used as a sample of the whole keyspace. One node after the other would be a sample of some
    nodes only, and others may hold other keys. A smaller node therefore gets a smaller COUNT.
    """

    def __init__(self, deployment: Deployment, count: Callable[[], int], ahead: Callable[[], bool]) -> None:
        """See ``ScanCursor``; ``count`` is for the node with the most keys."""
        self.took_s = 0.0
        """How long the latest slice took, with the network round trip."""
        self._deployment = deployment
        self._count = count
        self._cursors = [
            ScanCursor(node, partial(self._count_on, place), ahead) for place, node in enumerate(deployment.nodes)
        ]
        self._begun = len(self._cursors) == 1
        """Whether the sizes of all nodes are known, as far as they are needed."""

    @property
    def complete(self) -> bool:
        """Whether all nodes are scanned."""
        return all(cursor.complete for cursor in self._cursors)

    @property
    def size(self) -> int:
        """Keys on all nodes; 0 if the servers do not say."""
        return sum(cursor.size for cursor in self._cursors)

    @property
    def passed_over(self) -> float:
        """Share of the nodes' hash tables that has been scanned, 0..1."""
        sizes = [max(1, cursor.size) for cursor in self._cursors]
        passed = sum(cursor.passed_over * size for cursor, size in zip(self._cursors, sizes, strict=True))
        return passed / sum(sizes)

    async def slice(self) -> list[bytes]:
        """The next keys, of the node that would be the least advanced after them.

        Raises:
            ScanInterruptedError: the connection on which the walk over a node began is lost.
            SourceError: a node could not be reached, or does not allow SCAN.
        """
        if not self._begun:
            await self._learn_sizes()
        going = (place for place, cursor in enumerate(self._cursors) if not cursor.complete)
        cursor = self._cursors[min(going, key=self._share_after_next)]
        keys = await cursor.slice()
        self.took_s = cursor.took_s
        return keys

    async def _learn_sizes(self) -> None:
        replies = await self._deployment.on_each([(b"DBSIZE",)])
        for cursor, (size,) in zip(self._cursors, replies, strict=True):
            cursor.size = size if isinstance(size, int) else 0
        self._begun = True

    def _share_after_next(self, place: int) -> float:
        cursor = self._cursors[place]
        return (cursor.seen + self._count_on(place)) / max(1, cursor.size)

    def _count_on(self, place: int) -> int:
        """COUNT for a node: in proportion to its keys."""
        size, largest = self._cursors[place].size, max(cursor.size for cursor in self._cursors)
        return self._count() if size == largest else max(1, self._count() * size // largest)

    async def finish(self) -> None:
        """Receive the replies that were requested early."""
        for cursor in self._cursors:
            await cursor.finish()

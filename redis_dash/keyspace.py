"""The one shared SCAN: sorts every key into the family that asked for its kind, within a budget.

A pass in progress is a random sample of the keyspace, since hash order is random to names: until the first pass is
complete a family's size is estimated from it. A complete pass is exact.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis_dash.connection import Deployment, check
from redis_dash.model import SourceError
from redis_dash.patterns import Matcher

SLICE = 1000
"""COUNT of each SCAN."""
KEYS_KEPT = 200_000
"""Keys held by name in one family; those beyond are only counted."""
RETRY_S = 0.5


class Estimate(NamedTuple):
    """How many keys a family has."""

    keys: int
    low: int
    high: int
    coverage: float
    """Share of the keyspace that it was taken from, 0..1."""


class Family:
    """The keys of one kind, as the latest passes saw them."""

    def __init__(self) -> None:
        self._complete: dict[bytes, None] | None = None
        self._found: dict[bytes, None] = {}
        self._beyond = 0
        self._beyond_before = 0
        self._scanned = 0
        self._size = 0

    def begin(self, size: int) -> None:
        """A pass over a keyspace of ``size`` keys begins."""
        self._found, self._beyond, self._scanned, self._size = {}, 0, 0, size

    def add(self, keys: Sequence[bytes], scanned: int) -> None:
        """What one slice of ``scanned`` keys held; the server may hand a key out twice."""
        self._scanned += scanned
        found = self._found
        for key in keys:
            if len(found) < KEYS_KEPT or key in found:
                found[key] = None
            else:
                self._beyond += 1

    def end(self) -> None:
        """The pass is complete."""
        self._complete, self._beyond_before = self._found, self._beyond

    def discard(self, key: bytes) -> None:
        """A reader found the key gone."""
        self._found.pop(key, None)
        if self._complete is not None:
            self._complete.pop(key, None)

    @property
    def keys(self) -> list[bytes]:
        """Those of the last complete pass, then those that the running one found beyond them."""
        if self._complete is None:
            return list(self._found)
        return list(self._complete | self._found)

    def estimate(self) -> Estimate:
        """Exact after a complete pass (and what the running pass has found since), else an estimate at 95 %."""
        if self._complete is not None:
            known = len(self._complete | self._found) + self._beyond_before
            return Estimate(known, known, known, 1.0)
        found, scanned, size = len(self._found) + self._beyond, self._scanned, self._size
        if scanned == 0:
            return Estimate(0, 0, max(size, 0), 0.0)
        size = max(size, scanned)
        low, high = interval(found, scanned, size)
        return Estimate(round(found / scanned * size), low, high, scanned / size)


def interval(found: int, scanned: int, size: int) -> tuple[int, int]:
    """Wilson's 95 % interval for a share, narrowed by the finite population, in keys.

    Args:
        found: members among ``scanned`` keys, drawn without replacement from ``size``.
    """
    z2 = 1.96**2 * (size - scanned) / max(1, size - 1)
    share = found / scanned
    middle = (share + z2 / (2 * scanned)) / (1 + z2 / scanned)
    half = math.sqrt(z2 * (share * (1 - share) / scanned + z2 / (4 * scanned**2))) / (1 + z2 / scanned)
    unseen = size - scanned
    low = max(found, math.floor((middle - half) * size))
    high = min(found + unseen, math.ceil((middle + half) * size))
    return low, high


class Keyspace:
    """Passes over the database, one after the other, for all families at once."""

    def __init__(self, deployment: Deployment, families: Mapping[str, Sequence[str]], budget: float, rest_s: float):
        """``budget``: share of one server core; ``rest_s``: pause between passes, at the least."""
        self.families = {name: Family() for name in families}
        self.size = 0
        """Keys in the database at the last pass' beginning."""
        self.passes = 0
        self._news = asyncio.Event()
        self._begun = False
        self._trouble: SourceError | None = None
        self._deployment = deployment
        self._matcher = Matcher(families)
        self._budget = budget
        self._rest_s = rest_s

    async def run(self) -> None:
        """Scan until cancelled; after a failure the pass begins anew."""
        while True:
            began = time.monotonic()
            try:
                await self.pass_over()
            except SourceError as error:
                self._trouble = error
                self._news.set()
                await asyncio.sleep(RETRY_S)
                continue
            await asyncio.sleep(max(0.0, self._rest_s - (time.monotonic() - began)))

    async def begun(self) -> None:
        """Return when the first slice is there.

        Raises:
            SourceError: scanning failed, and nothing was ever found.
        """
        while not self._begun:
            if self._trouble is not None:
                raise self._trouble
            self._news.clear()
            await self._news.wait()

    async def pass_over(self) -> None:
        """One whole pass.

        Raises:
            SourceError: the server could not be reached, or does not let us SCAN.
        """
        cursor, begun = b"0", False
        while True:
            asked = time.perf_counter()
            size, reply = await self._deployment.pipeline(
                [(b"DBSIZE",), (b"SCAN", cursor, b"COUNT", str(SLICE).encode())]
            )
            took = time.perf_counter() - asked
            if not begun:
                begun = True
                self._begin(size)
            cursor = self._sort(check(reply))
            if cursor == b"0":
                break
            await asyncio.sleep(self._pause(took))
        for family in self.families.values():
            family.end()
        self.passes += 1

    def _begin(self, size: object) -> None:
        self.size = size if isinstance(size, int) else 0
        for family in self.families.values():
            family.begin(self.size)

    def _sort(self, reply: object) -> bytes:
        if not isinstance(reply, list) or len(reply) != 2:
            raise SourceError("SCAN answered in an unknown form")
        cursor, keys = reply
        sorted_keys = self._matcher.sort(keys)
        for name, family in self.families.items():
            family.add(sorted_keys.get(name, ()), len(keys))
        self._begun, self._trouble = True, None
        self._news.set()
        assert isinstance(cursor, bytes)
        return cursor

    def _pause(self, took_s: float) -> float:
        """Long enough that the server spends no more than the budget on us; the round trip where it tells no time."""
        usec = self._deployment.cost.usec(b"SCAN")
        busy = took_s if usec is None else min(took_s, usec / 1e6)
        return busy / self._budget - busy

"""What the scan tells of each family's size, and what can have changed since it was counted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from redis_dash.certainty import Count, at_least, counted, exact
from redis_dash.changes import Changes, changes_of, writes_between
from redis_dash.connection import Deployment
from redis_dash.family import Family, Moved
from redis_dash.info import Info
from redis_dash.model import MissingRightError

NOT_KNOWN = Moved(None, None)


class Census:
    """One family for each kind of key. It is exact only while INFO's counters prove that nothing has changed."""

    def __init__(self, deployment: Deployment, names: Iterable[str]) -> None:
        self.families = {name: Family() for name in names}
        self._deployment = deployment
        self._running_since: Changes | None = None
        """The data set's state when the running pass began."""
        self._counted_since: Changes | None = None
        """And when the last complete one did."""
        self._run = ""

    # -- the passes --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """A pass begins.

        Raises:
            SourceError: the server could not be reached.
        """
        info = await self._info(max_age_s=0.4)
        run = "" if info is None else info.values.get("run_id", "") + info.values.get("master_replid", "")
        if run != self._run:
            self._run, self._counted_since = run, None
            for family in self.families.values():
                family.reset()
        self._running_since = self._changes(info)
        for family in self.families.values():
            family.begin(time.time())

    def add(self, keys: Mapping[str, Sequence[bytes]], scanned: int, size: int, coverage: float) -> None:
        """What one slice brought."""
        now = time.time()
        for name, family in self.families.items():
            family.add(keys.get(name, ()), scanned, size, coverage, now)

    def end(self, *, still: bool) -> None:
        """The pass is complete."""
        self._counted_since = self._running_since
        for family in self.families.values():
            family.end(still=still, now=time.time())

    # -- what is known -----------------------------------------------------------------------------------------------

    async def info_after(self, moment: float) -> Info | None:
        """An INFO that the server answered after ``moment`` (``time.monotonic()``); None without the right to ask.

        Raises:
            SourceError: the server could not be reached.
        """
        return await self._info(max_age_s=time.monotonic() - moment)

    def count(self, name: str, info: Info | None) -> Count:
        """How many keys a family has, as of ``info``."""
        family, moved = self.families[name], self._moved(info)
        return self._whole(family.count(time.time(), moved, silent_expiry=_has_lifetimes(info, self._database)), info)

    def count_asked(self, name: str, alive: int, info: Info | None, *, told: bool = False) -> Count:
        """The same, where every key that is known was asked before ``info``, and ``alive`` of them were there.

        Then only those can be missing that came after the scan had passed over their place; and none, if the server
        has ``told`` of each key that was written since.
        """
        family, moved = self.families[name], self._moved(info)
        if not family.counted_at:
            return self.count(name, info).at_lowest(alive)
        if told or moved.came == 0:
            return self._whole(exact(alive, time.time()), info)
        high = alive + family.come(time.time(), moved)
        return self._whole(counted(alive, alive, high, family.counted_at), info)

    def _whole(self, count: Count, info: Info | None) -> Count:
        """A node of a cluster holds only its share of the keys."""
        if info is not None and info.values.get("cluster_enabled") == "1":
            return at_least(count.low, None, count.at, count.coverage)
        return count

    @property
    def _database(self) -> int:
        return self._deployment.url.database

    def _moved(self, info: Info | None) -> Moved:
        """What can have come and gone since the last complete pass began."""
        then, now = self._counted_since, self._changes(info)
        if then is None or now is None:
            return NOT_KNOWN
        if then == now:
            return Moved(0, 0)
        came = writes_between(then, now)
        if came is None or now.expired_keys < then.expired_keys or now.evicted_keys < then.evicted_keys:
            return NOT_KNOWN
        ended = now.expired_keys - then.expired_keys + now.evicted_keys - then.evicted_keys
        return Moved(came, max(1, came + ended))

    def _changes(self, info: Info | None) -> Changes | None:
        return None if info is None else changes_of(info.values, self._database)

    async def _info(self, max_age_s: float) -> Info | None:
        try:
            return await self._deployment.info(max_age_s)
        except MissingRightError:
            return None


def _has_lifetimes(info: Info | None, database: int) -> bool:
    """Can keys have expired that the server has not deleted yet?"""
    return info is None or ",expires=0" not in info.values.get(f"db{database}", ",expires=0")

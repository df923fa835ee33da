"""What the scan tells of each family's size, and what can have changed since it was counted."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence

from redis_dash.client.change_counters import Changes, changes_of, writes_between
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info
from redis_dash.core import certainty
from redis_dash.core.certainty import Count, at_least, exact
from redis_dash.core.errors import MissingRightError
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.key_group import NOT_KNOWN, Asked, Expiry, KeyGroup, Moved, Since

ASKED = 200
"""Keys of one family that are asked at once."""
NOBODY = Asked(0, 0)


class KeyCounts:
    """One family for each kind of key. It is exact only while INFO's counters prove that nothing has changed."""

    def __init__(self, deployment: Deployment, names: Iterable[str]) -> None:
        self.key_groups = {name: KeyGroup() for name in names}
        self.tracking: ClientTracking | None = None
        """Tells which keys were written, where that can be had."""
        self.stopped = False
        """The scan does not get on: then nothing is exact, whatever INFO's counters say."""
        self._deployment = deployment
        self._running_since: Changes | None = None
        """The data set's state when the running pass began."""
        self._counted_since: Changes | None = None
        """And when the last complete one did."""
        self._sampled_since: Changes | None = None
        """The latest known when the latest slice came."""
        self._latest: Changes | None = None
        self._ended_at = 0.0
        """When the last complete pass ended, ``time.monotonic()``."""
        self._run = ""
        self.data_sets = 0
        """How many were met so far: a pass that began over one says nothing of the next."""

    # -- the passes --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """A pass begins.

        Raises:
            SourceError: the server could not be reached.
        """
        if self.tracking is not None:
            self.tracking.pass_begins()
        self._running_since = self._sampled_since = self._changes(await self._info(max_age_s=0.4))
        for key_group in self.key_groups.values():
            key_group.begin(time.time())

    def add(self, keys: Mapping[str, Sequence[bytes]], scanned: int, size: int, coverage: float) -> None:
        """What one slice brought."""
        now, self._sampled_since = time.time(), self._latest
        for name, key_group in self.key_groups.items():
            key_group.add(keys.get(name, ()), scanned, size, coverage, now)

    def end(self, *, still: bool) -> None:
        """The pass is complete."""
        if self.tracking is not None:
            self.tracking.pass_ends()
        self._ended_at = time.monotonic()
        before, self._counted_since = self._counted_since, self._running_since
        moved = moved_between(before, self._counted_since)
        for key_group in self.key_groups.values():
            key_group.end(still=still, now=time.time(), moved=moved)

    # -- what is known -----------------------------------------------------------------------------------------------

    async def info_after(self, moment: float) -> Info | None:
        """An INFO that the server answered after ``moment`` (``time.monotonic()``); None without the right to ask.

        What was written until then has been told after this.

        Raises:
            SourceError: the server could not be reached.
        """
        info = await self._info(max_age_s=time.monotonic() - moment)
        await self.synchronise()
        return info

    async def synchronise(self) -> None:
        """Return when the server has told what was written before now, where it does."""
        if self.tracking is not None:
            await self.tracking.synchronise()

    async def count_now(self, name: str) -> Count:
        """How many keys a family has; some of those that were counted are asked whether they are still there.

        Raises:
            SourceError: the server could not be reached.
        """
        asked = await self.ask_some(name)
        return self.count(name, await self.info_after(time.monotonic()), asked)

    async def ask_some(self, name: str) -> Asked:
        """Ask some of the keys that were counted whether they are still there.

        Raises:
            SourceError: the server could not be reached.
        """
        names = self.key_groups[name].some(ASKED)
        replies = await self._deployment.pipeline([(b"PTTL", key) for key in names])
        told = [reply for reply in replies if isinstance(reply, int)]
        return Asked(len(told), len(told) - told.count(-2))

    def count(self, name: str, info: Info | None, asked: Asked = NOBODY) -> Count:
        """How many keys a family has, as of ``info``."""
        now = self._changes(info)
        key_group = self.key_groups[name]
        counted, sampled = self._since_counted(info, now), moved_between(self._sampled_since, now)
        written = self._written(name, info)
        if written is not None and not counted.nothing:
            counted = key_group.sort_out(written) or counted
        since = Since(counted, sampled, self._expiry(info), asked, self._arrived(name, info, now))
        return self._whole(key_group.count(time.time(), since), info)

    def _written(self, name: str, info: Info | None) -> Mapping[bytes, None] | None:
        """Keys that were written since the last complete pass began, until ``info``; None where not all are known."""
        if self.tracking is None or info is None:
            return None
        return self.tracking.since_counted(name, self.key_groups[name].counted_since, info.at)

    def _since_counted(self, info: Info | None, now: Changes | None) -> Moved:
        """What can have changed since the last complete pass began; an INFO from before its end does not tell."""
        if info is None or info.at < self._ended_at:
            return NOT_KNOWN
        return moved_between(self._counted_since, now)

    def _arrived(self, name: str, info: Info | None, now: Changes | None) -> int | None:
        """How many keys can have come since the running pass began, at most; None where that is not known."""
        key_group = self.key_groups[name]
        if self.tracking is not None and info is not None:
            written = self.tracking.since_running(name, key_group.began_at, info.at)
            if written is not None:
                return key_group.not_found(written)
        return moved_between(self._running_since, now).came

    def count_asked(
        self, name: str, alive: int, info: Info | None, *, since: float = math.inf, told: bool = False
    ) -> Count:
        """The same, where every key that is known was asked before ``info``, and ``alive`` of them were there.

        Then only those can be missing that came after the scan had passed over their place; and none, if the server
        has ``told`` of each key that was written since.

        Args:
            since: when they began to be asked (Unix epoch seconds): a pass that began later tells nothing of keys that
                were there when they were asked, and gone when it began.
        """
        now, key_group = self._changes(info), self.key_groups[name]
        moved = self._since_counted(info, now)
        if not key_group.counted_at:
            return self.count(name, info, key_group.followed).at_lowest(alive)
        if not told and key_group.counted_since > since:
            passed = self.count(name, info)
            if passed.certainty != "exact" or passed.value == alive:
                return passed
            low, high = sorted((passed.value, alive))  # what is listed is older than the pass
            return certainty.counted(passed.value, low, high, passed.at)
        if told or moved.came == 0:
            return self._whole(exact(alive, time.time()), info)
        high = alive + key_group.come(time.time(), moved)
        return self._whole(certainty.counted(alive, alive, high, key_group.counted_at), info)

    def _whole(self, count: Count, info: Info | None) -> Count:
        """A node of a cluster holds only its share of the keys; without a scan nobody would notice what is missing."""
        if self.stopped and count.certainty == "exact":
            count = certainty.counted(count.value, count.low, count.high, count.at)
        if info is not None and info.values.get("cluster_enabled") == "1":
            return at_least(count.low, None, count.at, count.coverage)
        return count

    def _expiry(self, info: Info | None) -> Expiry:
        """The lifetimes in the database; keys whose lifetime is over may be there until the server deletes them."""
        fields = "" if info is None else info.values.get(f"db{self._deployment.url.database}", "keys=0,expires=0")
        told = dict(part.split("=", 1) for part in fields.split(",") if "=" in part)
        if not told.get("expires", "").isdecimal():
            return Expiry(None, 0.0)
        ttl_ms = told.get("avg_ttl", "")
        return Expiry(int(told["expires"]), int(ttl_ms) / 1000 if ttl_ms.isdecimal() else 0.0)

    def _changes(self, info: Info | None) -> Changes | None:
        """Its counters; of another run, or another master's data, nothing is known yet."""
        if info is None:
            return None
        run = info.values.get("run_id", "") + info.values.get("master_replid", "")
        if run != self._run:
            self._run, self._counted_since, self._running_since = run, None, None
            self.data_sets += 1
            for key_group in self.key_groups.values():
                key_group.reset()
        self._latest = changes_of(info.values, self._deployment.url.database)
        return self._latest

    async def _info(self, max_age_s: float) -> Info | None:
        try:
            return await self._deployment.info(max_age_s)
        except MissingRightError:
            return None


def moved_between(then: Changes | None, now: Changes | None) -> Moved:
    """What can have come and gone between two states of the data set."""
    if then is None or now is None:
        return NOT_KNOWN
    if then == now:
        return Moved(0, 0)
    came = writes_between(then, now)
    if came is None or now.expired_keys < then.expired_keys or now.evicted_keys < then.evicted_keys:
        return NOT_KNOWN
    ended = now.expired_keys - then.expired_keys + now.evicted_keys - then.evicted_keys
    return Moved(came, max(1, came + ended))

"""The size of each key group, as the scan counted it, and what can have changed since."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from redis_dash.client.change_counters import Changes, database_of, keys_in, keys_of, lost_between, writes_between
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info
from redis_dash.core import certainty
from redis_dash.core.certainty import Count, at_least, exact
from redis_dash.core.errors import MissingRightError
from redis_dash.keyspace.changes import NONE_ASKED, NOT_KNOWN, Asked, Basis, Expiry, Moved, Since
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.key_group import KeyGroup
from redis_dash.keyspace.strata import Portion, has_one_slot

ASKED = 200
"""Keys of one group whose existence is checked at once."""
REFUSED_S = 30.0
"""Pause after a refusal, since each is an entry in the server's ACL LOG."""


class KeyCounts:
    """The counts of all key groups. A count is exact only while INFO's counters prove that nothing has changed."""

    def __init__(self, deployment: Deployment, globs: Mapping[str, Sequence[str]]) -> None:
        """``globs`` are those of each key group, by its name."""
        self.key_groups = {name: KeyGroup(one_slot=has_one_slot(its)) for name, its in globs.items()}
        self.tracking: ClientTracking | None = None
        """Names the keys that were written, if the server supports it."""
        self.stopped = False
        """Whether the scan cannot proceed; then a count is a lower bound, whatever INFO's counters say."""
        self._deployment = deployment
        self._ask_again_at: dict[str, float] = {}
        """``time.monotonic()`` until which no keys of a group are checked, since the server refused some."""
        self._running_since: Changes | None = None
        """INFO's counters when the running pass began."""
        self._counted_since: Changes | None = None
        """INFO's counters when the last complete pass began."""
        self._sampled_since: Changes | None = None
        """The latest counters that were known when the latest slice came."""
        self._latest: Changes | None = None
        self._ended_at = 0.0
        """When the last complete pass ended, ``time.monotonic()``."""
        self._run = ""
        self.data_sets = 0
        """How many data sets were seen so far: a pass that began on one says nothing about the next."""

    # -- the passes --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin a pass.

        Raises:
            SourceError: the server could not be reached.
        """
        if self.tracking is not None:
            self.tracking.pass_begins()
        self._running_since = self._sampled_since = self._changes(await self._info(max_age_s=0.4))
        for key_group in self.key_groups.values():
            key_group.begin(time.time())

    def add(
        self,
        keys: Mapping[str, Sequence[bytes]],
        scanned: int,
        size: int,
        coverage: float,
        portions: Callable[[str], Sequence[Portion]] = lambda name: (),
    ) -> None:
        """Add the keys of one slice; ``portions`` returns what each of several nodes has returned of a key group."""
        now, self._sampled_since = time.time(), self._latest
        for name, key_group in self.key_groups.items():
            key_group.add(keys.get(name, ()), scanned, size, coverage, now, portions(name))

    def end(self, *, still: bool) -> None:
        """End a complete pass."""
        if self.tracking is not None:
            self.tracking.pass_ends()
        self._ended_at = time.monotonic()
        before, self._counted_since = self._counted_since, self._running_since
        moved = moved_between(before, self._counted_since)
        for key_group in self.key_groups.values():
            key_group.end(still=still, now=time.time(), moved=moved)

    # -- counts ------------------------------------------------------------------------------------------------------

    async def info_after(self, moment: float) -> Info | None:
        """An INFO that the server answered after ``moment`` (``time.monotonic()``); None without permission.

        When this returns, the tracking has named every key that was written until then.

        Raises:
            SourceError: the server could not be reached.
        """
        info = await self._info(max_age_s=time.monotonic() - moment)
        await self.synchronise()
        if info is not None and info.at < self._ended_at:  # a pass has ended meanwhile, which this INFO does not cover
            info = await self._info(max_age_s=0.0)
        return info

    async def synchronise(self) -> None:
        """Return when the tracking has named every key that was written before now."""
        if self.tracking is not None:
            await self.tracking.synchronise()

    async def count_now(self, name: str) -> Count:
        """How many keys a group has; checks whether some of the counted keys still exist.

        Raises:
            SourceError: the server could not be reached.
        """
        asked = await self.ask_some([name])
        return self.count(name, await self.info_after(time.monotonic()), asked[name])

    async def ask_some(self, names: Sequence[str]) -> dict[str, Asked]:
        """Check whether some of the known keys of each group still exist.

        Raises:
            SourceError: the server could not be reached.
        """
        began = time.monotonic()
        asked = [name for name in names if began >= self._ask_again_at.get(name, 0.0)]
        await self.synchronise()
        written = {name: self._named(name, began) for name in asked}
        basis = {name: self.key_groups[name].basis for name in asked}
        keys = {name: self.key_groups[name].some(ASKED, written[name] or ()) for name in asked}
        replies = iter(await self._deployment.pipeline([(b"PTTL", key) for some in keys.values() for key in some]))
        answers = {name: {key: reply for key, reply in zip(some, replies)} for name, some in keys.items()}  # noqa: B905, C416
        return dict.fromkeys(names, NONE_ASKED) | {
            name: self._asked(name, answers[name], written[name], basis[name]) for name in asked
        }

    def _asked(
        self, name: str, answers: Mapping[bytes, object], written: Mapping[bytes, None] | None, basis: Basis
    ) -> Asked:
        checked = {key: reply != -2 for key, reply in answers.items() if isinstance(reply, int)}
        if len(checked) < len(answers):  # those that our user may not read may have ended sooner, or later
            self._ask_again_at[name] = time.monotonic() + REFUSED_S
            return NONE_ASKED
        if written is None:
            return Asked(len(checked), sum(checked.values()), basis=basis)
        found = [alive for key, alive in checked.items() if self.key_groups[name].has_counted(key)]
        return Asked(len(found), sum(found), self.key_groups[name].existing(checked, written), basis)

    def count(self, name: str, info: Info | None, asked: Asked = NONE_ASKED) -> Count:
        """How many keys a group has, as of ``info``."""
        now = self._changes(info)
        key_group = self.key_groups[name]
        counted, sampled = self._since_counted(info, now), moved_between(self._sampled_since, now)
        written = self._written(name, info)
        if written is not None and not counted.nothing:
            counted = key_group.sort_out(written) or counted
        running = moved_between(self._running_since, now)
        named = 0 if asked.existing is None or info is None else len(self._named(name, info.at) or ())
        since = Since(counted, sampled, self._expiry(info), asked, running.came, running.grown, named)
        return self._whole(name, key_group.count(time.time(), since), info)

    def _named(self, name: str, until: float) -> Mapping[bytes, None] | None:
        """Keys that were written since the pass began on which the count is based; None if not all are known."""
        if self.tracking is None:
            return None
        key_group = self.key_groups[name]
        since = self.tracking.since_counted if key_group.counted_at else self.tracking.since_running
        return since(name, key_group.basis.began_at, until)

    def _written(self, name: str, info: Info | None) -> Mapping[bytes, None] | None:
        """Keys that were written since the last complete pass began, until ``info``; None if not all are known."""
        if self.tracking is None or info is None:
            return None
        return self.tracking.since_counted(name, self.key_groups[name].counted_since, info.at)

    def _since_counted(self, info: Info | None, now: Changes | None) -> Moved:
        """What can have changed since the last complete pass began; not known from an INFO before its end."""
        if info is None or info.at < self._ended_at:
            return NOT_KNOWN
        return moved_between(self._counted_since, now)

    def count_asked(
        self,
        name: str,
        alive: int,
        info: Info | None,
        *,
        names: Collection[bytes] | None = None,
        since: float = math.inf,
        all_named: bool = False,
    ) -> Count:
        """How many keys a group has, if every known key was checked before ``info``, and ``alive`` of them exist.

        Then only keys can be missing that were created after the scan had passed over their place.

        Args:
            names: the keys that exist; None if the caller has only their number.
            since: when the first check began (Unix epoch seconds). A pass that began later says nothing about keys
                that existed when they were checked, and were gone when the pass began.
            all_named: whether the tracking has named each key that was written since; then no key is missing.
        """
        now, key_group = self._changes(info), self.key_groups[name]
        moved = self._since_counted(info, now)
        if not key_group.counted_at:
            written = None if info is None else self._named(name, info.at)
            untold = written is None or names is None
            asked = key_group.followed if untold else key_group.all_checked(names or (), written or {})
            return self.count(name, info, asked).at_lowest(alive)
        if not all_named and key_group.counted_since > since:
            passed = self.count(name, info)
            if passed.certainty != "exact" or passed.value == alive:
                return passed
            low, high = sorted((passed.value, alive))  # the listed keys are older than the pass
            return certainty.counted(passed.value, low, high, passed.at)
        if all_named or moved.came == 0:
            return self._whole(name, exact(alive, time.time()), info)
        most = key_group.most_now(alive, time.time(), moved, moved_between(self._sampled_since, now))
        return self._whole(name, certainty.counted(alive, alive, most, key_group.counted_at), info)

    def _whole(self, name: str, count: Count, info: Info | None) -> Count:
        """The count without the claim to be complete, if the scan has stopped or a part of a cluster is not seen.

        Without the scan new keys are not seen. A node of a cluster holds only its share of the keys.
        """
        if self.stopped and count.certainty in ("exact", "counted"):
            count = at_least(count.low, None, self.key_groups[name].counted_at, count.coverage)
        fields = None if info is None else database_of(info.values, self._deployment.database)
        if fields is not None and count.certainty != "exact":  # a replica, too, tells how many keys there are
            count = _at_most(count, keys_in(fields))
        if self._deployment.partial or (info is not None and info.partial):
            return at_least(count.low, None, count.at, count.coverage)
        return count

    def _expiry(self, info: Info | None) -> Expiry:
        """The lifetimes in the database; a key whose lifetime is over exists until the server deletes it."""
        fields = None if info is None else database_of(info.values, self._deployment.database)
        if fields == "":
            return Expiry(0, 0.0)
        fields = fields or ""
        values = dict(part.split("=", 1) for part in fields.split(",") if "=" in part)
        if not values.get("expires", "").isdecimal():
            return Expiry(None, 0.0)
        ttl_ms = values.get("avg_ttl", "")
        return Expiry(int(values["expires"]), int(ttl_ms) / 1000 if ttl_ms.isdecimal() else 0.0)

    def _changes(self, info: Info | None) -> Changes | None:
        """INFO's counters; after a restart, or on the data of another master, all earlier counts are dropped."""
        if info is None:
            return None
        run = info.values.get("run_id", "") + info.values.get("master_replid", "")
        if run != self._run:
            self._run, self._counted_since, self._running_since = run, None, None
            self.data_sets += 1
            for key_group in self.key_groups.values():
                key_group.reset()
        self._latest = info.changes
        return self._latest

    async def _info(self, max_age_s: float) -> Info | None:
        try:
            return await self._deployment.info(max_age_s)
        except MissingRightError:
            return None


def _at_most(count: Count, keys: int) -> Count:
    """A key group has no more keys than the database."""
    high = keys if count.high is None else min(count.high, keys)
    return msgspec.structs.replace(count, value=min(count.value, high), low=min(count.low, high), high=high)


def moved_between(then: Changes | None, now: Changes | None) -> Moved:
    """How many keys can have come and gone between two states of INFO's counters."""
    if then is None or now is None:
        return NOT_KNOWN
    if then == now:
        return Moved(0, 0)
    came, lost = writes_between(then, now), lost_between(then, now)
    if came is None or lost is None:
        return NOT_KNOWN
    return Moved(came, max(1, came + lost), grown=keys_of(now) - keys_of(then))

"""A key group: how many keys it has according to the passes over the keyspace, and their names if they are few."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from redis_dash.core.certainty import Count, counted, estimated, exact
from redis_dash.keyspace.changes import NONE_ASKED, NOT_KNOWN, Asked, Basis, Existing, Moved, Since, steady, still_there
from redis_dash.keyspace.drift import CompletePass, Rate, drift, early_rate
from redis_dash.keyspace.estimate import Range, most_events, share_of, total
from redis_dash.keyspace.strata import Portion, StratifiedSample

HELD = 20_000
"""Names kept for each group; further keys are only counted."""
ENOUGH = 2000
"""Keys that a running pass must have seen before its estimate may replace the last count."""
BURST = 4.0
"""If the database grew or shrank by more than this multiple of the square root of all changes, it was a burst."""
GROWTH = 0.05
"""If the database grew or shrank by more than this share in a pass, the pass's latest part replaces its sum."""


class KeyGroup:
    """The keys of one group, as the latest passes saw them. Times are Unix epoch seconds."""

    def __init__(self, *, one_slot: bool = False) -> None:
        """``one_slot``: all its keys have one hash tag."""
        self._one_slot = one_slot
        self.reset()

    def reset(self) -> None:
        """Forget everything: the server has another data set."""
        self._complete: dict[bytes, None] = {}
        self._left: dict[bytes, None] = {}
        """Keys that the last complete pass counted and that are gone now."""
        self._last: CompletePass | None = None
        self._came: Rate | None = None
        self._went: Rate | None = None
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """Begin a pass over the keyspace."""
        self._found: dict[bytes, None] = {}
        self._found_left: dict[bytes, None] = {}
        """Keys that the running pass has found and that are gone now."""
        self._beyond = 0
        self._began_at = self._sampled_at = now
        self._sample = StratifiedSample(one_slot=self._one_slot)

    def add(
        self, keys: Sequence[bytes], scanned: int, size: int, coverage: float, now: float, parts: Sequence[Portion] = ()
    ) -> None:
        """Add the group's keys in one slice of ``scanned`` keys, in a database of ``size`` keys, and each node's."""
        self._sample.add(len(keys), scanned, size, coverage, now)
        self._sampled_at = now
        self._sample.add_portions(parts, now)
        if self._beyond or len(self._found) + len(keys) > 2 * HELD:
            self._beyond += len(keys)
        else:
            self._found.update(dict.fromkeys(keys))
            if len(self._found) > HELD:
                self._beyond = len(self._found) - HELD
                self._found = dict.fromkeys(list(self._found)[:HELD])

    def end(self, *, still: bool, now: float, moved: Moved = NOT_KNOWN) -> None:
        """End a complete pass.

        Args:
            still: the database held the same number of keys all the time, and each key was seen once.
            moved: changes between the beginning of the previous pass and the beginning of this one.
        """
        left = {key: None for key in self._found_left if key not in self._found}
        # Those that are gone count: others have come unseen, where the pass had gone by.
        sample, count = self._sample, len(self._found) + len(left) + self._beyond
        low = high = count
        if self._beyond and not still and sample.most:  # SCAN may have returned keys twice, or missed keys that moved
            low = math.floor(count * min(1.0, sample.least / max(1, sample.scanned)))
            high = math.ceil(count * max(1.0, sample.most / max(1, sample.scanned)))
        if sample.most - sample.least > GROWTH * max(1, sample.size):
            recent = sample.estimate()
            count, low, high = recent.value, min(low, recent.low), max(high, recent.high or 0)
        sure = still and not left
        ended = CompletePass(count, low, high, self._began_at, now, sample.scanned, sure, not self._beyond)
        self._learn_rate(ended, moved)
        self._last, self._complete, self._left = ended, self._found, left
        self.begin(now)

    def _learn_rate(self, ended: CompletePass, moved: Moved) -> None:
        last = self._last
        if last is None:
            return
        seconds = max(0.01, ended.began_at - last.began_at)
        before, now = self._complete | self._left, self._found | self._found_left
        if self._beyond or last.keys > len(before):  # not all names are known
            came, went = max(0, ended.keys - last.keys), max(0, last.keys - ended.keys)
        else:
            came, went = sum(key not in before for key in now), sum(key not in now for key in before)
        self._came = Rate((came + 1) / seconds, None if moved.came is None else moved.came / seconds)
        self._went = Rate((went + 1) / seconds, None if moved.went is None else moved.went / seconds)

    def discard(self, key: bytes) -> None:
        """Drop the name of a key that a reader found gone. The last count does not change."""
        if key in self._found:
            del self._found[key]
            self._found_left[key] = None
        if key in self._complete:
            del self._complete[key]
            self._left[key] = None

    @property
    def keeps_names(self) -> bool:
        """Whether the running pass still keeps the names of the keys that it finds."""
        return not self._beyond

    @property
    def keys(self) -> list[bytes]:
        """The known names: those of the last complete pass, then those that only the running pass has found."""
        return list(self._complete | self._found)

    def sort_out(self, written: Iterable[bytes]) -> Moved | None:
        """Changes since the last complete pass, if the server has named all keys that were written since it began.

        None if not all names of the counted keys are known.
        """
        if self._last is None or self._last.keys > len(self._complete) + len(self._left):
            return None
        known = [key in self._complete or key in self._left for key in written]
        return Moved(len(known) - sum(known), sum(known), told=True)

    @property
    def began_at(self) -> float:
        """When the running pass began."""
        return self._began_at

    @property
    def followed(self) -> Asked:
        """What the running pass has found, if a reader checks each key and discards those that are gone."""
        return Asked(len(self._found) + len(self._found_left), len(self._found), basis=self.basis)

    def existing(self, checked: Mapping[bytes, bool], written: Mapping[bytes, None]) -> Existing:
        """How many keys exist by now, extrapolated to the names that were not checked.

        Args:
            checked: a random sample of the names that the pass has found, and one of the other written keys, with
                whether each key exists.
            written: all keys that were written since the pass began.
        """
        held = self._counted_names
        found = [key for key in checked if key in held]
        others = [key for key in checked if key not in held]
        kept = sum(checked[key] and key not in written for key in found)
        renewed = sum(checked[key] and key in written for key in found)
        new = sum(key not in held for key in written)
        parts = [
            share_of(renewed, len(found), len(held)),
            share_of(sum(checked[key] for key in others), min(new, len(others)), new),
        ]
        unwritten = share_of(kept, len(found), len(held))
        return Existing(unwritten, total(parts), len(written))

    def all_checked(self, alive: Collection[bytes], written: Mapping[bytes, None]) -> Asked:
        """The same, if a reader checks each known key of the running pass, and those of ``alive`` exist.

        Those that the pass has not found, and that were not written since it began, are not counted: they are among
        those that it is expected to find. A key that the pass has found and the reader has not checked yet exists:
        the server has just returned it, and the reader discards those that are gone.
        """
        kept = sum(key not in written for key in self._found)
        others = sum(key in alive or key in self._found for key in written)
        number, found = self.followed[:2]
        existing = Existing(Range(kept, kept, kept), Range(others, others, others), len(written))
        return Asked(number, found, existing, self.basis)

    @property
    def _counted_names(self) -> dict[bytes, None]:
        """The held names of the last complete pass; before the first one, of those found so far."""
        return self._complete | self._left if self._last else self._found | self._found_left

    @property
    def basis(self) -> Basis:
        """The pass on which the count is based: the last complete one, otherwise the running one."""
        return Basis(self._last.began_at if self._last else self._began_at, self._last is not None)

    def has_counted(self, key: bytes) -> bool:
        """Whether the name is held of a key that was counted."""
        return any(key in held for held in (self._complete, self._left, self._found, self._found_left))

    def some(self, number: int, written: Iterable[bytes] = ()) -> list[bytes]:
        """A random sample of the counted keys, and one as large of the other keys that were written since."""
        held = self._counted_names
        new = [key for key in written if key not in held]
        return [*random.sample(list(held), min(number, len(held))), *random.sample(new, min(number, len(new)))]

    @property
    def counted_at(self) -> float:
        """When the last complete pass ended; 0 if there is none."""
        return self._last.ended_at if self._last else 0.0

    @property
    def counted_since(self) -> float:
        """When the last complete pass began; infinity if there is none."""
        return self._last.began_at if self._last else math.inf

    @property
    def seen(self) -> int:
        """Keys that the last complete pass counted, or that the running pass has found if they are more."""
        return max(self._last.keys if self._last else 0, len(self._found) + self._beyond)

    # -- the count ---------------------------------------------------------------------------------------------------

    def count(self, now: float, since: Since) -> Count:
        """How many keys there are, and how certain that is."""
        if since.asked.basis != self.basis:  # a pass has begun or ended since
            since = since._replace(asked=NONE_ASKED)
        last, existing = self._last, since.asked.existing
        if last is None:
            return self._first(since) if existing is None else self._by_names(existing, since.named)
        if last.sure and since.counted.nothing and since.expiry.keys == 0:
            return exact(last.keys, last.ended_at)
        if existing is not None:
            return self._by_names(existing, since.named)
        complete, running = self._counted(last, now, since), self._running(since.sampled)
        return running if self._is_better(running, complete, since.sampled) else complete

    def _by_names(self, existing: Existing, named: int) -> Count:
        """The keys that exist by now, if all keys that were written since are known by name."""
        unwritten, late = existing.unwritten, max(0, named - existing.named)
        if self._last is None:
            found = len(self._found) + self._beyond + len(self._found_left)
            factor = found / max(1, len(self._counted_names))
            unwritten = self._sample.of_all(Range(*(factor * part for part in unwritten)))
        elif not self._last.all_held:
            last, held = self._last, max(1, len(self._counted_names))
            sizes = (last.keys, last.low, last.high)
            unwritten = Range(*(part * size / held for part, size in zip(unwritten, sizes, strict=True)))
        value, low, high = total([unwritten, existing.written])
        low, high = max(0, math.floor(low) - late), math.ceil(high) + late
        if self._last is None:
            return estimated(round(value), low, high, self._sample.coverage)
        return counted(round(value), low, high, self._last.ended_at)

    def _first(self, since: Since) -> Count:
        """The estimate of the first pass: its keys that still exist, and those that were created since it began.

        Some of the latter are found later. So they raise only the upper bound.
        """
        found, running = self._sample.estimate(), self._running(since.sampled)
        if found.high is None or found.certainty == "unknown":
            return found
        left = still_there(found, since.asked)
        most = max(since.arrived or 0, since.sampled.came or 0)
        high = max(left.high or 0, self._sample.size) if since.arrived is None else (left.high or 0) + most
        value = min(high, steady(found.value, left.value, most, since.grown))
        low = min(left.low, still_there(running, since.asked).low)
        return msgspec.structs.replace(left, value=value, low=low, high=high)

    def _counted(self, last: CompletePass, now: float, since: Since) -> Count:
        """The count of the last complete pass, and how far it can have changed.

        Many keys can come and go between two passes, so the earlier rate says only how far the sum changes.
        """
        before = counted(last.keys, last.low, last.high, last.ended_at)
        gone, come = self.gone(now, since.counted), self.come(now, since.counted)
        if since.asked.number and (gone is None or since.asked.alive < since.asked.number):
            left = still_there(before, since.asked, is_all=gone is not None)  # more than the rate of earlier passes
        else:
            gone = last.keys if gone is None else gone + since.expiry.lost(last.keys, now - last.began_at)
            left = counted(last.keys, last.low - gone, last.high, last.ended_at)
        if come is None:
            return counted(last.keys, left.low, None, last.ended_at)
        most, grown = since.counted.came, since.counted.grown
        high = last.high + come
        if most is not None:
            high = min(high, (left.high or 0) + most)
        if most is not None and abs(grown) > BURST * math.sqrt(most):  # all these keys may be in this group
            high = max(high, (left.high or 0) + grown)
            if not since.asked.number:
                left = counted(left.value, left.low + min(0, grown), left.high, last.ended_at)
        value = steady(before.value, left.value, high if most is None else most, grown)
        return msgspec.structs.replace(left, value=min(value, high), high=high)

    def come(self, now: float, moved: Moved) -> int | None:
        """Keys that can have been created since the last complete pass began: at 95 %, or at most; None if unknown."""
        rate = self._early_rate() if self._came is None and moved.came is None else self._came
        return self._drift(now, moved.came, rate, told=moved.told)

    def _early_rate(self) -> Rate | None:
        """The rate at which keys come, from what the second pass has found so far."""
        last, sample = self._last, self._sample
        if last is None or not last.all_held or self._beyond or sample.scanned <= min(ENOUGH, last.scanned / 2):
            return None
        new = sum(key not in self._complete and key not in self._left for key in self._found)
        reached_s = last.began_at + sample.coverage * (last.ended_at - last.began_at)
        return early_rate(new, sample.coverage, (self._began_at - last.began_at, self._sampled_at - reached_s))

    def most_now(self, alive: int, now: float, moved: Moved, sampled: Moved) -> int | None:
        """The most keys that there can be if every known key was checked, and ``alive`` exist: at 95 %, or at most.

        None if that is not known.
        """
        come = self.come(now, moved)
        if come is None:
            return None
        high = alive + come
        if not moved.told:
            high += len(self._left)  # others can have come instead of them
            high = high if moved.came is None else min(high, alive + moved.came)
            running = self._running(sampled)
            if running.high is not None and running.high >= alive and self._sample.scanned >= ENOUGH:
                late = self._came.keys * max(0.0, now - self._began_at) if self._came else 0.0
                high = min(high, running.high + most_events(late))  # the sample is as old as the pass
        return high

    def gone(self, now: float, moved: Moved) -> int | None:
        """Keys that can have been deleted since the last complete pass began: at 95 %, or at most; None if unknown."""
        return self._drift(now, moved.went, self._went, told=moved.told)

    def _drift(self, now: float, most: int | None, rate: Rate | None, *, told: bool) -> int | None:
        return drift(most, rate, max(0.0, now - self._last.began_at), told=told) if self._last else 0

    def _is_better(self, running: Count, complete: Count, moved: Moved) -> bool:
        """Whether the running pass contradicts the complete one, or is more precise, as far as is known, by now."""
        if self._sample.scanned < ENOUGH or running.high is None or complete.high is None:
            return False
        margin = (running.high - running.low) / 2  # twice the interval, because it is computed many times in a pass
        if complete.high < running.low - margin or complete.low > running.high + margin:
            return True
        return moved.came is not None and running.high - running.low < (complete.high - complete.low) / 2

    def _running(self, moved: Moved) -> Count:
        """The estimate of the running pass at its latest slice, widened by what can have changed since."""
        found = self._sample.estimate()
        if found.high is None or found.certainty == "unknown":
            return found
        came, went = moved.came or 0, moved.went or 0
        return estimated(found.value, max(0, found.low - went), found.high + came, found.coverage)

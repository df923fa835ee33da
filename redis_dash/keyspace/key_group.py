"""A key group: how many keys it has according to the passes over the keyspace, and their names if they are few."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from redis_dash.core.certainty import Count, counted, estimated, exact
from redis_dash.keyspace.estimate import RecentSample, interval

HELD = 20_000
"""Names kept for each group; further keys are only counted."""
ENOUGH = 2000
"""Keys that a running pass must have seen before its estimate may replace the last count."""
USUAL = 1.5
"""Changes at more than this multiple of the earlier rate are a burst."""
GROWTH = 0.05
"""If the database grew or shrank by more than this share in a pass, the pass's latest part replaces its sum."""


class Moved(NamedTuple):
    """How many keys of any group can have come and gone since a moment, at most; None if that is not known."""

    came: int | None
    went: int | None
    told: bool = False
    """Whether the server has named them: they are all in this group, and no others came or went."""

    @property
    def nothing(self) -> bool:
        """Whether the data did not change."""
        return self.came == 0 and self.went == 0


NOT_KNOWN = Moved(None, None)


class Expiry(NamedTuple):
    """Keys of the database that have a lifetime; those whose lifetime is over may still exist."""

    keys: int | None
    """None if it is not known."""
    average_s: float
    """Their average remaining lifetime; 0 if it is not known."""

    def lost(self, keys: int, seconds: float) -> int:
        """How many of ``keys`` may have expired within ``seconds`` without being deleted yet."""
        if not self.keys:
            return 0
        return min(keys, self.keys, math.ceil(min(keys, self.keys) * seconds / self.average_s)) if self.average_s else 0


class Asked(NamedTuple):
    """A random sample of the counted keys, whose existence was checked just now."""

    number: int
    alive: int


class Since(NamedTuple):
    """What can have changed until now."""

    counted: Moved
    """Since the last complete pass began."""
    sampled: Moved
    """Since the latest slice of the running pass."""
    expiry: Expiry
    asked: Asked = Asked(0, 0)
    arrived: int | None = 0
    """Keys that can have been created since the running pass began, at most; None if that is not known."""


class _Pass(NamedTuple):
    """A complete pass."""

    keys: int
    low: int
    high: int
    began_at: float
    ended_at: float
    size: int
    """Keys in the database."""
    sure: bool
    """Whether each key was seen once, in a database that did not change."""


class _Rate(NamedTuple):
    """Changes between the beginnings of the last two passes, in keys per second."""

    keys: float
    """Of this group; at least one key in that time."""
    all_keys: float | None
    """Of any group, at most; None if it is not known."""


class KeyGroup:
    """The keys of one group, as the latest passes saw them. Times are Unix epoch seconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: the server has another data set."""
        self._complete: dict[bytes, None] = {}
        self._left: dict[bytes, None] = {}
        """Keys that the last complete pass counted and that are gone now."""
        self._last: _Pass | None = None
        self._came: _Rate | None = None
        self._went: _Rate | None = None
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """Begin a pass over the keyspace."""
        self._found: dict[bytes, None] = {}
        self._found_left: dict[bytes, None] = {}
        """Keys that the running pass has found and that are gone now."""
        self._beyond = 0
        self._began_at = now
        self._sample = RecentSample()

    def add(self, keys: Sequence[bytes], scanned: int, size: int, coverage: float, now: float) -> None:
        """Add the group's keys in one slice of ``scanned`` keys, in a database of ``size`` keys."""
        self._sample.add(len(keys), scanned, size, coverage, now)
        if not keys:
            return
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
        sample, count = self._sample, len(self._found) + self._beyond
        low = high = count
        if self._beyond and not still and sample.most:  # SCAN may have returned keys twice, or missed keys that moved
            low = math.floor(count * min(1.0, sample.least / max(1, sample.scanned)))
            high = math.ceil(count * max(1.0, sample.most / max(1, sample.scanned)))
        if sample.most - sample.least > GROWTH * max(1, sample.size):
            recent = sample.estimate()
            count, low, high = recent.value, min(low, recent.low), max(high, recent.high or 0)
        sure = still and not self._found_left
        ended = _Pass(count, low, high, self._began_at, now, sample.size, sure)
        self._learn_rate(ended, moved)
        self._last, self._complete, self._left = ended, self._found, {}
        self.begin(now)

    def _learn_rate(self, ended: _Pass, moved: Moved) -> None:
        last = self._last
        if last is None:
            return
        seconds = max(0.01, ended.began_at - last.began_at)
        if self._beyond or last.keys > len(self._complete):  # not all names are known
            came, went = max(0, ended.keys - last.keys), max(0, last.keys - ended.keys)
        else:
            came = sum(key not in self._complete for key in self._found)
            went = sum(key not in self._found for key in self._complete)
        self._came = _Rate((came + 1) / seconds, None if moved.came is None else moved.came / seconds)
        self._went = _Rate((went + 1) / seconds, None if moved.went is None else moved.went / seconds)

    def discard(self, key: bytes) -> None:
        """Drop the name of a key that a reader found gone. The last count does not change."""
        if key in self._found:
            del self._found[key]
            self._found_left[key] = None
        if key in self._complete:
            del self._complete[key]
            self._left[key] = None

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

    def not_found(self, written: Iterable[bytes]) -> int:
        """How many of these keys the running pass has not found yet."""
        return sum(key not in self._found and key not in self._found_left for key in written)

    @property
    def began_at(self) -> float:
        """When the running pass began."""
        return self._began_at

    @property
    def followed(self) -> Asked:
        """What the running pass has found, if a reader checks each key and discards those that are gone."""
        return Asked(len(self._found) + len(self._found_left), len(self._found))

    def some(self, number: int) -> list[bytes]:
        """A random sample of the counted keys; before the first complete pass, of those found so far."""
        names = list(self._complete | self._left) if self._last else list(self._found | self._found_left)
        return random.sample(names, min(number, len(names)))

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
        last, running = self._last, self._running(since.sampled)
        if last is None:
            return self._with_arrived(running, _still_there(running, since.asked), since.arrived)
        if last.sure and since.counted.nothing and since.expiry.keys == 0:
            return exact(last.keys, last.ended_at)
        come = self.come(now, since.counted)
        complete = counted(last.keys, last.low, last.high, last.ended_at)
        if since.asked.alive < since.asked.number:  # a sample says more than the rate of earlier passes
            complete = _still_there(complete, since.asked)
        else:
            gone = self.gone(now, since.counted) + since.expiry.lost(last.keys, now - last.began_at)
            complete = counted(last.keys, last.low - gone, last.high, last.ended_at)
        complete = msgspec.structs.replace(complete, high=(complete.high or 0) + come)
        return running if self._is_better(running, complete) else complete

    def _with_arrived(self, found: Count, left: Count, arrived: int | None) -> Count:
        """The keys of a first pass that still exist, plus those that were created where it had passed already.

        Of the keys that were written since, some are new, and some are old keys that the pass will find later. So they
        raise only the upper bound. The value rises by no more than the lost keys, as if the number stayed the same.
        """
        if found.high is None or left.high is None or found.certainty == "unknown":
            return left
        most = max(left.high, self._sample.size) if arrived is None else left.high + arrived
        missed = min(found.value - left.value, round((arrived or 0) * found.coverage))
        return msgspec.structs.replace(left, value=min(left.value + max(0, missed), most), high=most)

    def come(self, now: float, moved: Moved) -> int:
        """Keys that can have been created since the last complete pass began: at 95 %, or at most."""
        return self._drift(now, moved.came, self._came, told=moved.told)

    def gone(self, now: float, moved: Moved) -> int:
        """Keys that can have been deleted since the last complete pass began: at 95 %, or at most."""
        return self._drift(now, moved.went, self._went, told=moved.told)

    def _drift(self, now: float, most: int | None, rate: _Rate | None, *, told: bool) -> int:
        if self._last is None:
            return 0
        if told and most is not None:
            return most
        if rate is None:  # there is no earlier pass to compare with
            return max(self._last.size, self._sample.size) if most is None else most
        seconds = max(0.0, now - self._last.began_at)
        expected = rate.keys * seconds
        upper = math.ceil(expected + 2 * math.sqrt(expected) + 1)
        if most is None:
            return upper
        unusual = 0 if rate.all_keys is None else max(0, math.ceil(most - USUAL * rate.all_keys * seconds))
        return min(most, upper + unusual)  # in a burst each key may be in this group

    def _is_better(self, running: Count, complete: Count) -> bool:
        """Whether the running pass contradicts the complete one, or is more precise by now."""
        if self._sample.scanned < ENOUGH or running.high is None or complete.high is None:
            return False
        margin = (running.high - running.low) / 2  # twice the interval, because it is computed many times in a pass
        if complete.high < running.low - margin or complete.low > running.high + margin:
            return True
        return running.high - running.low < (complete.high - complete.low) / 2

    def _running(self, moved: Moved) -> Count:
        """The estimate of the running pass at its latest slice, widened by what can have changed since."""
        found = self._sample.estimate()
        if found.high is None or found.certainty == "unknown":
            return found
        came, went = moved.came or 0, moved.went or 0
        return estimated(found.value, max(0, found.low - went), found.high + came, found.coverage)


def _still_there(count: Count, asked: Asked) -> Count:
    """The count of keys that still exist, estimated from a random sample whose existence was checked."""
    if asked.alive == asked.number or count.high is None or count.certainty == "unknown":
        return count
    whole = max(count.value, asked.number)
    low, high = interval(asked.alive, asked.number, whole)
    return msgspec.structs.replace(
        count,
        value=round(count.value * asked.alive / asked.number),
        low=math.floor(count.low * low / whole),
        high=math.ceil(count.high * high / whole),
    )

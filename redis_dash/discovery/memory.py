"""How much memory the keys of one kind take together: from the sizes of a random sample, with a 95 % interval.

A sample tells nothing of a large key that is not in it. Therefore the figures of all kinds are compared with the memory
that the server says its data takes: what nobody accounts for may be in any kind of which not all keys were measured.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import msgspec

from redis_dash.core.certainty import Count, at_least, counted, estimated
from redis_dash.discovery.sizes import Size

LEAST_SAMPLE = 30
"""Fewer sizes that differ give no interval."""
SKEWED = 25
"""Cochran's rule: a mean of fewer than 25 times the squared skewness is not distributed normally."""
SKEWED_TIMES, SMALL = 3.0, 0.05
"""If few keys decide on the mean, its error may be so many times larger; as long as it stays below this share of it."""
UNSEEN = 3.7
"""Of n keys none is smaller: then at most this number of n keys are, at 97.5 %. They take some memory, or none."""
WIDEST = 1.0
"""If a kind may take so much more than its figure, as a share of it, a lower bound is told instead."""


class Sizes(msgspec.Struct, frozen=True):
    """What the sizes of some keys of a kind have in common."""

    number: int
    sum: float
    deviation: float
    """The standard deviation."""
    skewness: float
    unsure: float
    """The standard error of the sum, because of large collections of which not all elements were measured."""
    unreadable: int = 0
    """Further keys, which our user may not read."""

    @property
    def mean(self) -> float:
        """The mean size."""
        return self.sum / self.number if self.number else 0.0


def sizes_of(sizes: Collection[Size]) -> Sizes | None:
    """Summarise sizes; None if there are none."""
    unreadable = sum(math.isinf(size.high) for size in sizes)
    sizes = [size for size in sizes if not math.isinf(size.high)]
    number = len(sizes)
    if not number:
        return Sizes(0, 0.0, 0.0, 0.0, 0.0, unreadable) if unreadable else None
    whole = math.fsum(size.value for size in sizes)
    mean = whole / number
    squares = math.fsum((size.value - mean) ** 2 for size in sizes)
    cubes = math.fsum((size.value - mean) ** 3 for size in sizes)
    deviation = math.sqrt(squares / max(1, number - 1))
    skewness = cubes / number / deviation**3 if deviation > 1e-9 * mean else 0.0
    unsure = math.sqrt(math.fsum(((size.high - size.low) / 4) ** 2 for size in sizes))
    return Sizes(number, whole, deviation, skewness, unsure, unreadable)


def whole_memory(count: Count, sizes: Sizes | None, at: float) -> Count:
    """The memory of a kind of which all keys were measured: as of that moment, if no element was left out."""
    if sizes is None:
        return counted(0, 0, 0, at)
    value, half = round(sizes.sum), 2 * sizes.unsure
    if sizes.unreadable:
        return at_least(max(0, math.floor(value - half)), at=at)
    if half:
        return estimated(value, max(0, math.floor(value - half)), math.ceil(value + half), count.coverage)
    return counted(value, value, value, at)


def sampled_memory(count: Count, sizes: Sizes, *, is_random: bool = True) -> Count:
    """The memory of a kind of which a sample was measured.

    Args:
        count: how many keys there are.
        is_random: the measured keys are a random sample of all.
    """
    is_random = is_random and not sizes.unreadable
    seen = max(0.0, sizes.sum - 2 * sizes.unsure)
    if not is_random or count.high is None or count.certainty == "unknown":
        return at_least(math.floor(seen), coverage=count.coverage)
    value = max(count.value, sizes.number) * sizes.mean
    low, high = mean_interval(sizes, max(count.value, sizes.number))
    below = math.hypot((count.value - count.low) * sizes.mean, count.value * (sizes.mean - low))
    more, larger = (count.high - count.value) * sizes.mean, max(count.value, sizes.number) * (high - sizes.mean)
    above = math.hypot(more, larger) + (more * larger / value if value else 0.0)  # more keys, and larger ones
    least = math.floor(max(seen, value - below))
    if has_heavy_tail(sizes):
        return at_least(least, coverage=count.coverage)
    return estimated(round(value), least, math.ceil(value + above), min(0.999, sizes.number / max(1, count.value)))


def gone_memory(count: Count, sizes: Sizes) -> Count:
    """The memory of a kind of which all measured keys are gone: a lower bound, if the others are about as large."""
    least = count.low * max(0.0, sizes.mean - 2 * sizes.deviation)
    return at_least(math.floor(least), coverage=count.coverage)


def with_unexplained(memories: Mapping[str, Count], data: float | None) -> dict[str, Count]:
    """The memory of each kind, if what no figure explains may be in any kind of which not all keys were measured.

    Args:
        memories: what each kind takes, judged by its own keys alone.
        data: bytes that all data takes at most; None if the server does not say.
    """
    explained = sum(one.value for one in memories.values())
    errors = sum((one.value - one.low) ** 2 for one in memories.values())
    told: dict[str, Count] = {}
    for name, one in memories.items():
        others = math.sqrt(max(0, errors - (one.value - one.low) ** 2))
        most = math.inf if data is None else data - (explained - one.value) + others
        told[name] = _with_highest(one, most)
    return told


def _with_highest(memory: Count, most: float) -> Count:
    if memory.certainty != "estimated" or memory.high is None or memory.coverage >= 1:  # all keys were measured
        return memory
    if most > (1 + WIDEST) * memory.value:
        return at_least(memory.low, coverage=memory.coverage)
    return msgspec.structs.replace(memory, high=max(memory.high, math.ceil(most)))


def has_heavy_tail(sizes: Sizes) -> bool:
    """Whether few large keys decide on the mean, so that the sample gives no upper bound."""
    if sizes.number < LEAST_SAMPLE:
        return sizes.deviation > 0
    error = sizes.deviation / math.sqrt(sizes.number)
    return sizes.skewness > 0 and _is_skewed(sizes) and SKEWED_TIMES * 2 * error > SMALL * sizes.mean


def _is_skewed(sizes: Sizes) -> bool:
    return sizes.number < SKEWED * sizes.skewness**2


def mean_interval(sizes: Sizes, of: int) -> tuple[float, float]:
    """The 95 % interval of the mean of all ``of`` keys: Student's t, corrected for skewness as Hall (1992) does."""
    number, error = sizes.number, sizes.deviation / math.sqrt(sizes.number)
    left = math.sqrt(max(0.0, 1 - number / max(of, number)))  # the share of keys that are unknown
    skew = sizes.skewness * left / math.sqrt(number)
    quantile = _student(max(1, number - 1))
    below, above = error * left * _hall(quantile, skew), -error * left * _hall(-quantile, skew)
    if _is_skewed(sizes):
        below, above = (below, SKEWED_TIMES * above) if skew > 0 else (SKEWED_TIMES * below, above)
    below = max(below, min(1.0, UNSEEN / number) * left * sizes.mean)
    extra = 1.96 * sizes.unsure / number
    return sizes.mean - math.hypot(below, extra), sizes.mean + math.hypot(above, extra)


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, by the expansion around the normal quantile."""
    return 1.96 + 2.372 / freedom + 2.823 / freedom**2 + 2.556 / freedom**3


def _hall(quantile: float, skew: float) -> float:
    """The quantile of Student's statistic of a skewed sample, from that of its transformed statistic."""
    if abs(skew) < 1e-6:
        return quantile
    inner = 1 + skew * (quantile - skew / 6)
    return 3 / skew * (math.copysign(abs(inner) ** (1 / 3), inner) - 1)

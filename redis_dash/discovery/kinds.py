"""The kinds of keys of a database: how many there are, what they hold, which framework writes them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.core.certainty import Count
from redis_dash.dialects.layout import Claim, recognise
from redis_dash.dialects.limit_values import is_count
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.samples import ReadKey, Reads, Refusals, read_samples, try_reads
from redis_dash.keyspace.key_patterns import FoundPattern


class KindOfKeys(msgspec.Struct, frozen=True):
    """One kind of keys, as a sample of them shows it."""

    glob: str
    count: Count
    sampled: int
    """Keys whose type and lifetime were read. Those that were gone by then are left out."""
    types: tuple[tuple[str, int], ...]
    """How many of them have each type, most frequent first."""
    endless: int
    """How many of them never expire."""
    longest_s: float | None
    """The longest remaining lifetime of those that do."""
    mean_bytes: float | None
    """Mean memory of a key that was measured; None if the server does not say."""
    claims: tuple[Claim, ...]
    """What they were recognised as, if anything."""
    refused: int = 0
    """Keys that our user may not read, or not their values."""
    read_at: float = 0.0
    """When they were read, in Unix epoch seconds."""
    expiring_numbers: int = 0
    """Sampled keys that are whole numbers and expire, as counters of limiters are."""
    locked: int = 0
    """Sampled keys that our user may not read, by whatever command."""
    locked_key: bytes = b""
    """One of them."""
    is_checked: bool = True
    """Whether that is known: False if our user may run no command on a key."""
    rules: tuple[str, ...] = ()
    """The ACL rules of refused commands without which its keys cannot be recognised."""
    unsure: tuple[str, ...] = ()
    """Names of refused commands that may be needed, too: the type of its keys is not known."""


async def read_kinds(
    deployment: Deployment, patterns: Sequence[FoundPattern], sampled: int, refusals: Refusals
) -> list[KindOfKeys]:
    """Read up to ``sampled`` keys of each pattern.

    Args:
        refusals: the commands that our user may not run are added here.

    Raises:
        SourceError: the server could not be reached.
    """
    wanted = {pattern.glob: pattern.keys[:sampled] for pattern in patterns}
    read = await read_samples(deployment, [key for keys in wanted.values() for key in keys], refusals)
    by_key = {one.sample.key: one for one in read}
    kinds = [kind_of(pattern, [by_key[key] for key in wanted[pattern.glob] if key in by_key]) for pattern in patterns]
    untyped = {one.sample.key for one in read if not one.sample.type}
    firsts = [next((key for key in wanted[pattern.glob] if key in untyped), None) for pattern in patterns]
    reads = iter(await try_reads(deployment, [key for key in firsts if key is not None], refusals))
    return [kind if key is None else _tried(kind, key, next(reads)) for kind, key in zip(kinds, firsts, strict=True)]


def _tried(kind: KindOfKeys, key: bytes, reads: Reads) -> KindOfKeys:
    """The kind, with what the attempts to read one of its keys of unknown type say."""
    return msgspec.structs.replace(
        kind,
        locked=kind.locked or int(reads.is_locked),
        locked_key=kind.locked_key or (key if reads.is_locked else b""),
        is_checked=kind.is_checked or reads.is_checked,
        rules=tuple(dict.fromkeys((*kind.rules, *reads.rules))),
        unsure=reads.unsure,
    )


def kind_of(pattern: FoundPattern, tried: Sequence[ReadKey]) -> KindOfKeys:
    """What the keys of a pattern that were read show."""
    read = [one for one in tried if one.sample.type]
    lifetimes = [one.sample.ttl_s for one in read if one.sample.ttl_s is not None]
    sizes = [one.memory for one in read if one.memory is not None]
    return KindOfKeys(
        read_at=time.time(),
        glob=pattern.glob,
        count=pattern.count,
        sampled=len(read),
        types=tuple(Counter(one.sample.type for one in read).most_common()),
        endless=len(read) - len(lifetimes),
        longest_s=max(lifetimes, default=None),
        mean_bytes=sum(sizes) / len(sizes) if sizes else None,
        claims=tuple(recognise([one.sample for one in read], layouts())),
        refused=sum(one.is_refused for one in tried),
        locked_key=next((one.sample.key for one in tried if one.is_locked), b""),
        locked=sum(one.is_locked for one in tried),
        is_checked=all(one.is_checked for one in tried),
        rules=tuple(dict.fromkeys(rule for one in tried for rule in one.rules)),
        expiring_numbers=sum(one.sample.ttl_s is not None and is_count(one.sample.value) for one in read),
    )

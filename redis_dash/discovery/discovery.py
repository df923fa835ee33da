"""Learns from the scan which kinds of keys there are, and reads samples of each to recognise them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.core.certainty import at_least
from redis_dash.core.rights import UnreadKinds
from redis_dash.dialects.layout import Claim, recognise
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.few_names import where_names_vary
from redis_dash.discovery.kinds import KindOfKeys, kind_of, read_kinds
from redis_dash.discovery.measures import Measures, Memory
from redis_dash.discovery.samples import ReadKey, Refusals, read_samples, right_of, try_reads
from redis_dash.discovery.unread import Kind, Watched, key_rules, of_topic, unread
from redis_dash.discovery.unrecognised import unrecognised
from redis_dash.keyspace.key_patterns import FoundPattern, KeyPatterns
from redis_dash.keyspace.learning import Learning
from redis_dash.keyspace.rare_keys import Head
from redis_dash.keyspace.strata import keys_of
from redis_dash.keyspace.walk import Walk

FIRST_KEYS, FIRST_SLICE, FIRST_S = 50_000, 500, 0.5
"""The first look: at most this many keys, in slices of this length, for at most this long."""
SAMPLED = 16
"""Keys of each kind that are read to recognise it."""
READ_AT_ONCE = 15
"""Kinds that are read together."""
RARE_AT_ONCE, MOST_HEADS_READ = 1000, 20_000
"""Keys of rare beginnings that are read in one look, and beginnings that are remembered: they are not read again."""
MOST_CHECKED = 2000
"""Keys of rare kinds that are checked in one look."""
NEEDED_TO_MEASURE = {"memory", "type", ""}
"""Commands without which no memory is measured: the server logs each refusal."""
MOST_KINDS = 5000
"""If there are more, those that were not recognised and are gone are forgotten."""
PATTERNS_AT_ONCE = 200
"""Kinds that are read in one look, those with most keys first."""


class Discovery:
    """The kinds of keys that were found so far, and what they were recognised as."""

    def __init__(self, deployment: Deployment, patterns: KeyPatterns | None = None) -> None:
        """Know nothing yet; ``patterns`` learns from the scan which kinds there are."""
        self.patterns = patterns or KeyPatterns()
        self.learning = Learning(self.patterns)
        self.looks = 0
        """How often keys have been read so far."""
        self.refusals: Refusals = {}
        """The commands that our user may not run."""
        self.has_looked = False
        """Whether samples have been read of all kinds that a complete pass has found."""
        self._has_seen_all = False
        self._deployment = deployment
        self._kinds: dict[str, KindOfKeys] = {}
        self._rare: dict[str, KindOfKeys] = {}
        """By glob: recognised kinds of so few keys that they may be in no pattern of their own."""
        self._rare_keys: dict[str, tuple[bytes, ...]] = {}
        """By glob: the keys by which they were recognised."""
        self._read_of = Counter[Head]()
        """How many keys of each beginning of a name were read for it."""
        self._connects = 0
        """The number of connections when it was last asked whether rights have changed."""
        self._tries = 0
        self._unread: dict[str, tuple[object, UnreadKinds | None]] = {}
        """By topic: the latest answer of ``unread``, and of what it was made."""
        self._unrecognised: dict[str, tuple[object, tuple[str, ...]]] = {}
        """The same, of ``unrecognised``."""
        self._measures = Measures(deployment, self.patterns)

    @property
    def claims(self) -> list[Claim]:
        """What was recognised, each glob once: what was found first comes first, so that the order stays.

        Of a family of layouts one is enough: it reads the keys of all of them.
        """
        found: dict[str, Claim] = {}
        for kind in (*self._kinds.values(), *self._rare.values()):
            for claim in kind.claims:
                found.setdefault(claim.glob, claim)
        return list(found.values())

    async def first_look(self) -> None:
        """Scan some keys and read samples of them; a small database is scanned completely.

        Raises:
            SourceError: the server could not be reached, or does not allow SCAN.
        """
        walk, deadline, seen = Walk(self._deployment, lambda: FIRST_SLICE, lambda: False), time.monotonic() + FIRST_S, 0
        while not walk.complete and seen < FIRST_KEYS and time.monotonic() < deadline:
            keys = keys_of(await walk.slice())
            seen += len(keys)
            self.patterns.add(keys, walk.size)
        await walk.finish()
        self._has_seen_all = walk.complete
        await self.look()

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of the latest names of which keys were tried."""
        known = ((pattern, self._kinds.get(pattern.glob)) for pattern in self.patterns.found)
        return [(pattern, kind) for pattern, kind in known if kind is not None]

    def refused(self, shown: Callable[[str], str]) -> tuple[list[str], list[str]]:
        """What our user may not do, in words, and the ACL rules that would allow it: all that can be found out.

        Args:
            shown: returns a pattern as it may be shown.
        """
        words, rules = list(self.refusals), [rule for refusal in self.refusals.values() for rule in refusal.rules]
        refused = [(pattern, kind) for pattern, kind in self.kinds if kind.refused]
        if locked := [pattern.glob for pattern, kind in refused if kind.locked]:
            words.append(f"not allowed to read the keys of {len(locked):,} kind{'' if len(locked) == 1 else 's'}")
            rules += key_rules(locked, shown, read_rules=self._deployment.has_read_rules)
        missing = self._unread_of(refused, shown)
        return [*words, *([missing.doubt] if missing and missing.doubt else [])], rules

    def unread(self, topic: str, watched: Watched, shown: Callable[[str], str]) -> UnreadKinds | None:
        """Kinds that may be of a topic, and that cannot be recognised for lack of a right; None if there are none."""
        if not any(kind.refused for kind in self._kinds.values()):
            return None
        state = self.looks, self.patterns.passes, watched, self._deployment.has_read_rules
        if topic not in self._unread or self._unread[topic][0] != state:
            of = of_topic(self.kinds, topic, watched)
            self._unread[topic] = state, self._unread_of(of, shown)
        return self._unread[topic][1]

    def unrecognised(self, topic: str, types: Collection[str], watched: Watched) -> tuple[str, ...]:
        """The patterns of the largest kinds that may be of a topic, and that nothing shows or recognises.

        Args:
            types: which keys the topic shows; empty if that is not limited.
            watched: what any topic shows is left out.
        """
        state = self.looks, self.patterns.passes, watched
        if topic not in self._unrecognised or self._unrecognised[topic][0] != state:
            self._unrecognised[topic] = state, unrecognised(self.kinds, topic, types, watched)
        return self._unrecognised[topic][1]

    def _unread_of(self, kinds: Sequence[Kind], shown: Callable[[str], str]) -> UnreadKinds | None:
        certain = [refusal.command for refusal in self.refusals.values() if refusal.rules]
        return unread(kinds, shown, read_rules=self._deployment.has_read_rules, certain=certain)

    def sample_of(self, glob: str) -> KindOfKeys | None:
        """What a sample of the keys of a pattern shows; None if none were read yet."""
        return self._kinds.get(glob)

    def rare_kinds(self, listed: Collection[str]) -> list[tuple[FoundPattern, KindOfKeys]]:
        """Recognised kinds of very few keys that still exist, except those of these globs of claims."""
        there = (kind for glob, kind in self._rare.items() if glob not in listed and kind.count.value)
        return [(FoundPattern(kind.glob, kind.count, self._rare_keys[kind.glob]), kind) for kind in there]

    def memory(self, found: Sequence[FoundPattern]) -> Mapping[str, Memory]:
        """By glob: the memory of the kinds that were measured."""
        return self._measures.memory(found)

    async def measure(self, most: int = PATTERNS_AT_ONCE) -> bool:
        """Measure the memory of some keys, of the first kinds; returns whether there is more to measure.

        Raises:
            SourceError: the server could not be reached.
        """
        refused = {refusal.command.partition("|")[0] for refusal in self.refusals.values()}
        if refused & NEEDED_TO_MEASURE:
            return False
        known = [(one, self._kinds.get(one.glob)) for one in self.patterns.found[:most]]
        readable = [one for one, kind in known if kind is not None and not kind.refused]
        is_more = await self._measures.measure(readable)
        self.looks += is_more
        return is_more

    async def look(self, most: int = PATTERNS_AT_ONCE) -> None:
        """Read samples of the kinds that are new, at most of so many.

        Raises:
            SourceError: the server could not be reached.
        """
        is_complete = self._has_seen_all or self.patterns.passes > 0
        self.patterns.is_cluster = self._deployment.kind == "cluster"
        if await self._is_allowed_now():
            self._kinds = {glob: kind for glob, kind in self._kinds.items() if kind.claims}
            self.refusals = {}
        await self._read_new(most)
        if self.patterns.vary(where_names_vary(self.patterns.found, self.sample_of)):
            await self._read_new(most)
        await self._look_at_rare()
        self.has_looked = self.has_looked or is_complete
        if len(self._kinds) > MOST_KINDS:
            known = {pattern.glob for pattern in self.patterns.found}
            self._kinds = {glob: kind for glob, kind in self._kinds.items() if kind.claims or glob in known}

    @property
    def partial(self) -> str:
        """What of a cluster is not seen; empty if all is."""
        return self._deployment.partial

    @property
    def partial_rules(self) -> tuple[str, ...]:
        """The ACL rules that would let all of the cluster be seen."""
        return self._deployment.partial_rules

    @property
    def down(self) -> str:
        """That the cluster carries out no command with a key; empty if it does."""
        return self._deployment.down

    @property
    def state(self) -> tuple[int, bool]:
        """Differs whenever more is known of the kinds."""
        return self.looks, bool(self.partial)

    async def _read_new(self, most: int) -> None:
        """Read samples of the first kinds that were not read yet."""
        new = [pattern for pattern in self.patterns.found if pattern.glob not in self._kinds][:most]
        for begin in range(0, len(new), READ_AT_ONCE):  # what is read is kept if the caller has no more time
            part = new[begin : begin + READ_AT_ONCE]
            for kind in await read_kinds(self._deployment, part, SAMPLED, self.refusals):
                self._kinds[kind.glob] = kind
            self.looks += 1

    async def _is_allowed_now(self) -> bool:
        """Whether rights may have changed. One of the locked keys is tried: the server logs each refusal."""
        before, self._connects = self._connects, self._deployment.connects
        locked = [kind.locked_key for kind in self._kinds.values() if kind.locked_key]
        if not self.refusals and not locked:
            return False
        if before != self._connects:
            return True
        if locked and not await self._is_locked(locked[self._tries % len(locked)]):
            return True
        self._tries += 1
        replies = await self._deployment.pipeline([refusal.sent for refusal in self.refusals.values()])
        return any(right_of(reply) not in ("command", "unknown command") for reply in replies)

    async def _is_locked(self, key: bytes) -> bool:
        """Whether our user may still not read a key."""
        read = await read_samples(self._deployment, [key], {})
        if any(one.is_locked for one in read):
            return True
        untyped = [one.sample.key for one in read if not one.sample.type]
        return any(one.is_locked for one in await try_reads(self._deployment, untyped, {}))

    async def _look_at_rare(self) -> None:
        """Read single keys: of new kinds, and a few of each beginning of names, the rarest first."""
        unread = [(head, keys[self._read_of[head] :]) for head, keys in self.patterns.beginnings.keys.items()]
        unread.sort(key=lambda one: len(one[1]))
        asked = [(head, key) for head, keys in unread for key in keys][:RARE_AT_ONCE]
        keys = list(dict.fromkeys([*self.learning.new_names(), *(key for _, key in asked)]))
        await self._check_rare()
        if not keys:
            return
        read = await read_samples(self._deployment, keys, self.refusals)
        self._read_of.update(head for head, _ in asked)
        claims = recognise([one.sample for one in read if one.sample.type], layouts())
        for glob, of_glob in groupby(claims, key=lambda claim: claim.glob):
            if glob not in self._rare or not self._rare[glob].count.value:
                self._rare[glob], self._rare_keys[glob] = _rare_kind(tuple(of_glob), read)
                self.looks += 1
        if len(self._read_of) > MOST_HEADS_READ:
            self._read_of.clear()

    async def _check_rare(self) -> None:
        """Count again those of the keys of rare kinds that still exist."""
        keys = [key for keys in self._rare_keys.values() for key in keys][:MOST_CHECKED]
        replies = await self._deployment.pipeline([(b"PTTL", key) for key in keys])
        gone = {key for key, reply in zip(keys, replies, strict=True) if reply == -2}
        for glob, kind in self._rare.items():
            left = sum(key not in gone for key in self._rare_keys[glob])
            if left != kind.count.value:
                self.looks += 1
                self._read_of.clear()
            self._rare[glob] = msgspec.structs.replace(kind, count=at_least(left, at=time.time()))


def _rare_kind(claims: tuple[Claim, ...], read: Sequence[ReadKey]) -> tuple[KindOfKeys, tuple[bytes, ...]]:
    """The kind of keys that claims of one glob are about; all that is known of it are its keys, which follow."""
    claim = claims[0]
    names = [(one, claim.layout.read_name(one.sample.key)) for one in read]
    of_claim = [one for one, name in names if name is not None and name.glob == claim.glob]
    keys = tuple(one.sample.key for one in of_claim)
    kind = kind_of(FoundPattern(claim.glob, at_least(len(keys), at=time.time()), keys), of_claim)
    return msgspec.structs.replace(kind, claims=claims), keys

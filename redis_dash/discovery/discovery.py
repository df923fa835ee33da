"""Learns from the scan which kinds of keys there are, and reads samples of each to recognise them."""

from __future__ import annotations

import time

from redis_dash.client.deployment import Deployment
from redis_dash.dialects.layout import Claim, recognise
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.kinds import KindOfKeys, read_kinds
from redis_dash.discovery.samples import Refusals, read_samples
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.learning import Learning
from redis_dash.keyspace.walk import Walk

FIRST_KEYS, FIRST_SLICE, FIRST_S = 50_000, 500, 0.5
"""The first look: at most this many keys, in slices of this length, for at most this long."""
SAMPLED = 16
"""Keys of each kind that are read to recognise it."""
READ_AT_ONCE = 15
"""Kinds that are read together."""
MOST_KINDS = 5000
"""If there are more, those that were not recognised and are gone are forgotten."""
PATTERNS_AT_ONCE = 200
"""Kinds that are read in one look, those with most keys first."""


class Discovery:
    """The kinds of keys that were found so far, and what they were recognised as."""

    def __init__(self, deployment: Deployment) -> None:
        self.patterns = KeyPatterns()
        self.learning = Learning(self.patterns)
        self.looks = 0
        """How often samples have been read so far."""
        self.refusals: Refusals = {}
        """The commands that our user may not run."""
        self.has_looked = False
        """Whether samples have been read of all kinds that a complete pass has found."""
        self._has_seen_all = False
        self._deployment = deployment
        self._kinds: dict[str, KindOfKeys] = {}
        self._rare: dict[str, Claim] = {}
        """By glob: what was recognised of kinds that have few keys."""

    @property
    def claims(self) -> list[Claim]:
        """What was recognised, each glob once: what was found first comes first, so that the order stays."""
        found: dict[str, Claim] = {}
        for claim in (*(claim for kind in self._kinds.values() for claim in kind.claims), *self._rare.values()):
            found.setdefault(claim.glob, claim)
        return list(found.values())

    async def first_look(self) -> None:
        """Scan some keys and read samples of them; a small database is scanned completely.

        Raises:
            SourceError: the server could not be reached, or does not allow SCAN.
        """
        walk, deadline, seen = Walk(self._deployment, lambda: FIRST_SLICE, lambda: False), time.monotonic() + FIRST_S, 0
        while not walk.complete and seen < FIRST_KEYS and time.monotonic() < deadline:
            keys = await walk.slice()
            seen += len(keys)
            self.patterns.add(keys, walk.size)
        await walk.finish()
        self._has_seen_all = walk.complete
        await self.look()

    def sample_of(self, glob: str) -> KindOfKeys | None:
        """What a sample of the keys of a pattern shows; None if none were read yet."""
        return self._kinds.get(glob)

    async def look(self, most: int = PATTERNS_AT_ONCE) -> None:
        """Read samples of the kinds that are new, at most of so many.

        Raises:
            SourceError: the server could not be reached.
        """
        found = self.patterns.found
        is_complete = self._has_seen_all or self.patterns.passes > 0
        if self.refusals and await self._is_allowed_now():
            self._kinds = {glob: kind for glob, kind in self._kinds.items() if kind.claims}
            self.refusals = {}
        new = [pattern for pattern in found if pattern.glob not in self._kinds][:most]
        for begin in range(0, len(new), READ_AT_ONCE):  # what is read is kept if the caller has no more time
            part = new[begin : begin + READ_AT_ONCE]
            for kind in await read_kinds(self._deployment, part, SAMPLED, self.refusals):
                self._kinds[kind.glob] = kind
            self.looks += 1
        read = await read_samples(self._deployment, self.learning.rare_names(), self.refusals)
        for claim in recognise([one.sample for one in read], layouts()):
            self._rare.setdefault(claim.glob, claim)
        self.has_looked = self.has_looked or is_complete
        if len(self._kinds) > MOST_KINDS:
            known = {pattern.glob for pattern in self.patterns.found}
            self._kinds = {glob: kind for glob, kind in self._kinds.items() if kind.claims or glob in known}

    async def _is_allowed_now(self) -> bool:
        """Whether nothing is refused any more: few keys are tried, since the server logs each refusal."""
        refusals: Refusals = {}
        await read_samples(self._deployment, [refusal.key for refusal in self.refusals.values()], refusals)
        return not refusals

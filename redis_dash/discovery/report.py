"""What a database holds, as a frame: the kinds of keys with their counts, what they are, and which topics show them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from redis_dash.config import Choices
from redis_dash.core.certainty import Count, at_least, counted, unknown
from redis_dash.core.frames.keys import KeyKind, KeysFrame, Recognised
from redis_dash.core.reading import Reading
from redis_dash.core.rights import remedy
from redis_dash.core.similar_ids import SimilarIds
from redis_dash.core.toml_text import without_odd_bytes
from redis_dash.dialects.layout import Claim
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.kinds import KindOfKeys
from redis_dash.discovery.measures import Memory
from redis_dash.discovery.profile import profile
from redis_dash.keyspace.key_patterns import FoundPattern, PassResult
from redis_dash.keyspace.scan import Keyspace
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.redaction.session_keys import mask_keys

TOPIC = "keys"
SIZE_NOT_TOLD = "the server does not tell how many keys there are"
KEPT_S = 60.0
"""So long the figures of more keys are shown, while a new pass has looked at fewer."""

REST = 20.0
"""How long a frame is not made again, as a multiple of the time that it took: thousands of kinds take 0.2 s."""
COMPARED = 16
"""Names of each kind that are compared with the patterns that are watched."""


class Topics(Protocol):
    """Which topics show a kind of keys."""

    def __call__(self, names: Sequence[bytes], key_type: str, /) -> Mapping[str, int]:
        """By topic, how many of these names it shows."""

    def read_as(self, names: Sequence[bytes], /) -> str:
        """What these keys are, where a topic reads them by their names; empty if not."""


def key_kinds(
    discovery: Discovery,
    found: Sequence[FoundPattern],
    topics: Topics | None = None,
    choices: Choices | None = None,
    ignored: Collection[str] = (),
) -> tuple[KeyKind, ...]:
    """The kinds of keys of these patterns, with what samples of their keys show; then recognised ones of few keys.

    Args:
        topics: compares names with the patterns that are watched.
        choices: what the user has chosen for some of them.
        ignored: patterns that the configuration ignores.
    """
    kinds = _key_kinds(discovery, found, topics)
    if discovery.partial:
        kinds = tuple(map(_lower_bound, kinds))
    return tuple(with_choices(kind, choices or Choices(), ignored) for kind in kinds)


def _lower_bound(kind: KeyKind) -> KeyKind:
    """The kind as far as it is known if only a part of a cluster is seen."""
    count, memory = kind.count, kind.memory
    kind = _replace(kind, count=at_least(count.low, None, count.at, count.coverage))
    return kind if memory is None else _replace(kind, memory=at_least(memory.low, None, memory.at, memory.coverage))


def with_choices(kind: KeyKind, choices: Choices, ignored: Collection[str] = ()) -> KeyKind:
    """The kind with what the user has chosen for it."""
    chosen = choices.of(kind.pattern)
    by_settings = without_odd_bytes(kind.pattern) in ignored
    if not kind.pattern or (chosen.says_nothing and not by_settings):
        return kind
    kind = _replace(kind, own_name=chosen.name, chosen_topic="" if chosen.ignored else chosen.topic)
    return _replace(kind, is_ignored=chosen.ignored or by_settings, is_ignored_by_settings=by_settings)


def _key_kinds(discovery: Discovery, found: Sequence[FoundPattern], topics: Topics | None) -> tuple[KeyKind, ...]:
    memory = discovery.memory(found)
    known = [(pattern, discovery.sample_of(pattern.glob)) for pattern in found]
    kinds = [_kind(pattern, kind, topics, memory.get(pattern.glob)) for pattern, kind in known]
    listed = {claim.glob for _, kind in known if kind for claim in kind.claims}
    return (*kinds, *(_kind(pattern, kind, topics, None) for pattern, kind in discovery.rare_kinds(listed)))


class Report:
    """Makes the readings; their frame is made again only when something has changed."""

    def __init__(self, discovery: Discovery, user: str, choices: Choices | None = None) -> None:
        self._discovery = discovery
        self._choices = choices or Choices()
        self._user = user
        self._counted, self._counted_at = PassResult(), 0.0
        """The counts that are shown, and when they were taken."""
        self._made_found: Sequence[FoundPattern] | None = None
        self._made_of: tuple[object, Topics | None, int] = (0, None, 0)
        self._frame = KeysFrame()
        self._rests_until = self._taken_at = 0.0

    def reading(
        self, keyspace: Keyspace, topics: Topics, trouble: str, ignored: Collection[str] = ()
    ) -> Reading[KeysFrame]:
        """What is known now; the latest that was known, if the server is away.

        Args:
            topics: compares names with the patterns that are watched.
            trouble: why the server is away; empty if it is not.
            ignored: patterns that the configuration ignores.
        """
        now, began = time.time(), time.monotonic()
        if began >= self._rests_until or self._choices.version != self._made_of[-1]:
            self._count(now)
            self._make(topics, ignored)
            self._rests_until = time.monotonic() + REST * (time.monotonic() - began)
        if not trouble:
            self._taken_at = now if self._counted.ended_at else self._counted_at
        has_frame = bool(self._frame.kinds) or (keyspace.has_begun and not trouble)
        frame = _replace(self._frame, scan=keyspace.scan(), partial=self._discovery.partial) if has_frame else None
        reading = Reading(TOPIC, "ok", frame, self._taken_at, count=self._total())
        if trouble:
            return _replace(reading, status="stale" if has_frame else "error", note=trouble, away=True)
        if keyspace.stopped:
            rules = remedy(self._user, keyspace.missing_rules)
            if not has_frame:
                return _replace(reading, status="off" if rules else "error", note=keyspace.stopped, remedy=rules)
            return _replace(reading, status="reduced", note=f"{keyspace.stopped}: new keys may be missed", remedy=rules)
        words, acl_rules = self._discovery.refused(without_ids)
        acl_rules = [*self._discovery.partial_rules, *acl_rules]
        words = [*filter(None, (self._discovery.partial, self._discovery.down)), *words]
        words += [] if self._frame.is_size_told else [SIZE_NOT_TOLD]
        if words:
            return _replace(reading, status="reduced", note="; ".join(words), remedy=remedy(self._user, acl_rules))
        return reading

    def streams_of(self, kind: int) -> tuple[bytes, ...]:
        """The keys that are known of a kind that is shown, if all that were read are streams.

        Args:
            kind: its ``KeyKind.id``.
        """
        self._made_found = None  # who follows a kind is shown with it
        found = [(pattern, self._discovery.sample_of(pattern.glob)) for pattern in self._counted.found]
        for pattern, sample in (*found, *self._discovery.rare_kinds(())):
            if _id_of(pattern) == kind and sample is not None and [name for name, _ in sample.types] == ["stream"]:
                return pattern.keys
        return ()

    def _count(self, now: float) -> None:
        """Take the present counts. Those of more keys are kept for a while: a new pass begins with none."""
        patterns = self._discovery.patterns
        running = patterns.result
        if not self._counted_at:
            self._counted, self._counted_at = patterns.last, patterns.last.ended_at
        is_less = not running.ended_at and running.looked_at < self._counted.looked_at
        if not is_less or now - self._counted_at >= KEPT_S:
            self._counted, self._counted_at = running, now

    def _make(self, topics: Topics, ignored: Collection[str]) -> None:
        """Make the frame, if anything has changed."""
        known, made_of = self._counted, (self._discovery.state, topics, self._choices.version)
        if known.found is self._made_found and made_of == self._made_of:
            return
        kinds = key_kinds(self._discovery, known.found, topics, self._choices, ignored)
        self._frame = KeysFrame(
            kinds,
            known.size or sum(kind.count.value for kind in kinds),
            known.seen,
            known.looked_at,
            known.ended_at or self._counted_at,
            profile=profile(self._discovery.claims, self._choices),
            unseen=known.unseen,
            gone=known.gone,
            is_size_told=bool(known.size) or not known.seen,
        )
        self._made_found, self._made_of = known.found, made_of

    def _total(self) -> Count:
        """The number of keys, as certain as the counts of the kinds."""
        kinds, keys = self._frame.kinds, self._frame.keys
        if self._discovery.partial:
            return at_least(keys, None, self._counted.ended_at)
        if kinds:
            return _replace(kinds[0].count, value=keys, low=keys, high=keys)
        ended_at = self._counted.ended_at
        return counted(0, 0, 0, ended_at) if ended_at else unknown()


_replace = msgspec.structs.replace


def _id_of(pattern: FoundPattern) -> int:
    return hash(pattern.glob)


def _kind(pattern: FoundPattern, kind: KindOfKeys | None, topics: Topics | None, memory: Memory | None) -> KeyKind:
    claims = kind.claims if kind else ()
    names = pattern.keys[:COMPARED] if topics else ()
    is_of = kind.types[0][0] if kind and kind.types else ""
    name = _name(pattern.glob, claims)
    row = KeyKind(
        id=_id_of(pattern),
        name=name,
        pattern=pattern.glob if name == pattern.glob else "",
        count=pattern.count,
        sampled=None if kind is None else kind.sampled,
        recognised=tuple(map(_recognised, claims)),
        watched=tuple(topics(names, is_of).items()) if topics else (),
        names=len(names),
        read_as=topics.read_as(names) if topics and names else "",
    )
    if kind is None:
        return row
    return _replace(
        row,
        refused=kind.refused,
        expiring_numbers=kind.expiring_numbers,
        read_at=kind.read_at,
        types=kind.types,
        endless=kind.endless,
        longest_s=kind.longest_s,
        memory=memory.bytes if memory else None,
        measured=memory.measured if memory else 0,
        measured_at=memory.at if memory else 0.0,
        mean_bytes=memory.mean_bytes if memory and memory.measured else kind.mean_bytes,
    )


def _recognised(claim: Claim) -> Recognised:
    layout = claim.layout
    return Recognised(
        layout.name,
        layout.topic,
        without_ids(claim.glob),
        layout.confidence,
        layout.evidence,
        claim.fitting,
        claim.sampled,
        layout.caveat,
    )


def _name(glob: str, claims: Sequence[Claim]) -> str:
    """The glob; a single key is shown without the session's id or token that it may hold."""
    if "*" in glob:
        return without_ids(glob)
    return without_ids(mask_keys(glob, [claim.glob for claim in claims if claim.layout.topic == "sessions"]))


def without_ids(glob: str) -> str:
    """The glob of few keys may hold an id, of whatever form: no session was read here."""
    return SimilarIds().mask(hide_tokens(glob), unsure=True)

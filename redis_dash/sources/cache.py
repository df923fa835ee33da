"""The cache topic: the server's hit counters without our own lookups, and the application's counters."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median
from time import monotonic

from redis_dash.client.info import Info
from redis_dash.config import Config
from redis_dash.core.certainty import Count, weakest
from redis_dash.core.errors import MissingRightError
from redis_dash.core.frames.cache import ENOUGH_LOOKUPS, CacheFrame, CacheGroup
from redis_dash.core.globs import encoded, escaped
from redis_dash.core.resp import Command, ReplyError
from redis_dash.sources.base import NO_NOTE, Context, Note, Sample, Source, sample, text
from redis_dash.sources.falling_rate import FallingRate
from redis_dash.sources.missing_commands import MissingCommands
from redis_dash.sources.other_dashboards import Dashboards
from redis_dash.sources.refusals import is_key_refused, refused_command

HISTORY = 240
"""Polls remembered."""
USUAL_MOST, USUAL_LEAST = 900, 30
"""Intervals of which the usual hit rate is the median: so many at most, and no fewer."""


def key_group(name: str) -> str:
    """The name of the key group of one cache."""
    return f"cache {name}"


class CacheSource(Source[CacheFrame]):
    """Interval values are differences between the last two polls."""

    topic = "cache"
    tracked = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._caches = context.config.caches
        self._dashboards = Dashboards(context)
        self._before: Info | None = None
        self._shortest_s = context.config.refresh_s / 2
        """Two reads closer together than this do not make an interval."""
        self._interval: tuple[int, int] | None = None
        """None if it is not known."""
        self._history: deque[float | None] = deque(maxlen=HISTORY)
        self._interval_s: float | None = None
        self._usual: deque[float] = deque(maxlen=USUAL_MOST)
        self._fallen: deque[float] = deque(maxlen=USUAL_MOST)
        """The rates since the present fall began."""
        self._usual_hit_rate: float | None = None
        self._fall = FallingRate()
        self._has_fallen: bool | None = None
        self._groups: dict[str, _FallOfGroup] = {}
        self._counters: dict[str, tuple[int, int]] = {}
        self._gained: dict[str, tuple[int, int] | None] = {}
        self._no_counters = NO_NOTE
        named = [escaped(cache.stats_key) for cache in self._caches if cache.stats]
        keyless: list[Command] = [(b"INFO",), *([(b"SCAN", b"0", b"COUNT", b"1")] if self._caches else [])]
        self._missing = MissingCommands(context, named, self._ways, keyless)

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """One key group for each configured cache."""
        return {key_group(cache.name): (cache.keys,) for cache in config.caches}

    @classmethod
    def named_keys(cls, config: Config) -> Mapping[str, str]:
        """The counters of each cache."""
        return {escaped(cache.stats_key): f"counters of the cache {cache.name}" for cache in config.caches}

    async def read(self) -> Sample[CacheFrame]:
        """Read the application's counters in one pipeline, then INFO."""
        try:
            return await self._read()
        except MissingRightError as error:
            raise self._context.with_unread(await self._missing.all_of(error), self.topic) from None

    def _ways(self) -> list[list[Command]]:
        """The commands that read the counters that the configuration names."""
        return [[(b"HGETALL", encoded(cache.stats_key))] for cache in self._caches if cache.stats]

    async def _read(self) -> Sample[CacheFrame]:
        counters = await self._read_counters()
        counts = self._context.keyspace.counts
        asked = await counts.ask_some([key_group(name) for name in counters])
        info = await self._context.deployment.info(max_age_s=0.0)
        await counts.synchronise()
        dashboards, others = await self._dashboards.count(info)
        self._note_others(None if dashboards is None else dashboards - 1, info)
        hits, misses = info.application if _tells_lookups(info) else (None, None)
        fresh = self._before is None or info.at - self._before.at >= self._shortest_s
        interval = self._since_last(info, is_alone=dashboards in (1, None)) if fresh else self._interval
        keys = {name: counts.count(key_group(name), info, asked[key_group(name)]) for name in counters}
        groups = tuple(self._group(name, keys[name], found, fresh) for name, found in counters.items())
        frame = CacheFrame(
            hits=hits,
            misses=misses,
            hit_rate=None if hits is None or misses is None else rate(hits, misses),
            interval_hits=interval[0] if interval else None,
            interval_misses=interval[1] if interval else None,
            interval_hit_rate=rate(*interval) if interval else None,
            own_hits=info.own_hits,
            own_misses=info.own_misses,
            history=tuple(self._history),
            groups=groups,
            dashboards=dashboards,
            usual_hit_rate=self._usual_hit_rate,
            has_fallen=self._has_fallen,
            interval_s=self._interval_s if interval else None,
            had_others=self._context.others_in == _period(info),
            earlier_dashboards=False if info.is_first else None,
            since=info.since,
            reset_in_part=info.reset_in_part,
            partial=info.partial,
        )
        count = weakest([group.keys for group in groups])
        notes = [self._no_counters, self._context.scan_note if groups else self._partial_note, Note(others)]
        notes.append(self._context.unread_note(self.topic))
        told = {rule for note in notes for rule in note.rules}
        if why := [rule for rule in told if rule.startswith("+")]:
            notes.append(await self._missing.rest_note(" ".join(sorted(why)), told))
        return sample(frame, count, self._context.scope(self.topic, [cache.keys for cache in self._caches]), notes)

    @property
    def _partial_note(self) -> Note:
        return Note(self._context.deployment.partial, self._context.deployment.partial_rules)

    def _note_others(self, others: int | None, info: Info) -> None:
        """Tell the other topics; the server's rates must say the same at once."""
        if others != self._context.other_dashboards:
            self._context.other_dashboards = others
            self._context.read_soon("server")
        if others:
            self._context.others_in = _period(info)

    def _since_last(self, info: Info, *, is_alone: bool) -> tuple[int, int] | None:
        before, self._before = self._before, info
        if before is None:
            return None
        hits, misses = (now - then for now, then in zip(info.application, before.application, strict=True))
        # Not known if the server's counters were reset, by a restart or CONFIG RESETSTAT, or ours were corrected.
        is_known = info.began == before.began and hits >= 0 and misses >= 0 and _tells_lookups(info)
        self._interval = (hits, misses) if is_known else None
        self._interval_s = info.at - before.at
        self._history.append(rate(*self._interval) if self._interval else None)
        self._usual_hit_rate = median(self._usual) if len(self._usual) >= USUAL_LEAST else None
        self._has_fallen = None
        if self._interval and is_alone and sum(self._interval) >= ENOUGH_LOOKUPS:
            hit_rate = self._interval[0] / sum(self._interval)
            self._has_fallen = self._fall.judge(self._usual_hit_rate, hit_rate, sum(self._interval), monotonic())
            if self._fall.is_usual:
                self._usual = self._fallen.copy()
            if not self._has_fallen:
                self._fallen.clear()
            (self._fallen if self._has_fallen else self._usual).append(hit_rate)
        return self._interval

    async def _read_counters(self) -> dict[str, tuple[int, int] | None]:
        replies = await self._context.deployment.pipeline(
            [(b"HGETALL", encoded(cache.stats_key)) for cache in self._caches]
        )
        self._no_counters = self._refused_counters(replies)
        return {
            cache.name: None if isinstance(reply, ReplyError) else _counters(reply)
            for cache, reply in zip(self._caches, replies, strict=True)
        }

    def _refused_counters(self, replies: Sequence[object]) -> Note:
        """A note if our user may not read counters of the application that the configuration names."""
        named = [(cache.stats, reply) for cache, reply in zip(self._caches, replies, strict=True) if cache.stats]
        keys = [key for key, reply in named if is_key_refused(reply)]
        if keys:
            return Note(
                f"the counters in {' and '.join(keys)} may not be read",
                self._context.read_rules(list(map(escaped, keys))),
            )
        command = refused_command(reply for _, reply in named)
        return Note(f"{command.text}: hits and misses are unknown", command.rules) if command.text else NO_NOTE

    def _group(self, name: str, keys: Count, counters: tuple[int, int] | None, fresh: bool) -> CacheGroup:
        shown = self._context.shown_name(name)
        if counters is None:
            self._counters.pop(name, None)
            self._gained.pop(name, None)
            self._groups.pop(name, None)
            return CacheGroup(shown, keys, None, None, None)
        fall = self._groups.setdefault(name, _FallOfGroup())
        if fresh:
            before, self._counters[name] = self._counters.get(name), counters
            gained = self._gained[name] = _gain(before, counters)
            fall.judge(before, gained)
        gained = self._gained.get(name)
        now, lookups = (rate(*gained), sum(gained)) if gained else (None, None)
        return CacheGroup(shown, keys, *counters, rate(*counters), now, lookups, fall.has_fallen)


class _FallOfGroup:
    """Whether the hit rate of one cache has fallen below that of all lookups before."""

    def __init__(self) -> None:
        self.has_fallen: bool | None = None
        self._fall = FallingRate()
        self._from = (0, 0)
        """Hits and misses from which on the rate is the usual one."""
        self._fell_at = (0, 0)
        """Hits and misses when the present fall began."""

    def judge(self, before: tuple[int, int] | None, gained: tuple[int, int] | None) -> None:
        """Compare what was gained with all lookups before, if these are not fewer."""
        self.has_fallen = None
        if before is None or gained is None:  # after a reset of the counters, too
            self._from = self._fell_at = (0, 0)
            return
        hits, misses = before[0] - self._from[0], before[1] - self._from[1]
        usual = rate(hits, misses) if hits + misses >= sum(gained) else None
        had_fallen = self._fall.lasts
        self.has_fallen = self._fall.judge(usual, rate(*gained), sum(gained), monotonic())
        if self._fall.lasts and not had_fallen:
            self._fell_at = before
        if self._fall.is_usual:
            self._from = self._fell_at


def _tells_lookups(info: Info) -> bool:
    """Whether the server reports its hits and misses."""
    return all({"keyspace_hits", "keyspace_misses"} <= one.values.keys() for one in info.nodes or (info,))


def _period(info: Info) -> tuple[str, float | None]:
    """Tells the counters of one server, from their beginning or reset on, from all others."""
    return info.values.get("run_id", ""), info.since


def rate(hits: int, misses: int) -> float | None:
    """Hits over lookups; None without lookups."""
    return hits / (hits + misses) if hits + misses else None


def _gain(before: tuple[int, int] | None, now: tuple[int, int]) -> tuple[int, int] | None:
    """The difference of two counter values; None before the second poll and after a reset of the counters."""
    if before is None or now[0] < before[0] or now[1] < before[1]:
        return None
    return now[0] - before[0], now[1] - before[1]


def _counters(reply: object) -> tuple[int, int] | None:
    if not isinstance(reply, list) or not reply:
        return None
    fields = {text(name): value for name, value in zip(reply[::2], reply[1::2], strict=False)}
    try:
        return (int(fields.get("hits", 0)), int(fields.get("misses", 0))) if {"hits", "misses"} & set(fields) else None
    except ValueError:
        return None

"""The front end that tells what a database holds: the kinds of its keys, and which framework writes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.config import Choices, Config, Url
from redis_dash.core.certainty import Count
from redis_dash.core.databases import Database, others
from redis_dash.core.decoding import raw
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.frames.server import ReplicasRead
from redis_dash.core.json_text import json_text
from redis_dash.core.rights import remedy
from redis_dash.crash_report import on_loop_error
from redis_dash.dialects.registry import dialect_problems
from redis_dash.discovery.adopt import adopted
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.profile import profile
from redis_dash.discovery.report import key_kinds, without_ids
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.presence import UNNOTICED, announced
from redis_dash.sources import SOURCES, WatchedTopics
from redis_dash.sources.replicas import replicas_read
from redis_dash.standard_streams import Talk
from redis_dash.tui.databases import named
from redis_dash.tui.formatting import percent
from redis_dash.tui.kind_text import HEADS, cells
from redis_dash.tui.printed_text import printed_text
from redis_dash.tui.replicas_text import in_words
from redis_dash.tui.text import Plain, pad, plain, plural, width_of

OK, UNREACHABLE, UNREAD, UNWRITTEN = 0, 1, 3, 4
"""Exit codes: kinds were listed, nothing was reached, the keys may not be read, the file was not written."""
SHOWN = 200
"""Kinds that are listed."""

PANES = {source.topic: source.topic.replace("_", " ").capitalize() for source in SOURCES}
"""What a pane is called where there is no screen."""


class _Bounds(NamedTuple):
    """What the list does not tell."""

    seen: int
    looked_at: int
    """Keys that the scan returned, and those of them whose names were looked at."""
    unseen: int
    """Keys that the server counted and the scan did not return."""
    gone: int
    """So many of the keys that the scan returned may be gone."""
    unlisted: int
    """Kinds that are not listed."""
    refused: tuple[str, ...]
    """What our user may not do."""
    remedy: str
    """The command that would allow it."""
    database: int
    """The database that was listed."""
    databases: tuple[Database, ...] | None
    """All that hold keys; None if the server does not tell."""
    ignored: tuple[str, ...] = ()
    """Kinds that the user has chosen to ignore."""
    partial: str = ""
    """What of a cluster was not seen."""
    partial_remedy: str = ""
    """The command that would let all of it be seen."""
    replicas_read: ReplicasRead | None = None
    """The replicas whose keys were read; None if those of primaries were."""
    is_size_told: bool = True
    """Whether the server tells how many keys there are."""

    @property
    def _follows(self) -> str:
        return f" {plain(self.partial_remedy)} allows it." if self.partial_remedy else ""

    def sentences(self) -> Iterator[str]:
        """In words; none if everything is told."""
        if self.partial:
            why = f"{plain(self.partial)}.{self._follows}"
            yield f"Not all of the cluster was seen, so that all counts are lower bounds: {why}"
            yield "Shares are of the keys that were seen."
        if self.replicas_read is not None:
            yield f"Keys were read of {in_words(self.replicas_read)}."
        if self.looked_at < self.seen:
            share = percent(self.looked_at / self.seen, 0)
            yield f"{share} of the names were looked at: counts are estimates, kinds of very few keys may be missing."
        if self.unseen:
            were = "key was" if self.unseen == 1 else "keys were"
            why = "they have expired, or came during the scan. Of which kinds they are is not known."
            yield f"{self.unseen:,} {were} not seen: {why}"
        if self.gone:
            yield f"{plural(self.gone, 'key')} may be gone: there were so many fewer during the scan, of any kind."
        if not self.is_size_told:
            yield "How many keys came or went during the scan is not known: the server tells no number."
        if self.unlisted:
            yield f"Not listed: {plural(self.unlisted, 'more kind')}, each of fewer keys."
        if self.ignored:
            names = f"{', '.join(self.ignored[:10])}{', …' if len(self.ignored) > 10 else ''}"
            yield f"Ignored, as you chose: {plural(len(self.ignored), 'kind')} ({plain(names)})."
        if self.refused:
            way_out = f" {plain(self.remedy)} allows it." if self.remedy else ""
            yield f"Left out: {plain('; '.join(self.refused))}.{way_out}"
        if elsewhere := others(self.databases, self.database):
            yield f"Other databases that hold keys: {named(elsewhere)}. -n N lists one of them."


async def discover(
    config: Config,
    *,
    as_json: bool,
    write: Path | None = None,
    talk: Talk | None = None,
    choices: Choices | None = None,
) -> tuple[str, int]:
    """Scan everything once at full speed; returns the text and the exit code.

    Args:
        write: the file for the settings that watch what was recognised; an existing one is left as it is.
        choices: what the user has chosen in the dashboard.
    """
    asyncio.get_running_loop().set_exception_handler(on_loop_error)
    talk = talk or Talk()
    for problem in dialect_problems():
        talk.say(plain(problem))
    deployment = Deployment.of(config)
    discovery = Discovery(deployment)
    keyspace = Keyspace(deployment, {}, config.budget, config.refresh_s)
    keyspace.learning = discovery.learning
    keyspace.set_full_speed(True)
    try:
        async with announced(deployment) as subscriber:
            try:
                await deployment.connect()
                if not subscriber.announced:
                    talk.say(UNNOTICED)
                await keyspace.pass_over()
                await discovery.look(SHOWN)
                while await discovery.measure(SHOWN):
                    pass
                with contextlib.suppress(SourceError):  # the other databases are not known then
                    await deployment.info()
            except SourceError as error:
                talk.say(f"{deployment.url.described}: {error}")
                return "", UNREACHABLE if isinstance(error, AwayError) else UNREAD
    finally:
        await deployment.close()
    found = discovery.patterns.found
    watched = adopted(config, discovery.claims, choices).config
    topics = WatchedTopics(watched, frozenset(map(raw, config.streams)).__contains__)
    every = key_kinds(discovery, found[:SHOWN], topics, choices, config.ignore)
    kinds = [kind for kind in every if not kind.is_ignored]
    ignored = tuple(kind.name for kind in every if kind.is_ignored)
    bounds = _bounds(discovery, len(found), deployment)._replace(ignored=ignored)
    code = OK if write is None else _written(write, deployment.url.target, profile(discovery.claims, choices), talk)
    if as_json:
        return _json(deployment.url, keyspace.last_done, kinds, bounds), code
    return printed_text(lambda: _table(deployment.url, keyspace.last_done, kinds, bounds), config.ascii), code


def _bounds(discovery: Discovery, found: int, deployment: Deployment) -> _Bounds:
    refused, rules = discovery.refused(without_ids)
    patterns = discovery.patterns
    unlisted = max(0, found - SHOWN)
    result = patterns.result
    names = result.seen, result.looked_at, result.unseen, result.gone
    way_out, databases = remedy(deployment.url.user, rules), deployment.databases
    bounds = _Bounds(*names, unlisted, tuple(refused), way_out, deployment.database, databases)
    read = replicas_read(deployment)
    return bounds._replace(
        partial=deployment.partial,
        partial_remedy=remedy(deployment.url.user, deployment.partial_rules),
        replicas_read=read,
        is_size_told=bool(result.size) or not result.seen,
    )


def _written(path: Path, target: str, settings: str, talk: Talk) -> int:
    """Write the settings to a new file; returns the exit code."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(f"# What redis-dash recognised in {target}\n\n{settings}")
    except OSError as error:
        talk.say(f"{path}: {error.strerror or error}")
        return UNWRITTEN
    talk.say(f"written: {path}")
    return OK


def _json(url: Url, keys: int, kinds: Sequence[KeyKind], bounds: _Bounds) -> str:
    rows = [
        {
            "keys": kind.name,
            "own_name": kind.own_name or None,
            "count": kind.count.value,
            "low": kind.count.low,
            "high": kind.count.high,
            "certainty": kind.count.certainty,
            "sampled": kind.sampled or 0,
            "refused": kind.refused,
            "types": dict(kind.types),
            "endless": kind.endless if kind.sampled else None,
            "expiring_numbers": kind.expiring_numbers if kind.sampled else None,
            "longest_s": kind.longest_s,
            "mean_bytes": kind.mean_bytes,
            "memory": None if kind.memory is None else _bytes(kind.memory, kind.measured),
            "recognised": [
                {
                    "as": one.name,
                    "topic": one.topic,
                    "keys": one.keys,
                    "confidence": one.confidence,
                    "evidence": one.evidence,
                    "fitting": one.fitting,
                    "of": one.sampled,
                }
                for one in kind.recognised
            ],
            "read_as": kind.read_as or None,
            "watched": [
                {"topic": topic, "fitting": names, "of": kind.names, "in_part": names < kind.names}
                for topic, names in kind.watched
            ],
        }
        for kind in kinds
    ]
    left_out: dict[str, object] = {"seen": bounds.seen, "looked_at": bounds.looked_at, "unlisted": bounds.unlisted}
    left_out |= {"unseen": bounds.unseen, "gone": bounds.gone, "ignored": bounds.ignored}
    left_out |= {"partial": bounds.partial or None, "replicas_read": msgspec.to_builtins(bounds.replicas_read)}
    databases = {"database": bounds.database, "databases": msgspec.to_builtins(bounds.databases)}
    about = {"schema": 1, **url.facts(), **databases, "keys": keys, **left_out, "refused": bounds.refused}
    return json_text({**about, "kinds": rows})


def _bytes(memory: Count, measured: int) -> dict[str, object]:
    return {
        "bytes": memory.value,
        "low": memory.low,
        "high": memory.high,
        "certainty": memory.certainty,
        "measured": measured,
    }


def _table(url: Url, keys: int, kinds: Sequence[KeyKind], bounds: _Bounds) -> str:
    held = f"{keys:,}+ keys, since not all of the cluster was seen" if bounds.partial else plural(keys, "key")
    title = f"{plain(url.described)}: {held}"
    if not kinds and not keys:
        nothing = "No key was seen." if bounds.partial else "The database holds no keys."
        return "\n".join([title, "", nothing, *bounds.sentences()])
    rows = [tuple(map(Plain, HEADS)), *(cells(kind, keys, PANES) for kind in kinds)]
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        "  ".join(pad(text, widths[column], right=column in (1, 2, 3)) for column, text in enumerate(row)).rstrip()
        for row in rows
    ]
    left_out = list(bounds.sentences())
    return "\n".join([title, "", *lines, *([""] if left_out else []), *left_out])

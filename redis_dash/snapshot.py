"""The headless front end: the same frames as the dashboard's, as one JSON document."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from redis_dash.certainty import Count
from redis_dash.commands import FullPass
from redis_dash.config import Config
from redis_dash.feed import Progress
from redis_dash.hub import Hub
from redis_dash.model import (
    BoardRow,
    CacheFrame,
    EventsFrame,
    LeaderboardsFrame,
    RateLimitsFrame,
    Reading,
    ServerFrame,
    SessionRow,
    SessionsFrame,
    SourceError,
)

OK, UNREACHABLE, USAGE, TOPIC_FAILED = 0, 1, 2, 3
"""Exit codes."""
READY_WITHIN_S = 10.0
"""How long the first connection and the first pass over the keyspace may take before the clock starts anyway."""


async def take(
    config: Config, seconds: float, topics: Iterable[str], talk: TextIO = sys.stderr, *, full: bool = False
) -> tuple[str, int]:
    """Watch for ``seconds`` and return the document and the exit code.

    Args:
        full: first pass over the whole keyspace at full speed, however long that takes; if it fails, that is told.
    """
    hub = Hub(config)
    running = asyncio.create_task(hub.run())
    try:
        if full:
            await _pass_over(hub, talk)
        await _until_ready(hub)
        began = time.monotonic()
        print(f"redis-dash: watching {hub.target} for {seconds:g} s", file=talk, flush=True)
        if not hub.deployment.unreachable:
            await asyncio.sleep(seconds)
        readings = [reading for reading in await hub.read_all() if reading.topic in set(topics)]
        elapsed = time.monotonic() - began
        print("redis-dash: taken", file=talk, flush=True)  # what comes after this moment is not counted
        with contextlib.suppress(SourceError):
            await hub.deployment.price()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    document = {
        "schema": 1,
        "taken_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "target": hub.target,
        "elapsed_s": round(elapsed, 3),
        "topics": {reading.topic: _topic(reading) for reading in readings},
        "cost": msgspec.to_builtins(hub.deployment.cost.cost()),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode(), _exit_code(hub, readings, talk)


async def _pass_over(hub: Hub, talk: TextIO) -> None:
    """One pass at full speed, told on stderr: rewritten in place on a terminal, now and then elsewhere."""
    hub.ask(FullPass(on=True))
    told, pause = 0.0, 0.2 if talk.isatty() else 5.0
    began = time.monotonic()
    while not (hub.passes or hub.scan_trouble):
        await asyncio.sleep(0.02)
        progress = hub.progress()
        if progress is not None and progress.total and time.monotonic() - told >= pause:
            told = time.monotonic()
            _tell_progress(progress, talk)
    if not hub.passes:
        print(f"redis-dash: not scanned: {hub.scan_trouble}", file=talk, flush=True)
    else:
        line = f"redis-dash: scanned {hub.scan().last_done:,} keys in {time.monotonic() - began:.1f} s"
        print(f"{line:<78}", file=talk, flush=True)


def _tell_progress(progress: Progress, talk: TextIO) -> None:
    share = progress.done / progress.total
    end = "\r" if talk.isatty() else "\n"
    line = f"redis-dash: scanned {progress.done:,} of {progress.total:,} keys, {share:.0%}"
    print(f"{line:<78}", end=end, file=talk, flush=True)


async def _until_ready(hub: Hub) -> None:
    """Messages count from the subscription on: the clock starts there, so that counts and seconds belong together."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not (hub.subscribed and (hub.passes or hub.scan_trouble)):
        if hub.deployment.unreachable:
            return
        await asyncio.sleep(0.02)


def _exit_code(hub: Hub, readings: list[Reading[Any]], talk: TextIO) -> int:
    failed = [reading for reading in readings if reading.status not in ("ok", "reduced")]
    for reading in failed:
        print(f"redis-dash: {reading.topic}: {reading.status}: {reading.note}", file=talk)
    if len(failed) == len(readings) and not hub.deployment.connects:
        return UNREACHABLE
    return TOPIC_FAILED if failed else OK


def _topic(reading: Reading[Any]) -> dict[str, object]:
    entry: dict[str, object] = {"status": reading.status}
    if reading.note:
        entry["note"] = reading.note
    if reading.taken_at:
        entry["age_s"] = round(max(0.0, time.time() - reading.taken_at), 3)
    if reading.count is not None:
        entry |= {"coverage": reading.count.coverage, "certainty": reading.count.certainty}
        entry["counted_at"] = reading.count.at or None
    if reading.scope is not None:
        entry["scope"] = msgspec.to_builtins(reading.scope)
    if reading.frame is not None:
        entry["frame"] = _FRAMES[type(reading.frame)](reading.frame)
    return entry


def _events(frame: EventsFrame) -> dict[str, object]:
    return {
        "received": frame.received,
        "dropped": frame.dropped,
        "kept": frame.log.kept,
        "overwritten": frame.overwritten,
        "rate": frame.rate,
        "gaps": msgspec.to_builtins(frame.gaps),
        "channels": msgspec.to_builtins(frame.channels),
        "other": frame.other,
        "channel_count": frame.channel_count,
        "patterns": frame.patterns,
        "shard_channels": frame.shard_channels,
    }


def _session(row: SessionRow) -> dict[str, object]:
    """Without key and contents: a session's id is a credential, and exports travel."""
    return {
        "id": row.id,
        "user": row.user,
        "role": row.role,
        "ttl_s": row.ttl_s,
        "ttl_known": row.ttl_known,
        "created_at": row.created_at,
        "dialect": row.dialect,
    }


def _sessions(frame: SessionsFrame) -> dict[str, object]:
    rows = [_session(row) for row in frame.rows]
    return {**_count("", frame.count), "rows": rows}


def _limits(frame: RateLimitsFrame) -> dict[str, object]:
    return {
        **_count("", frame.count),
        **_count("blocked", frame.blocked),
        **_count("near", frame.near),
        "unlimited": frame.unlimited,
        "rows": msgspec.to_builtins(frame.rows),
    }


def _cache(frame: CacheFrame) -> dict[str, object]:
    groups = [{**msgspec.to_builtins(group), **_count("keys", group.keys)} for group in frame.groups]
    return {**msgspec.to_builtins(frame), "groups": groups}


def _count(name: str, count: Count) -> dict[str, object]:
    """A count beside its bounds and how far it can be trusted: ``count``, ``low``, ``high``, ``certainty``."""
    begin = f"{name}_" if name else ""
    return {
        name or "count": count.value,
        f"{begin}low": count.low,
        f"{begin}high": count.high,
        f"{begin}certainty": count.certainty,
    }


def _boards(frame: LeaderboardsFrame) -> dict[str, object]:
    def row(member: BoardRow) -> dict[str, object]:
        return {"rank": member.rank, "member": member.member, "score": member.score, "moved": member.moved}

    boards = [
        {"key": board.key, "size": board.size, "rows": [row(one) for one in board.rows]} for board in frame.boards
    ]
    return {"boards": boards, **_count("", frame.count)}


def _server(frame: ServerFrame) -> object:
    return msgspec.to_builtins(frame)


_FRAMES: dict[type, Callable[[Any], object]] = {
    ServerFrame: _server,
    EventsFrame: _events,
    SessionsFrame: _sessions,
    RateLimitsFrame: _limits,
    LeaderboardsFrame: _boards,
    CacheFrame: _cache,
}

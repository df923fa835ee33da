"""The headless front end: the same frames as the dashboard's, as one JSON document."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from redis_dash.certainty import Count
from redis_dash.commands import CountAfresh, FullPass
from redis_dash.config import Config
from redis_dash.feed import Progress
from redis_dash.hub import Hub
from redis_dash.model import (
    BoardRow,
    CacheFrame,
    DashError,
    EventsFrame,
    LeaderboardsFrame,
    LimitRow,
    RateLimitsFrame,
    Reading,
    ServerFrame,
    SessionRow,
    SessionsFrame,
    SourceError,
)
from redis_dash.reasons import UNEXPLAINED
from redis_dash.streams import Talk

OK, UNREACHABLE, TOPIC_FAILED = 0, 1, 3
"""Exit codes; the command line has more of them."""
READY_WITHIN_S = 10.0
"""How long the first connection and the first pass over the keyspace may take before the clock starts anyway."""
READ_WITHIN_S = 5.0
"""A topic that takes longer than this at the end is told as it was before."""


class StoppedError(DashError):
    """An error of our own ended the watching."""


class _Watch(msgspec.Struct):
    """What was seen, and for how long."""

    readings: list[Reading[Any]] = []
    watched_s: float = 0.0


async def take(
    config: Config, seconds: float, topics: Iterable[str], talk: TextIO | None = None, *, full: bool = False
) -> tuple[str, int]:
    """Watch for ``seconds``, or until Ctrl-C, and return the document and the exit code.

    Args:
        talk: where progress is told; stderr by default.
        full: first pass over the whole keyspace at full speed, however long that takes; if it fails, that is told.

    Raises:
        ConfigError: the configuration cannot be used.
        StoppedError: the readers came to an end before that.
    """
    topics = set(topics)
    scanned = not topics <= {"server", "events"}
    began, hub, talker = time.monotonic(), Hub(config), Talk(talk)
    running = asyncio.create_task(hub.run())
    with _interrupts(talker) as stop:
        watching = asyncio.create_task(_watch(hub, seconds, talker, stop, full=full, scanned=scanned))
        try:
            await asyncio.wait([running, watching], return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                raise StoppedError(f"stopped by an error in redis-dash itself ({_name(running.exception())})")
            seen = watching.result()
        finally:
            for task in (watching, running):
                task.cancel()
            await asyncio.gather(watching, running, return_exceptions=True)
    readings = [reading for reading in seen.readings if reading.topic in topics]
    document = {
        "schema": 1,
        "taken_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "target": hub.target,
        "elapsed_s": round(time.monotonic() - began, 3),
        "watched_s": round(seen.watched_s, 3),
        "topics": {reading.topic: _topic(reading) for reading in readings},
        "cost": msgspec.to_builtins(hub.deployment.watching_cost()),
    }
    return _json(document), _exit_code(hub, readings, talker)


@contextlib.contextmanager
def _interrupts(talk: Talk) -> Iterator[asyncio.Event]:
    """Set by the first Ctrl-C or SIGTERM; the second one ends us, as the first one does elsewhere."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupt() -> None:
        unhandle()
        stop.set()
        talk.say("taking what there is; once more ends it at once")

    def unhandle() -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(one)

    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # only the main thread hears them
            loop.add_signal_handler(one, interrupt)
    try:
        yield stop
    finally:
        unhandle()


async def _watch(hub: Hub, seconds: float, talk: Talk, stop: asyncio.Event, *, full: bool, scanned: bool) -> _Watch:
    seen = _Watch()
    if full:
        await _pass_over(hub, talk, stop)
    await _until_ready(hub, stop, scanned=scanned)
    if hub.reached:
        began = time.monotonic()
        hub.ask(CountAfresh())
        talk.say(f"watching {hub.target} for {seconds:g} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        seen.readings = await hub.read_all(READ_WITHIN_S)
        seen.watched_s = time.monotonic() - began
        talk.say("taken")  # what comes after this moment is not counted
        with contextlib.suppress(SourceError, TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                await hub.deployment.price()
    else:
        seen.readings = await hub.read_all(0)
    return seen


async def _pass_over(hub: Hub, talk: Talk, stop: asyncio.Event) -> None:
    """One pass at full speed, told on stderr: rewritten in place on a terminal, now and then elsewhere."""
    hub.ask(FullPass(on=True))
    told, pause = 0.0, 0.2 if talk.is_terminal else 5.0
    began = time.monotonic()
    while not (hub.passes or hub.scan_trouble or stop.is_set()):
        await asyncio.sleep(0.02)
        progress = hub.progress()
        if progress is not None and progress.total and time.monotonic() - told >= pause:
            told = time.monotonic()
            _tell_progress(progress, talk)
    if hub.passes:
        talk.say(f"scanned {hub.scan().last_done:,} keys in {time.monotonic() - began:.1f} s")
    elif hub.scan_trouble:
        talk.say(f"not scanned: {hub.scan_trouble}")
    else:
        scan = hub.scan()
        hub.ask(FullPass(on=False))
        talk.say(f"stopped after {scan.done:,} of {scan.size:,} keys")


def _tell_progress(progress: Progress, talk: Talk) -> None:
    share = progress.done / progress.total
    talk.say(f"scanned {progress.done:,} of {progress.total:,} keys, {share:.0%}", passing=True)


async def _until_ready(hub: Hub, stop: asyncio.Event, *, scanned: bool) -> None:
    """Return once messages are received and keys are known, or when it is clear that they will not be.

    Args:
        scanned: a topic was asked for that needs the scan.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not (hub.deployment.unreachable or stop.is_set()):
        is_scanned = hub.passes or hub.scan_trouble or not scanned
        if (hub.subscribed or hub.refused) and is_scanned and hub.reached:
            return
        await asyncio.sleep(0.02)


def _exit_code(hub: Hub, readings: list[Reading[Any]], talk: Talk) -> int:
    failed = [reading for reading in readings if reading.status not in ("ok", "reduced")]
    if failed and not hub.reached:
        notes = [reading.note for reading in failed]
        talk.say(f"{hub.target}: {next((note for note in notes if note not in UNEXPLAINED), notes[0])}")
        return UNREACHABLE
    for reading in failed:
        talk.say(f"{reading.topic}: {reading.status}: {reading.note}")
    return TOPIC_FAILED if failed else OK


def _name(error: BaseException | None) -> str:
    """The kind of an error; its text may hold anything."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


def _json(document: dict[str, object]) -> str:
    """The document, where nothing moves a terminal: all that is not printable is escaped."""
    text = msgspec.json.format(msgspec.json.encode(_finite(document)), indent=1).decode()
    return text if text.isascii() and "\x7f" not in text else _UNPRINTABLE.sub(_escaped, text)


_UNPRINTABLE = re.compile(r"[^ -~\n]")


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1].replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    """JSON has no infinity: as Redis does, ``inf`` and ``-inf`` are written out; what is not a number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else f"{value}"
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


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
    kept = min(frame.log.kept, frame.received)  # the log goes further back than the counters
    return {
        "received": frame.received,
        "dropped": frame.dropped,
        "kept": kept,
        "overwritten": frame.received - kept,
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
        "rows": [_limit(row) for row in frame.rows],
    }


def _limit(row: LimitRow) -> dict[str, object]:
    """All but what is masked; entries of any age stand under ``held``, for they are no usage."""
    told = {name: getattr(row, name) for name in row.__struct_fields__ if name not in ("masked", "is_held")}
    return told | {"used": None if row.is_held else row.used, "held": row.used if row.is_held else None}


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

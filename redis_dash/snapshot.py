"""The front end without a screen: the frames of the dashboard as one JSON document."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from redis_dash.client.reasons import UNEXPLAINED
from redis_dash.config import Choices, Config
from redis_dash.core.commands import CountAfresh, FullPass
from redis_dash.core.durations import tenths
from redis_dash.core.errors import SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.json_text import json_text
from redis_dash.core.reading import Reading
from redis_dash.crash_report import on_loop_error
from redis_dash.hub import Hub
from redis_dash.pubsub.presence import UNNOTICED
from redis_dash.sources import SOURCES
from redis_dash.standard_streams import Talk

OK, UNREACHABLE, TOPIC_FAILED = 0, 1, 3
"""Exit codes; the command line has more."""
READY_WITHIN_S = 10.0
"""Longest wait for the first connection and the first pass over the keyspace before the watching starts."""
READ_WITHIN_S = 5.0
"""Longest wait for a topic at the end; then its previous reading is exported."""


class _Watch(msgspec.Struct):
    """The readings, and how long the server was watched."""

    readings: list[Reading[Any]] = []
    watched_s: float = 0.0


async def take(
    config: Config,
    seconds: float,
    topics: Collection[str] = (),
    talk: TextIO | None = None,
    *,
    full: bool = False,
    choices: Choices | None = None,
) -> tuple[str, int]:
    """Watch for ``seconds``, or until Ctrl-C, and return the document and the exit code.

    Args:
        topics: names of the topics to export; empty means all.
        talk: where progress is reported; stderr by default.
        full: first pass over the whole keyspace at full speed, however long that takes; a failure is reported.
        choices: what the user has chosen in the dashboard.

    Raises:
        ConfigError: the configuration cannot be used.
        Exception: an error in redis-dash itself ended the watching.
    """
    asyncio.get_running_loop().set_exception_handler(on_loop_error)
    began = time.monotonic()
    sources = [source for source in SOURCES if not topics or source.topic in topics]
    asked = {source.topic for source in sources}
    scanned = any(source.key_groups(config) for source in sources)
    hub, talker = Hub(config, choices=choices), Talk(talk)
    running = asyncio.create_task(hub.run())
    with _interrupts(talker) as stop:
        watching = asyncio.create_task(_watch(hub, seconds, talker, stop, full=full, scanned=scanned))
        try:
            await asyncio.wait([running, watching], return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                raise running.exception() or RuntimeError("the reader has ended")
            seen = watching.result()
        finally:
            for task in (watching, running):
                task.cancel()
            await asyncio.gather(watching, running, return_exceptions=True)
    readings = [reading for reading in seen.readings if reading.topic in asked]
    document = {
        "schema": 1,
        "taken_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **hub.deployment.url.facts(was_encrypted=hub.deployment.was_encrypted),
        "elapsed_s": round(time.monotonic() - began, 3),
        "watched_s": round(seen.watched_s, 3),
        "topics": {reading.topic: _topic(reading) for reading in readings},
        "cost": msgspec.to_builtins(hub.deployment.watching_cost()),
    }
    return json_text(document), _exit_code(hub, readings, talker)


@contextlib.contextmanager
def _interrupts(talk: Talk) -> Iterator[asyncio.Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets; the second one ends the process.

    The second Ctrl-C cancels this task, so that it ends in order: ``KeyboardInterrupt`` would be raised in any task. A
    third one raises it, in case that the end takes long.
    """
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if stop.is_set() and task is not None:
            unhandle()
            task.cancel()
            return
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGTERM)
        stop.set()
        talk.say("taking what there is; once more ends it at once")

    def unhandle() -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(one)

    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # only the main thread receives signals
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
        talk.say(f"watching {hub.deployment.url.described} for {seconds:g} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        seen.readings = await hub.read_all(READ_WITHIN_S)
        seen.watched_s = time.monotonic() - began
        talk.say("taken")  # later messages are not counted
        with contextlib.suppress(SourceError, TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                await hub.deployment.price()
        if not await hub.until_noticed():
            talk.say(UNNOTICED)
    else:
        seen.readings = await hub.read_all(0)
    return seen


async def _pass_over(hub: Hub, talk: Talk, stop: asyncio.Event) -> None:
    """Make one pass at full speed; progress is rewritten in place on a terminal, and printed now and then elsewhere."""
    hub.ask(FullPass(on=True))
    reported_at, pause = 0.0, 0.2 if talk.is_terminal else 5.0
    began = time.monotonic()
    while not (hub.passes or hub.watch.keyspace.trouble or stop.is_set()):
        await asyncio.sleep(0.02)
        progress = hub.progress()
        if progress is not None and progress.done and time.monotonic() - reported_at >= pause:
            reported_at = time.monotonic()
            _report_progress(progress, talk)
    if hub.passes:
        unseen = f", not all: {partial}" if (partial := hub.scan().last_partial) else ""
        talk.say(f"scanned {hub.scan().last_done:,} keys in {tenths(time.monotonic() - began)}{unseen}")
    elif hub.watch.keyspace.trouble:
        talk.say(f"not scanned: {hub.watch.keyspace.trouble}")
    else:
        scan = hub.scan()
        hub.ask(FullPass(on=False))
        talk.say(f"stopped after {_keys(scan.done, scan.size)}")


def _report_progress(progress: Progress, talk: Talk) -> None:
    talk.say(f"scanned {_keys(progress.done, progress.total)}, {progress.share:.0%}", passing=True)


def _keys(done: int, total: int) -> str:
    """``1,000 of 100,787 keys``; ``1,000 keys`` if the server does not say how many there are."""
    return f"{done:,} of {total:,} keys" if total else f"{done:,} keys"


async def _until_ready(hub: Hub, stop: asyncio.Event, *, scanned: bool) -> None:
    """Return when messages are received and keys are known, or when it is clear that they will not be.

    Args:
        scanned: whether a requested topic needs the scan.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not (_is_hopeless(hub) or stop.is_set()):
        is_scanned = (hub.passes and hub.watch.knows_kinds) or hub.watch.keyspace.trouble or not scanned
        if (hub.subscribed or hub.refused) and hub.follows_streams and is_scanned and hub.reached:
            return
        await asyncio.sleep(0.02)


def _is_hopeless(hub: Hub) -> bool:
    """Whether no topic will be read: no attempt to connect has succeeded, or the server is a sentinel."""
    return hub.deployment.unreachable or (hub.deployment.kind == "sentinel" and bool(hub.deployment.trouble))


def _exit_code(hub: Hub, readings: list[Reading[Any]], talk: Talk) -> int:
    failed = [reading for reading in readings if reading.status not in ("ok", "reduced")]
    if failed and not hub.reached:
        notes = [reading.note for reading in failed]
        talk.say(
            f"{hub.deployment.url.described}: {next((note for note in notes if note not in UNEXPLAINED), notes[0])}"
        )
        return UNREACHABLE
    for reading in failed:
        way_out = f" ({reading.remedy} allows it)" if reading.remedy else ""
        talk.say(f"{reading.topic}: {reading.status}: {reading.note}{way_out}")
    return TOPIC_FAILED if failed else OK


def _topic(reading: Reading[Any]) -> dict[str, object]:
    entry: dict[str, object] = {"status": reading.status}
    if reading.note:
        entry["note"] = reading.note
    if reading.remedy:
        entry["remedy"] = reading.remedy
    if reading.taken_at:
        entry["age_s"] = round(max(0.0, time.time() - reading.taken_at), 3)
    if reading.count is not None:
        entry |= {"coverage": reading.count.coverage, "certainty": reading.count.certainty}
        entry["counted_at"] = reading.count.at or None
    if reading.scope is not None:
        entry["scope"] = msgspec.to_builtins(reading.scope)
    if reading.frame is not None:
        entry["frame"] = reading.frame.exported()
    return entry

"""Runs the applications in this folder, and compares redis-dash without any configuration with what they know.

python -m frameworks.compare [--table] [NAME ...]    NAME is a folder; none means all of them

Then redis-dash revokes one session, and the application is asked by its own client whether that is still signed in.
With --table the result is printed as Markdown. The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from demo_server.process.embedded import EmbeddedServer
from frameworks import record
from frameworks.comparison import (
    Fact,
    Shown,
    cache_facts,
    false_facts,
    is_right,
    limit_facts,
    message_facts,
    session_facts,
)
from frameworks.dump import Messages, decoded, unescaped
from frameworks.unconfigured import CannotReadError, Dashboard, Frames, dashboard
from redis_dash.core.messages import Event
from redis_dash.dialects.messages import read_message

NEVER = "Deleting the key does not sign out"
"""The beginning of a caveat that is true in any case; others say when it is."""


class Compared(NamedTuple):
    """One application, with what redis-dash showed of it."""

    name: str
    version: str
    facts: list[Fact]
    revoked: str
    """What revoking a session did; empty if there are none."""

    @property
    def wrong(self) -> list[Fact]:
        """What is wrong."""
        return [fact for fact in self.facts if fact.verdict == "wrong"]


def compare(folder: Path, variant: str) -> Compared:
    """Run one application against an empty server, and redis-dash on that. Raises CannotRecordError."""
    built = record.install(folder)
    with EmbeddedServer() as server, tempfile.TemporaryDirectory() as scratch, Redis.from_url(server.url) as redis:
        messages = Messages(redis)
        application = Application(folder, built, Path(scratch), server.url, variant)
        began = time.monotonic()
        truth = application.visit()
        facts = message_facts(truth, [shown(*one) for one in messages.taken()])
        more, revoked = asyncio.run(watch(redis, server.url, application, truth, began))
    version = f"{truth['framework']} {truth['version']}"
    return Compared(record.recording(folder, variant), version, [*facts, *more], revoked)


class Application(NamedTuple):
    """One application that can be run."""

    folder: Path
    built: Path
    scratch: Path
    url: str
    variant: str

    def visit(self) -> dict[str, Any]:
        """Have it write to Redis; returns what it knows."""
        return record.ask(self.folder, self.built, self.scratch, self.url, self.variant)

    def works(self, credential: str) -> bool:
        """Whether the application's own client is signed in with this cookie or token."""
        words = (self.url, self.variant, credential)
        return bool(record.ask(self.folder, self.built, self.scratch, *words)["works"])


def shown(channel: str, content: str | dict[str, str]) -> tuple[str, object]:
    """What is shown of a message: what wrote it, and its content."""
    raw = decoded(content)
    message = read_message(Event(time.time(), unescaped(channel), raw, len(raw)))
    text = message.payload if message.payload is not None else raw
    try:
        return message.framework, json.loads(text)
    except ValueError:
        return message.framework, text


async def watch(
    redis: Redis, url: str, application: Application, truth: dict[str, Any], began: float
) -> tuple[list[Fact], str]:
    """What redis-dash shows, and what its revoking does."""
    async with dashboard(url) as running:
        frames = await running.frames()
        facts = compared(frames, truth, redis, time.monotonic() - began)
        if "revoke" not in truth:
            return facts, ""
        fact, words = await revoked(running, frames, application, truth["revoke"])
        return [*facts, fact], words


def compared(frames: Frames, truth: dict[str, Any], redis: Redis, within_s: float) -> list[Fact]:
    """Compare all panes with what the application knows."""
    limits = [row.whole_key.reveal() if row.whole_key else row.key.encode() for row in frames.limits.rows]
    shown = Shown(
        [row.key.reveal() for row in frames.sessions.rows], limits, [board.key for board in frames.boards.boards]
    )
    facts = false_facts(truth, shown)
    if "sessions" in truth:
        facts += session_facts(truth, frames.sessions.rows, lambda key: redis.get(key), within_s)  # type: ignore[arg-type, return-value]
    if "limits" in truth:
        facts += limit_facts(truth, frames.limits.rows, within_s)
    if "caches" in truth:
        facts += cache_facts(truth, frames.cache_globs)
    return facts


async def revoked(
    running: Dashboard, frames: Frames, application: Application, session: dict[str, Any]
) -> tuple[Fact, str]:
    """Revoke a session and ask the application; what is left of it must be what the question has said before."""
    key, credential = unescaped(session["key"]), session["credential"]
    row = next((row for row in frames.sessions.rows if row.key.reveal() == key), None)
    if row is None:
        return is_right("revoking", "signed out", "no such session", False), "no such session"
    caveat = next((one.caveat for one in frames.sessions.formats if one.name == row.dialect), "")
    before = await asyncio.to_thread(application.works, credential)
    outcome = await running.revoke(row)
    after = await asyncio.to_thread(application.works, credential)
    expected = caveat.startswith(NEVER)
    words = "signed out" if not after else "still signed in, as the question says" if expected else "still signed in"
    if outcome.undo is not None and not after:
        undone = (await running.restore(outcome.undo)).result
        back = await asyncio.to_thread(application.works, credential)
        words += f"; undo: {'signed in' if back else 'signed out'}{'' if undone == 'restored' else f', {undone}'}"
    right = before and outcome.result == "deleted" and after == expected
    return is_right("revoking", "still signed in" if expected else "signed out", words, right), words


# -- the result --------------------------------------------------------------------------------------------------------


def line(one: Compared) -> str:
    """One application in one line."""
    parts = f"{right(one)} right", f"not told: {missing(one)}" if missing(one) else "", one.revoked
    return f"{one.name}: {one.version}: {'; '.join(filter(None, parts))}"


def right(one: Compared) -> str:
    """How much of what is told is right."""
    told = [fact for fact in one.facts if fact.verdict != "not told"]
    return f"{len(told) - len(one.wrong)} of {len(told)}"


def missing(one: Compared) -> str:
    """The names of what is not told, and how many of each."""
    names = Counter(fact.name for fact in one.facts if fact.verdict == "not told")
    return ", ".join(f"{name} ({number})" if number > 1 else name for name, number in names.items())


def table(all_of_them: Iterable[Compared]) -> str:
    """In Markdown."""
    lines = ["| application | version | right | not told | after revoking |", "|---|---|---:|---|---|"]
    lines += [f"| {one.name} | {one.version} | {right(one)} | {missing(one)} | {one.revoked} |" for one in all_of_them]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Compare all, or those that are named; returns the exit code."""
    names = [one for one in arguments if not one.startswith("-")]
    if unknown := set(names) - {folder.name for folder in record.folders()}:
        sys.stderr.write(f"there is no frameworks/{sorted(unknown)[0]}\n")
        return 2
    done, failed = [], 0
    for folder in record.folders():
        for variant in record.variants(folder) if not names or folder.name in names else ():
            try:
                one = compare(folder, variant)
            except (record.CannotRecordError, CannotReadError) as error:
                failed += 1
                sys.stdout.write(f"{record.recording(folder, variant)}: NOT COMPARED: {error}\n")
                continue
            done.append(one)
            failed += bool(one.wrong)
            sys.stdout.write("\n  ".join([line(one), *(f"WRONG: {fact.told}" for fact in one.wrong)]) + "\n")
            sys.stdout.flush()
    if "--table" in arguments:
        sys.stdout.write(f"\n{table(done)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Looking for sessions among all there are: one walk over the keyspace that reads every session's value."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import re
import time
from collections.abc import Sequence

from redis_dash.dialects import SESSION_DIALECTS
from redis_dash.dialects.base import SessionFacts
from redis_dash.feed import Progress
from redis_dash.model import Search, SourceError
from redis_dash.ownreads import Command
from redis_dash.sources.base import Context
from redis_dash.sources.session_facts import UNREADABLE, KnownSession, SessionRows, latest_first

KEPT = 500
"""Sessions found that are kept, those that were active last; the others are counted."""
_SAFE = re.compile(rb"[a-z0-9 @._:-]+")
"""Characters that are written as themselves in any value: what looks different escaped cannot be searched for raw."""


class Needle:
    """What is looked for: a part of the user, the role or a field, or the beginning of an id."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        self._start = text.encode()
        self._fragment = max(_SAFE.findall(self._text.encode()), key=len, default=b"")

    def could_be_in(self, keys: Sequence[bytes], values: Sequence[object]) -> bool:
        """A quick look at many at once: is it worth looking at each?"""
        if self._start in b"\n".join(keys):
            return True
        return self._fragment in b"\n".join([value for value in values if type(value) is bytes]).lower()

    def could_be(self, identifier: bytes, value: object) -> bool:
        """Is it worth decoding the value?"""
        return identifier.startswith(self._start) or (isinstance(value, bytes) and self._fragment in value.lower())

    def is_in(self, identifier: bytes, facts: SessionFacts | None) -> bool:
        """Does the session match?"""
        if identifier.startswith(self._start):
            return True
        if facts is None:
            return False
        fields = (f"{name}={value}" for name, value in facts.fields)
        return any(self._text in part.lower() for part in (facts.user, facts.role, *fields))


class SessionSearch:
    """One search at a time; a new one takes the place of the one before."""

    def __init__(self, context: Context, family: str, rows: SessionRows) -> None:
        self._context = context
        self._family = family
        self._rows = rows
        self._wanted = asyncio.Event()
        self._text = ""
        self._running = False
        self._clear()

    def _clear(self) -> None:
        self._found: dict[bytes, KnownSession] = {}
        self._count = self._read = self._scanned = self._size = 0
        self._began = self._ended = time.monotonic()
        self._complete = False
        self._note = ""

    # -- what a person asks for --------------------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        """Search for a text; an empty one ends the search and drops what it found."""
        self._text, self._running = text, bool(text)
        self._clear()
        self._wanted.set()

    def stop(self) -> None:
        """Keep what was found."""
        if self._running:
            self._running, self._note, self._ended = False, "stopped", time.monotonic()

    def progress(self) -> Progress | None:
        """While it is under way."""
        if not self._running:
            return None
        elapsed_s = time.monotonic() - self._began
        return Progress("search", self._scanned, max(self._scanned, self._size), elapsed_s, self._count)

    def result(self) -> Search | None:
        """What was found so far; None where nothing is looked for."""
        if not self._text:
            return None
        now = time.monotonic()
        share = min(0.999, self._scanned / max(1, self._size))
        return Search(
            rows=self._rows.make(sorted(self._found.items(), key=latest_first, reverse=True), now),
            found=self._count,
            read=self._read,
            coverage=1.0 if self._complete else share,
            running=self._running,
            elapsed_s=(now if self._running else self._ended) - self._began,
            note=self._note,
        )

    async def look_again(self) -> None:
        """Drop what has been found and is gone by now.

        Raises:
            SourceError: the server could not be reached.
        """
        if self._running or not self._found:
            return
        before = len(self._found)
        await self._read_lifetimes(self._found)
        self._count -= before - len(self._found)

    # -- the walk ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Search whenever somebody asks, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._running:
                try:
                    await self._search(Needle(self._text))
                except Exception as error:  # whatever it is: it must not end the other readings
                    self._note = str(error) if isinstance(error, SourceError) else type(error).__name__
                if not self._wanted.is_set():
                    self._running, self._ended = False, time.monotonic()

    async def _search(self, needle: Needle) -> None:
        read = SESSION_DIALECTS[0].read
        earlier: tuple[Sequence[bytes], list[object]] = ((), [])
        async with contextlib.aclosing(self._context.keyspace.walk()) as walk:
            async for part in walk:
                keys = part.keys.get(self._family, ())
                coming = asyncio.create_task(self._context.deployment.pipeline([read(key) for key in keys]))
                await asyncio.sleep(0)  # so that the server reads these while we look through those before
                matching = self._match(needle, *earlier)
                earlier = keys, await coming
                await self._keep(matching)
                if not self._running or self._wanted.is_set():
                    return
                self._scanned += part.scanned
                self._size = part.size
        await self._keep(self._match(needle, *earlier))
        self._complete = True

    def _match(self, needle: Needle, keys: Sequence[bytes], values: list[object]) -> dict[bytes, KnownSession]:
        self._read += len(keys)
        found: dict[bytes, KnownSession] = {}
        if not needle.could_be_in(keys, values):
            return found
        dialect = SESSION_DIALECTS[0]
        for key, value in zip(keys, values, strict=True):
            identifier = self._rows.identifier(key)
            if value is None or not needle.could_be(identifier, value):
                continue
            facts = dialect.decode(value)
            if needle.is_in(identifier, facts) and key not in self._found:
                found[key] = KnownSession(facts or UNREADABLE, dialect.name if facts else "unknown")
        return found

    async def _keep(self, found: dict[bytes, KnownSession]) -> None:
        if not found:
            return
        self._count += len(found)
        self._found |= found
        await self._read_lifetimes(found)
        if len(self._found) > 2 * KEPT:
            self._found = dict(heapq.nlargest(KEPT, self._found.items(), key=latest_first))

    async def _read_lifetimes(self, sessions: dict[bytes, KnownSession]) -> None:
        commands: list[Command] = [(b"PTTL", key) for key in sessions]
        replies = await self._context.deployment.pipeline(commands)
        now = time.monotonic()
        for (key, known), reply in zip(list(sessions.items()), replies, strict=True):
            if reply == -2:
                self._found.pop(key, None)
            elif isinstance(reply, int):
                known.lasts(None if reply < 0 else reply / 1000, now)

"""Looking for sessions among all there are: one walk over the keyspace that reads every session's value."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import re
import time
from collections.abc import Sequence

from redis_dash.core.errors import SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import Search
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.registry import SESSION_DIALECTS
from redis_dash.sources.base import Context
from redis_dash.sources.refusals import missing_right
from redis_dash.sources.session_facts import UNREADABLE, KnownSession, SessionRows, distinctive, most_left_first

KEPT = 500
"""Sessions found that are kept, those with most time left; the others are counted."""
_SAFE = re.compile(rb"[a-z0-9 @._:-]+")
"""Characters that are written as themselves in any value: what looks different escaped cannot be searched for raw."""


class SearchTerms:
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
        return self._begins(identifier) or (isinstance(value, bytes) and self._fragment in value.lower())

    def _begins(self, identifier: bytes) -> bool:
        return identifier.startswith(self._start) or distinctive(identifier).startswith(self._start)

    def is_in(self, identifier: bytes, facts: SessionFacts | None) -> bool:
        """Does the session match?"""
        if self._begins(identifier):
            return True
        if facts is None:
            return False
        fields = (f"{name}={value}" for name, value in facts.fields)
        return any(self._text in part.lower() for part in (facts.user, *facts.others, facts.role, *fields))


class _RunningSearch:
    """One search: what it looks for, how far it is, and what it has found."""

    def __init__(self, text: str) -> None:
        self.needle = SearchTerms(text)
        self.found: dict[bytes, KnownSession] = {}
        self.count = self.read = self.scanned = self.size = 0
        self.began = time.monotonic()
        self.ended: float | None = None
        self.note = ""
        """Why it ended before it was complete."""

    @property
    def running(self) -> bool:
        """Is it under way?"""
        return self.ended is None

    @property
    def elapsed_s(self) -> float:
        """How long it took, or has taken so far."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began

    @property
    def coverage(self) -> float:
        """Share of the keyspace that was searched."""
        if not self.running and not self.note:
            return 1.0
        return min(0.999, self.scanned / max(1, self.size))

    def end(self, note: str = "") -> None:
        """It is complete, or has ended for another reason."""
        if self.ended is None:
            self.ended, self.note = time.monotonic(), note


class SessionSearch:
    """One search at a time; a new one takes the place of the one before."""

    def __init__(self, context: Context, key_group: str, rows: SessionRows) -> None:
        self._context = context
        self._key_group = key_group
        self._rows = rows
        self._wanted = asyncio.Event()
        self._hunt: _RunningSearch | None = None

    # -- what a person asks for --------------------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        """Search for a text; an empty one ends the search and drops what it found."""
        self.stop()
        self._hunt = _RunningSearch(text) if text else None
        self._wanted.set()

    def stop(self) -> None:
        """Keep what was found."""
        if self._hunt is not None:
            self._hunt.end("stopped")

    def progress(self) -> Progress | None:
        """While it is under way."""
        hunt = self._hunt
        if hunt is None or not hunt.running:
            return None
        return Progress("search", hunt.scanned, max(hunt.scanned, hunt.size), hunt.elapsed_s, hunt.count)

    def result(self) -> Search | None:
        """What was found so far; None where nothing is looked for."""
        hunt = self._hunt
        if hunt is None:
            return None
        return Search(
            rows=self._rows.make(sorted(hunt.found.items(), key=most_left_first, reverse=True), time.monotonic()),
            found=hunt.count,
            read=hunt.read,
            coverage=hunt.coverage,
            running=hunt.running,
            elapsed_s=hunt.elapsed_s,
            note=hunt.note,
        )

    async def look_again(self) -> None:
        """Drop what has been found and is gone by now.

        Raises:
            SourceError: the server could not be reached.
        """
        if self._hunt is not None and not self._hunt.running and self._hunt.found:
            await self._read_lifetimes(self._hunt, self._hunt.found)

    # -- the walk ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Search whenever somebody asks, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            hunt = self._hunt
            if hunt is None:
                continue
            try:
                await self._search(hunt)
            except Exception as error:  # whatever it is: it must not end the other readings
                known = isinstance(error, SourceError)
                hunt.end(str(error) if known else self._context.deployment.own_error("searching sessions"))

    async def _search(self, hunt: _RunningSearch) -> None:
        read = SESSION_DIALECTS[0].read
        earlier: tuple[Sequence[bytes], list[object]] = ((), [])
        async with contextlib.aclosing(self._context.keyspace.walk()) as walk:
            async for part in walk:
                keys = part.keys.get(self._key_group, ())
                coming = asyncio.create_task(self._context.deployment.pipeline([read(key) for key in keys]))
                await asyncio.sleep(0)  # so that the server reads these while we look through those before
                matching = self._match(hunt, *earlier)
                earlier = keys, await coming
                if refusal := missing_right(b"GET", earlier[1]):
                    hunt.end(refusal)
                await self._keep(hunt, matching)
                if not hunt.running:
                    return
                hunt.scanned += part.scanned
                hunt.size = part.size
        await self._keep(hunt, self._match(hunt, *earlier))
        hunt.end()

    def _match(self, hunt: _RunningSearch, keys: Sequence[bytes], values: list[object]) -> dict[bytes, KnownSession]:
        hunt.read += len(keys)
        found: dict[bytes, KnownSession] = {}
        if not hunt.needle.could_be_in(keys, values):
            return found
        dialect = SESSION_DIALECTS[0]
        for key, value in zip(keys, values, strict=True):
            identifier = self._rows.identifier(key)
            if value is None or not hunt.needle.could_be(identifier, value):
                continue
            facts = dialect.decode(value)
            if hunt.needle.is_in(identifier, facts) and key not in hunt.found:
                found[key] = KnownSession(facts or UNREADABLE, dialect.name if facts else "unknown")
        return found

    async def _keep(self, hunt: _RunningSearch, found: dict[bytes, KnownSession]) -> None:
        if not found:
            return
        hunt.count += len(found)
        hunt.found |= found
        await self._read_lifetimes(hunt, found)
        if len(hunt.found) > 2 * KEPT:
            hunt.found = dict(heapq.nlargest(KEPT, hunt.found.items(), key=most_left_first))

    async def _read_lifetimes(self, hunt: _RunningSearch, sessions: dict[bytes, KnownSession]) -> None:
        asked = list(sessions.items())
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key, _ in asked])
        now = time.monotonic()
        for (key, known), reply in zip(asked, replies, strict=True):
            if reply == -2:
                hunt.count -= hunt.found.pop(key, None) is not None
            elif isinstance(reply, int):
                known.lasts(None if reply < 0 else reply / 1000, now)

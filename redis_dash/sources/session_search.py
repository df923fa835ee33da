"""The search among all sessions: one walk over the keyspace that reads every session's value."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import re
import time
from collections.abc import Sequence

from redis_dash.core.credential import distinctive
from redis_dash.core.errors import SourceError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import Search
from redis_dash.core.rights import refused_command as refused_name
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.session_dialects import Page, SessionDialects
from redis_dash.sources.base import Context
from redis_dash.sources.missing_commands import example
from redis_dash.sources.refusals import is_key_refused, refused_command
from redis_dash.sources.session_facts import KnownSession, Moment, SessionRows, most_left_first, unreadable

KEPT = 500
"""Found sessions that are kept, those with the longest remaining lifetime; the others are only counted."""
_SAFE = re.compile(rb"[a-z0-9 @._:-]+")
"""Characters that are never escaped in raw text."""


class SearchTerms:
    """What the user searches for: a part of the user name, the role or a field, or the beginning of an id."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        self._start = text.encode()
        self._fragment = max(_SAFE.findall(self._text.encode()), key=len, default=b"")

    def may_be_in_any(self, keys: Sequence[bytes], texts: Sequence[bytes]) -> bool:
        """Whether any of these keys or raw texts may match; much faster than one call each."""
        return self._start in b"\n".join(keys) or self._fragment in b"\n".join(texts).lower()

    def may_be_in(self, identifier: bytes, text: bytes | None) -> bool:
        """Whether the session may match, so that its value must be decoded; None is a value without raw text."""
        return text is None or self._begins(identifier) or self._fragment in text.lower()

    def _begins(self, identifier: bytes) -> bool:
        return identifier.startswith(self._start) or distinctive(identifier).startswith(self._start)

    def is_in(self, identifier: bytes, facts: SessionFacts | None) -> bool:
        """Whether the session matches."""
        if self._begins(identifier):
            return True
        if facts is None:
            return False
        fields = (f"{name}={value}" for name, value in facts.fields)
        return any(self._text in part.lower() for part in (facts.user, *facts.others, facts.role, *fields))


class _RunningSearch:
    """One search: its terms, its progress and its results."""

    def __init__(self, text: str) -> None:
        self.terms = SearchTerms(text)
        self.found: dict[bytes, KnownSession] = {}
        self.count = self.read = self.refused = self.scanned = self.size = 0
        self.passed_over = 0.0
        """Share of the server's hash table that was searched, 0..1."""
        self.began = time.monotonic()
        self.ended: float | None = None
        self.commands: set[str] = set()
        """Those that our user may not run, of the commands that read sessions."""
        self.note = ""
        """Why the search ended early; empty if it did not."""

    @property
    def running(self) -> bool:
        """Whether the search has not ended yet."""
        return self.ended is None

    @property
    def elapsed_s(self) -> float:
        """The duration so far."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began

    @property
    def coverage(self) -> float:
        """Share of the keyspace that was searched."""
        if not self.running and not self.note:
            return 1.0
        return min(0.999, self.scanned / self.size if self.size else self.passed_over)

    def end(self, note: str = "") -> None:
        """End the search; ``note`` says why, if it is not complete."""
        if self.ended is None:
            self.ended, self.note = time.monotonic(), note


class SessionSearch:
    """Runs one search at a time; a new one replaces the previous one."""

    def __init__(self, context: Context, key_group: str, rows: SessionRows) -> None:
        self._context = context
        self._key_group = key_group
        self._rows = rows
        self._wanted = asyncio.Event()
        self._latest: _RunningSearch | None = None

    # -- requests of the user ----------------------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        """Search for a text; an empty text ends the search and drops its results."""
        self.stop()
        self._latest = _RunningSearch(text) if text else None
        self._wanted.set()

    def stop(self) -> None:
        """End the search and keep its results."""
        if self._latest is not None:
            self._latest.end("stopped")

    def progress(self) -> Progress | None:
        """The progress while the search runs."""
        search = self._latest
        if search is None or not search.running:
            return None
        total = max(search.scanned, search.size) if search.size else 0
        return Progress("search", search.scanned, total, search.elapsed_s, search.count, search.passed_over)

    def result(self) -> Search | None:
        """The results so far; None without a search."""
        search = self._latest
        if search is None:
            return None
        self._context.known_ids.add(map(self._rows.identifier, search.found))
        return Search(
            rows=self._rows.make(sorted(search.found.items(), key=most_left_first, reverse=True), time.monotonic()),
            found=search.count,
            read=search.read,
            coverage=search.coverage,
            running=search.running,
            elapsed_s=search.elapsed_s,
            note=search.note,
            refused=search.refused,
        )

    async def drop_gone(self) -> None:
        """Drop results whose sessions are gone.

        Raises:
            SourceError: the server could not be reached.
        """
        if self._latest is not None and not self._latest.running and self._latest.found:
            await self._read_lifetimes(self._latest, self._latest.found)

    # -- the walk ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run each requested search, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            search = self._latest
            if search is None:
                continue
            try:
                await self._search(search)
            except Exception as error:  # a failed search must not end the other readings
                known = isinstance(error, SourceError)
                search.end(str(error) if known else self._context.deployment.own_error("searching sessions"))

    async def _search(self, search: _RunningSearch) -> None:
        dialects, page = SessionDialects(patterns=self._context.config.session_patterns), Page((), (), (), ())
        async with contextlib.aclosing(self._context.keyspace.walk()) as walk:
            async for part in walk:
                keys = part.keys.get(self._key_group, ())
                # The server reads these keys while the page before is looked through.
                page, matching = await asyncio.gather(
                    dialects.fetch(keys, self._context.deployment.pipeline), self._matching(search, dialects, page)
                )
                await self._keep(search, matching)
                if not search.running:
                    return
                search.scanned += part.scanned
                search.passed_over = part.passed_over
                search.size = part.size
        await self._keep(search, await self._matching(search, dialects, page))
        search.end()

    async def _matching(
        self, search: _RunningSearch, dialects: SessionDialects, page: Page
    ) -> dict[bytes, KnownSession]:
        """The new matches of a page; ends the search if our user may run none of the commands that read sessions."""
        places = self._places(search.terms, page)
        sessions = await dialects.decode(page, places, self._context.deployment.pipeline) if places else []
        refused_command(session.reply for session in sessions)
        unread = [one for one in sessions if one.error is not None and (one.refusals or is_key_refused(one.reply))]
        search.read, search.refused = search.read + len(page.keys) - len(unread), search.refused + len(unread)
        search.commands |= {refused_name(error).upper() for session in unread for error in session.refusals}
        if search.commands and search.commands >= self._commands(dialects):
            search.end(f"not allowed to run {', '.join(sorted(search.commands))}")
        return {
            session.key: KnownSession(session.facts or unreadable(session.reply), session.dialect_name)
            for session in sessions
            if session.error is None
            and not session.is_gone
            and search.terms.is_in(self._rows.identifier(session.key), session.facts)
            and session.key not in search.found
        }

    def _commands(self, dialects: SessionDialects) -> set[str]:
        """The commands that read sessions."""
        keys = map(example, self._context.config.session_globs)
        return {read[0].decode() for key in keys for read in dialects.reads(key, is_read=False)}

    def _places(self, terms: SearchTerms, page: Page) -> Sequence[int]:
        """The places of a page whose values must be decoded: they may match, or have no raw text."""
        texts = page.searchable()
        known = [text for text in texts if text is not None]
        if not terms.may_be_in_any(page.keys, known):
            return [] if len(known) == len(texts) else [place for place, text in enumerate(texts) if text is None]
        identifier = self._rows.identifier
        return [
            place
            for place, (key, text) in enumerate(zip(page.keys, texts, strict=True))
            if terms.may_be_in(identifier(key), text)
        ]

    async def _keep(self, search: _RunningSearch, found: dict[bytes, KnownSession]) -> None:
        if not found:
            return
        search.count += len(found)
        search.found |= found
        await self._read_lifetimes(search, found)
        if len(search.found) > 2 * KEPT:
            search.found = dict(heapq.nlargest(KEPT, search.found.items(), key=most_left_first))

    async def _read_lifetimes(self, search: _RunningSearch, sessions: dict[bytes, KnownSession]) -> None:
        found, asked = list(sessions.items()), Moment.now()
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key, _ in found])
        answered = time.monotonic()
        for (key, known), reply in zip(found, replies, strict=True):
            if reply == -2:
                search.count -= search.found.pop(key, None) is not None
            elif isinstance(reply, int):
                known.lasts(reply, asked, answered)

"""A search among all sessions: its text, its progress, and how the pane describes it."""

from __future__ import annotations

import time

from redis_dash.core.feed import Progress
from redis_dash.core.frames.sessions import Search, SessionsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import RECENT_S, about, count, percent
from redis_dash.tui.pieces import Piece, piece
from redis_dash.tui.text import Plain, plain

LEAST_CHARS = 2
"""One character occurs in nearly every session: a full scan would find nothing useful."""


class SearchStatus:
    """At most one search; its results come with the readings."""

    def __init__(self) -> None:
        self._text = ""
        self._asked_at = 0.0
        self._search: Search | None = None
        self._progress: Progress | None = None
        self._ended_at: float | None = None
        """When its last results came."""
        self.was_stopped = False
        """The user has stopped it."""

    @property
    def is_on(self) -> bool:
        """Whether a search is shown in place of the list, running or not."""
        return bool(self._text)

    @property
    def is_running(self) -> bool:
        """Whether the search is running, as far as is known."""
        if not self.is_on or self.was_stopped:
            return False
        return self._search is None or self._search.running or self._progress is not None

    @property
    def results(self) -> Search | None:
        """The results so far; None before the first reading that knows the search."""
        return self._search

    def begin(self, text: str) -> None:
        """A search was requested now."""
        self._text, self._asked_at = text, time.time()
        self._search, self._ended_at, self.was_stopped = None, None, False

    def end(self) -> None:
        """Return to the list."""
        self._text, self._search, self._progress = "", None, None

    def take(self, reading: AnyReading) -> None:
        """Take the results in a reading, unless it is older than the request and belongs to another search."""
        frame = reading.frame
        if self.is_on and isinstance(frame, SessionsFrame) and frame.search and reading.taken_at >= self._asked_at:
            self._search = frame.search
            self._ended_at = None if frame.search.running else self._ended_at or reading.taken_at

    def watch(self, progress: Progress | None) -> bool:
        """Take the progress; return whether the description changes."""
        before, self._progress = self._progress, progress if progress and progress.what == "search" else None
        return self.is_on and before != self._progress

    def answer(self) -> tuple[Piece, ...]:
        """``searching 41 % · 3 found``, ``3 found among 1,012,345``, ``stopped at 41 % · 3 found``."""
        search, found = self._search, self._found()
        if self.is_running:
            return piece(f"searching {percent(self._coverage, 0)}", "strong"), piece(found, "strong")
        if search is None:
            return (piece("search stopped", "warn"),)
        listed = _listed(search)
        if search.coverage < 1:
            why = [piece(plain(search.note, 60), "warn")] if search.note else []
            return piece(f"stopped at {percent(search.coverage, 0)}", "warn"), piece(found, "strong"), *listed, *why
        refused = [piece(f"{count(search.refused)} may not be read", "warn")] if search.refused else []
        return piece(f"{found} among {count(search.read)}", "strong"), *self._age(), *refused, *listed

    def _age(self) -> list[Piece]:
        """How long ago the search ended: who has signed in since is not among its results."""
        age = 0.0 if self._ended_at is None else time.time() - self._ended_at
        return [piece(f"{about(age)} ago", "dim")] if age >= RECENT_S else []

    def note(self) -> Piece:
        """The text of the search."""
        return piece(f"search: {plain(self._text, 20)}", "accent")

    def nothing(self) -> Plain:
        """The text where nothing was found."""
        if self.is_running:
            return Plain("Nothing found so far.")
        read, refused = (self._search.read, self._search.refused) if self._search else (0, 0)
        more = f" {refused:,} more may not be read." if refused else ""
        return Plain(f"Nothing found among {read:,} sessions, by user, field or the beginning of the id.{more}")

    def _found(self) -> Plain:
        found = max(self._search.found if self._search else 0, self._progress.found if self._progress else 0)
        return Plain(f"{found:,} found")

    @property
    def _coverage(self) -> float:
        if self._progress is not None:
            return self._progress.share
        return self._search.coverage if self._search else 0.0


def _listed(search: Search) -> list[Piece]:
    if search.found <= len(search.rows):
        return []
    return [piece(f"{len(search.rows):,} of {search.found:,} listed", "dim")]


def invitation(text: str) -> str:
    """``{filter.keep}: search all``, while the user types a filter that covers only the listed sessions."""
    if len(text.strip()) < LEAST_CHARS:
        return f"type {LEAST_CHARS} characters to search all sessions"
    return "{filter.keep}: search all sessions"

"""One topic's corner of the screen: its reading, and loading, empty, stale, reduced, off, error and paused."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic

from msgspec.structs import replace
from textual.events import Resize

from redis_dash.core.feed import Progress
from redis_dash.core.reading import AnyReading, F
from redis_dash.tui.empty_states import empty_text
from redis_dash.tui.intents import Detail
from redis_dash.tui.segments import Segment
from redis_dash.tui.status import excuse, status_text
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.theme_styles import Role, ThemeStyles
from redis_dash.tui.widgets.border import Bordered, BorderStyles
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.navigable import Navigable
from redis_dash.tui.widgets.table import Table

Piece = tuple[Segment, ...]


def piece(text: Plain | str, role: Role = "text") -> Piece:
    """One span of our own as a piece of a title."""
    return ((Plain(text), role),)


def _theme_styles(reading: AnyReading) -> tuple[str, bool, bool]:
    """What shows at once when it changes."""
    return reading.status, reading.away, reading.frame is None


HOME = piece("Home: first row", "dim")
"""How to get back where rows have moved away under the cursor."""


class ReadingView(Bordered, Generic[F], can_focus=True):
    """What is read of a topic, and what is said of it; the keys are the pane's."""

    TOPIC: ClassVar[str]
    NAME: ClassVar[Plain]
    TAB: ClassVar[Plain]
    """The short name, for tabs."""
    EMPTY: ClassVar[Plain]
    """What would appear here, and how it gets there."""
    FRAME: ClassVar[type]
    OWN_KEY: ClassVar[tuple[str, str, int, str] | None] = None
    """A key of this topic alone, for the footer: key, word, priority, name of the click."""

    DEFAULT_CSS = "ReadingView.-silent > Lines { display: none; }"

    def __init__(self, number: int) -> None:
        super().__init__(id=f"pane-{self.TOPIC}", classes="-silent")
        self.number = number
        self.paused = False
        self.told_above: AnyReading | None = None
        """What the header says is wrong with the whole server: no pane says it again."""
        self._reading: AnyReading | None = None
        self._shown: AnyReading | None = None
        self._dirty = False
        self._faded = False

    # -- what a topic fills in ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def navigable(self) -> Navigable:
        """What the keys move."""

    @abstractmethod
    def display_frame(self, frame: F) -> None:
        """Hand a frame to the widgets."""

    @abstractmethod
    def answer(self, frame: F) -> tuple[Piece, ...]:
        """The one-line answer for the title, the most important piece first."""

    def has_nothing(self, frame: F) -> bool:
        """Is there nothing to show?"""
        return False

    def nothing(self, frame: F) -> Plain:
        """What is said then."""
        return self.EMPTY

    def empty_text(self, things: str, option: str) -> Plain:
        """What was looked for in vain; ``EMPTY`` before anything is known of that."""
        reading = self._reading
        if reading is None or reading.scope is None or reading.count is None:
            return self.EMPTY
        return empty_text(reading.scope, reading.count, things, option)

    def currency(self) -> tuple[Piece, ...]:
        """What is said in place of how exact and how old the figures are, where something else matters more.

        Where a filter is in force, the figure beside it is what it has found: that is not what is exact.
        """
        count = self._reading.count if self._reading else None
        is_misread = bool(self.navigable.needle) and count is not None and count.certainty == "exact"
        return (piece("Esc: all rows", "accent"),) if is_misread else ()

    def show_progress(self, progress: Progress | None) -> None:
        """Called when the work at full speed that is under way has got further."""

    def known(self, frame: F) -> int:
        """How many rows there are, where the frame may list fewer."""
        return 0

    def warning(self, frame: F) -> Segment | None:
        """A mark for the tab where the topic itself is in trouble."""
        return None

    def detail(self) -> Detail | None:
        """Everything about what the cursor is on, where that does not change."""
        return None

    @property
    def has_own_key(self) -> bool:
        """Is there anything for the key that is only this pane's?"""
        return True

    def follow(self) -> Callable[[], Detail] | None:
        """Everything about what the cursor is on, as of each call."""
        detail = self.detail()
        return None if detail is None else lambda: detail

    def notes(self) -> list[Piece]:
        """What the lower edge says at the left."""
        notes: list[Piece] = []
        navigable = self.navigable
        if not isinstance(navigable, Table):
            return notes
        if (hidden := navigable.hidden_columns) and navigable.total:
            notes.append(piece(f"+{plural(len(hidden), 'column')}", "dim"))
        first, last, total = navigable.window
        partial = self._is_partial
        if navigable.needle:
            if not (self.is_typing and partial):  # then it stands in the field, and the room is needed
                notes.append(piece(f"filter: {plain(navigable.needle, 20)}", "accent"))
            among = f" among {navigable.total:,} listed" if partial else ""
            notes.append(piece(f"{total:,} found{among}", "accent"))
        if 0 < last - first + 1 < total:
            notes.append(self.window(first, last, total))
        if 1 < first <= total:
            notes.append(HOME)
        return notes

    def window(self, first: int, last: int, total: int) -> Piece:
        """Which of the listed rows are visible."""
        listed = " listed" if self._is_partial and not self.navigable.needle else ""
        return piece(f"{first:,}–{last:,} of {total:,}{listed}", "dim")

    @property
    def is_typing(self) -> bool:
        """Is the filter's field open?"""
        return self.has_class("-filtering")

    @property
    def _is_partial(self) -> bool:
        """Are there more rows than are listed?"""
        frame, navigable = self._shown_frame, self.navigable
        return frame is not None and isinstance(navigable, Table) and self.known(frame) > navigable.total

    # -- readings ----------------------------------------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        """Has nothing been heard of the topic yet?"""
        return self._reading is None

    @property
    def reading(self) -> AnyReading | None:
        """The latest one."""
        return self._reading

    @property
    def frame(self) -> F | None:
        """The frame in hand, current or not."""
        return self._frame_of(self._reading)

    @property
    def _shown_frame(self) -> F | None:
        """The frame whose rows stand here: of a paused pane an earlier one."""
        return self._frame_of(self._shown) if self.paused and self._shown else self.frame

    def _frame_of(self, reading: AnyReading | None) -> F | None:
        frame = reading.frame if reading else None
        return frame if isinstance(frame, self.FRAME) else None  # type: ignore[return-value]

    @property
    def alert(self) -> Segment | None:
        """What the tab is marked with."""
        mark = status_text(self._reading, 0.0).alert
        frame = self.frame
        return mark or (self.warning(frame) if frame is not None else None)

    def receive(self, reading: AnyReading) -> None:
        """Take a new reading; a change of status shows at once, the rest at the next beat."""
        before, self._reading, self._dirty = self._reading, reading, True
        if before is None or _theme_styles(before) != _theme_styles(reading):
            self.refresh_values()

    def refresh_values(self) -> None:
        """Show what has changed since the last beat."""
        frame = self.frame
        self._fade()
        self.set_class(self._message() is not None, "-silent")
        if self._dirty and frame is not None and self.display and not (self.paused and self._shown):
            self._dirty, self._shown = False, self._reading
            self.display_frame(frame)
        self.redress()

    def refresh_stream(self) -> None:
        """Called several times a second; for what cannot wait for a beat."""

    def on_resize(self, event: Resize) -> None:
        """What is visible is said in the frame: once the rows have their room."""
        self.call_after_refresh(self.redress)

    def catch_up(self) -> None:
        """It has become visible."""
        self._dirty = True
        self.refresh_values()

    # -- the frame ---------------------------------------------------------------------------------------------------

    def redress(self) -> None:
        """Say in the frame what is the case now."""
        if not self.display:
            return
        told = status_text(self._heard, time.time(), self._shown if self.paused else None)
        frame = self.frame
        answer = self.answer(frame) if frame is not None else ()
        if told.faded:
            answer = tuple(tuple((text, "dim") for text, _ in segments) for segments in answer)
        message = self._message()
        active = self._active
        status = self._reading.status if self._reading else "ok"
        own = self.currency() if status in ("ok", "reduced") and not self.paused else ()
        if own and status == "reduced":
            own = (*told.words[:1], *own)
        self.set_border_styles(
            BorderStyles(
                name=((Plain(f" {self.number} {self.NAME} "), "focus"),)
                if active
                else ((Plain(str(self.number)), "accent"), (Plain(f" {self.NAME}"), "strong")),
                answer=answer,
                note=tuple(self.notes()) if self._shown_frame is not None else (),
                status=own or told.words,
                brief=own or told.brief,
                border="accent" if active and told.border == "border" else told.border,
                message=message,
                message_role={"error": "bad", "stale": "warn"}.get(status, "dim"),  # type: ignore[arg-type]
            )
        )

    def _message(self) -> Plain | None:
        """What is said in place of the content."""
        reading, frame = self._heard, self._shown_frame
        if reading is None or (frame is None and reading.status in ("ok", "reduced") and not reading.note):
            return Plain("reading…")
        if frame is None:
            note = plain(reading.note, 400)
            if reading.status == "stale" and not reading.away:
                return Plain(f"Nothing has been read yet: {note}") if note else Plain("Nothing has been read yet.")
            return excuse(reading)
        if not self.has_nothing(frame):
            return None
        return self.nothing(frame) if reading.status in ("ok", "reduced") else excuse(reading)

    @property
    def _heard(self) -> AnyReading | None:
        """The reading, without what the header says already."""
        reading, above = self._reading, self.told_above
        if reading is None or above is None or reading.status not in ("stale", "error"):
            return reading
        if (reading.away and above.away) or reading.note == above.note:
            return replace(reading, note="")
        return reading

    @property
    def _active(self) -> bool:
        return self.has_focus or self.has_pseudo_class("focus-within")

    def apply_styles(self, theme_styles: ThemeStyles) -> None:
        """Dress the frame and what is in it."""
        super().apply_styles(theme_styles)
        self._rewear()

    def _rewear(self) -> None:
        if self.theme_styles is not None:
            for child in self.query(Lines):
                child.apply_styles(self.theme_styles.faded if self._faded else self.theme_styles)

    def _fade(self) -> None:
        faded = status_text(self._reading, 0.0).faded
        if faded != self._faded:
            self._faded = faded
            self._rewear()

"""The view of one topic: its values, and its states: loading, empty, stale, reduced, off, error and paused."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Generic

from msgspec.structs import replace
from textual.events import Resize

from redis_dash.core.feed import Progress
from redis_dash.core.reading import AnyReading, F
from redis_dash.tui.empty_states import HINTS, empty_text
from redis_dash.tui.formatting import Tallies
from redis_dash.tui.intents import Detail
from redis_dash.tui.keys import KeyTable, Section
from redis_dash.tui.pieces import Piece, faded, later, piece
from redis_dash.tui.segments import Segment
from redis_dash.tui.status import beside, excuse, shortages, status_text
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.theme_styles import Role, ThemeStyles
from redis_dash.tui.widgets.border import Bordered, BorderStyles
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.navigable import Navigable
from redis_dash.tui.widgets.table import Table


def _theme_styles(reading: AnyReading) -> tuple[str, bool, bool]:
    """The state whose changes are shown at once."""
    return reading.status, reading.away, reading.frame is None


class ReadingView(Bordered, Generic[F], can_focus=True):
    """The values and the state of one topic. Its subclass ``Pane`` adds the keys."""

    TOPIC: ClassVar[str]
    NAME: ClassVar[Plain]
    TAB: ClassVar[Plain]
    """The short name, for tabs."""
    EMPTY: ClassVar[Plain]
    """What would appear here, and how it gets there."""
    FRAME: ClassVar[type]
    WORDS: ClassVar[Section] = ("", ())
    """The section of the help that explains the words of this pane."""
    KEY_NOTES: ClassVar[Mapping[str, str]] = {}
    """What a key of all panes also does here, for the help, by the id of its binding."""

    DEFAULT_CSS = "ReadingView.-silent > Lines { display: none; }"

    def __init__(self, number: int) -> None:
        super().__init__(id=f"pane-{self.TOPIC}", classes="-silent")
        self.number = number
        self.key_table = KeyTable((), {})
        """The keys as they are bound; the dashboard sets it."""
        self.tallies = Tallies()
        self.paused = False
        self.header_error: AnyReading | None = None
        """The server's error that the header shows; no pane repeats it."""
        self._reading: AnyReading | None = None
        self._shown: AnyReading | None = None
        self._dirty = False
        self._faded = False

    # -- what a topic fills in ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def navigable(self) -> Navigable:
        """The widget that the keys move."""

    @abstractmethod
    def display_frame(self, frame: F) -> None:
        """Pass a frame to the widgets."""

    @abstractmethod
    def answer(self, frame: F) -> tuple[Piece, ...]:
        """The one-line summary for the title, the most important piece first."""

    def brief_answer(self, frame: F) -> tuple[Piece, ...]:
        """The same in fewer words, for where a piece would find no room."""
        return self.answer(frame)

    def has_nothing(self, frame: F) -> bool:
        """Whether there is nothing to show."""
        return False

    def lists_nothing(self, frame: F) -> bool:
        """Whether no row is listed, though something may be there."""
        return self.has_nothing(frame)

    def nothing(self, frame: F) -> Plain:
        """The text in that case."""
        return self.EMPTY

    def empty_text(self, things: str, option: str) -> Plain:
        """The patterns without a match; ``EMPTY`` before anything is known."""
        reading = self._reading
        if reading is None or reading.scope is None or reading.count is None:
            return self.EMPTY
        hints = map(self.key_table.hint, HINTS)
        return empty_text(reading.scope, reading.count, things, option, *hints)

    def currency(self) -> tuple[Piece, ...]:
        """What replaces certainty and age in the frame, if anything.

        Under a filter, the count beside it is that of the matches, and ``exact`` would not be about it.
        """
        count = self._reading.count if self._reading else None
        is_misread = bool(self.navigable.filter_text) and count is not None and count.certainty == "exact"
        return tuple(self.hint("{pane.clear}: all rows", "accent")) if is_misread else ()

    def hint(self, text: str, role: Role = "dim") -> list[Piece]:
        """What a key does: ``{pane.home}: first row`` names the key as it is bound; nothing if it is not bound."""
        words = self.key_table.hint(text)
        return [piece(words, role)] if words else []

    @property
    def key(self) -> str:
        """The key that goes to this pane; empty if there is none."""
        return self.key_table.footer_key(f"pane.{self.number}")

    def show_progress(self, progress: Progress | None) -> None:
        """Called when the work at full speed has made progress."""

    def known(self, frame: F) -> int:
        """How many rows there are; the frame may list fewer."""
        return 0

    def warning(self, frame: F) -> Segment | None:
        """A mark for the tab if the topic itself is in trouble."""
        return None

    def detail(self) -> Detail | None:
        """Everything about the cursor's row, if it does not change."""
        return None

    @property
    def has_own_key(self) -> bool:
        """Whether the keys of this pane alone have anything to act on."""
        return True

    def follow(self) -> Callable[[], Detail] | None:
        """A function that returns everything about the cursor's row, as of each call."""
        detail = self.detail()
        return None if detail is None else lambda: detail

    def notes(self) -> list[Piece]:
        """The texts at the left of the lower edge."""
        notes: list[Piece] = []
        navigable = self.navigable
        if not isinstance(navigable, Table):
            return notes
        if (hidden := navigable.hidden_columns) and navigable.total:
            notes.append(piece(f"+{plural(len(hidden), 'column')}", "dim"))
        first, last, total = navigable.window
        partial = self._is_partial
        if navigable.filter_text:
            if not (self.is_typing and partial):  # then the input shows it, and the room is needed
                notes.append(self.filter_note)
            among = f" among {navigable.total:,} listed" if partial else ""
            notes.append(piece(f"{total:,} found{among}", "accent"))
        if 0 < last - first + 1 < total:
            notes.append(self.window(first, last, total))
        if 1 < first <= total:
            notes += self.way_home()
        return notes

    @property
    def filter_note(self) -> Piece:
        """The text of the filter, which the user knows: where room is short, what it has found comes first."""
        return piece(f"filter: {plain(self.navigable.filter_text, 20)}", "accent")

    def asides(self) -> list[Piece]:
        """What follows the notes, where there is room besides the status: that keys are ignored."""
        ignored = len(self._reading.scope.ignored) if self._reading and self._reading.scope else 0
        return [piece(f"{plural(ignored, 'kind')} ignored", "dim")] if ignored else []

    def way_home(self) -> list[Piece]:
        """The key that returns to the first row."""
        return self.hint("{pane.home}: first row")

    def window(self, first: int, last: int, total: int) -> Piece:
        """Which of the listed rows are visible."""
        listed = " listed" if self._is_partial and not self.navigable.filter_text else ""
        return piece(f"{first:,}–{last:,} of {total:,}{listed}", "dim")

    @property
    def is_typing(self) -> bool:
        """Whether the filter's input is open."""
        return self.has_class("-filtering")

    @property
    def _is_partial(self) -> bool:
        """Whether there are more rows than are listed."""
        frame, navigable = self._shown_frame, self.navigable
        return frame is not None and isinstance(navigable, Table) and self.known(frame) > navigable.total

    # -- readings ----------------------------------------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        """Whether the topic has no reading yet."""
        return self._reading is None

    @property
    def reading(self) -> AnyReading | None:
        """The latest reading."""
        return self._reading

    @property
    def frame(self) -> F | None:
        """The latest frame, current or not."""
        return self._frame_of(self._reading)

    @property
    def _shown_frame(self) -> F | None:
        """The frame whose rows are shown: an older one while paused."""
        return self._frame_of(self._shown) if self.paused and self._shown else self.frame

    def _frame_of(self, reading: AnyReading | None) -> F | None:
        frame = reading.frame if reading else None
        return frame if isinstance(frame, self.FRAME) else None  # type: ignore[return-value]

    @property
    def alert(self) -> Segment | None:
        """The mark of the tab."""
        mark = status_text(self._reading, 0.0).alert
        frame = self.frame
        return mark or (self.warning(frame) if frame is not None else None)

    def receive(self, reading: AnyReading) -> None:
        """Take a new reading; a change of status is shown at once, the rest at the next refresh."""
        before, self._reading, self._dirty = self._reading, reading, True
        if before is None or _theme_styles(before) != _theme_styles(reading):
            self.refresh_values()

    def refresh_values(self) -> None:
        """Show what has changed since the last refresh."""
        frame = self.frame
        self._fade()
        self.set_class(self._message() is not None, "-silent")
        if self._dirty and frame is not None and self.display and not (self.paused and self._shown):
            self._dirty, self._shown = False, self._reading
            self.display_frame(frame)
        self.refresh_border()

    def refresh_stream(self) -> None:
        """Show what cannot wait for a refresh; called several times a second."""

    def on_resize(self, event: Resize) -> None:
        """Update the frame, which says what is visible, once the rows have their new size."""
        self.call_after_refresh(self.refresh_border)

    def catch_up(self) -> None:
        """The pane has become visible."""
        self._dirty = True
        self.refresh_values()

    # -- the frame ---------------------------------------------------------------------------------------------------

    def refresh_border(self) -> None:
        """Update the texts in the frame."""
        if not self.display:
            return
        text = status_text(self._reported, time.time(), self._shown if self.paused else None, self.tallies)
        frame = self.frame
        answer, brief_answer = (self.answer(frame), self.brief_answer(frame)) if frame is not None else ((), ())
        if text.faded:
            answer, brief_answer = faded(answer), faded(brief_answer)
        notes = tuple(self.notes()) if self._shown_frame is not None else ()
        message = self._message()
        active = self._active
        status = self._reading.status if self._reading else "ok"
        own = self.currency() if status in ("ok", "reduced") and not self.paused else ()
        if own and self._reading is not None:
            text = beside(own, shortages(self._reading))
        self.set_border_styles(
            BorderStyles(
                name=self._title(self.NAME),
                answer=answer,
                brief_name=self._title(self.TAB),
                brief_answer=brief_answer,
                note=notes,
                brief_note=later(notes, self.filter_note),
                asides=tuple(self.asides()) if self._shown_frame is not None else (),
                status=text.words,
                briefs=text.briefs,
                border="accent" if active and text.border == "border" else text.border,
                message=message,
                message_role={"error": "bad", "stale": "warn"}.get(status, "dim"),  # type: ignore[arg-type]
            )
        )

    def _title(self, name: Plain) -> Piece:
        """The pane's key and name."""
        if self._active:
            return ((Plain(f" {f'{self.key} {name}'.lstrip()} "), "focus"),)
        key: Piece = ((Plain(self.key), "accent"), (Plain(" "), "blank")) if self.key else ()
        return (*key, (name, "strong"))

    def _message(self) -> Plain | None:
        """The text in place of the content."""
        reading, frame = self._reported, self._shown_frame
        if reading is None or (frame is None and reading.status in ("ok", "reduced") and not reading.note):
            return Plain("reading…")
        if frame is None:
            note = plain(reading.note, 400)  # it has no remedy: no right is missing
            if reading.status == "stale" and not reading.away:
                return Plain(f"Nothing has been read yet: {note}") if note else Plain("Nothing has been read yet.")
            return excuse(reading)
        if reading.remedy and self.lists_nothing(frame):
            return excuse(reading)  # what is there may not be read
        if not self.has_nothing(frame):
            return None
        return self.nothing(frame) if reading.status in ("ok", "reduced") else excuse(reading)

    @property
    def _reported(self) -> AnyReading | None:
        """The reading, without an error that the header already shows."""
        reading, above = self._reading, self.header_error
        if reading is None or above is None or reading.status not in ("stale", "error"):
            return reading
        if (reading.away and above.away) or reading.note == above.note:
            return replace(reading, note="")
        return reading

    @property
    def _active(self) -> bool:
        return self.has_focus or self.has_pseudo_class("focus-within")

    def apply_styles(self, theme_styles: ThemeStyles) -> None:
        """Apply styles to the frame and its contents."""
        super().apply_styles(theme_styles)
        self._apply_child_styles()

    def _apply_child_styles(self) -> None:
        if self.theme_styles is not None:
            for child in self.query(Lines):
                child.apply_styles(self.theme_styles.faded if self._faded else self.theme_styles)

    def _fade(self) -> None:
        faded = status_text(self._reading, 0.0).faded
        if faded != self._faded:
            self._faded = faded
            self._apply_child_styles()

"""What all panes share: the frame, loading, empty, stale, reduced, off and error, pause, filter and focus."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import ClassVar, Generic

from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.widgets import Input

from redis_dash.model import AnyReading, F
from redis_dash.tui.intents import Detail, DetailWanted
from redis_dash.tui.look import Look, Role
from redis_dash.tui.spans import Span
from redis_dash.tui.status import excuse, standing
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.widgets.frame import Frame, Trim
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.listing import Listing
from redis_dash.tui.widgets.table import Table

Piece = tuple[Span, ...]
WHEEL_ROWS = 3


def piece(text: Plain | str, role: Role = "text") -> Piece:
    """One span of our own as a piece of a title."""
    return ((Plain(text), role),)


class Pane(Frame, Generic[F], can_focus=True):
    """One topic's corner of the screen."""

    TOPIC: ClassVar[str]
    NAME: ClassVar[Plain]
    TAB: ClassVar[Plain]
    """The short name, for tabs."""
    EMPTY: ClassVar[Plain]
    """What would appear here, and how it gets there."""
    FRAME: ClassVar[type]

    DEFAULT_CSS = """
    Pane > Input { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    Pane.-filtering > Input { display: block; }
    Pane.-silent > * { display: none; }
    """

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="pane.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="pane.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="pane.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="pane.page_down"),
        Binding("home,g", "home", "First", show=False, id="pane.home"),
        Binding("end,G", "end", "Last", show=False, id="pane.end"),
        Binding("enter", "detail", "Detail", show=False, id="pane.detail"),
        Binding("space", "pause", "Pause", show=False, id="pane.pause"),
        Binding("escape", "clear", "Clear", show=False, id="pane.clear"),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(id=f"pane-{self.TOPIC}")
        self.number = number
        self.paused = False
        self._reading: AnyReading | None = None
        self._shown: AnyReading | None = None
        self._dirty = False
        self._faded = False

    # -- what a topic fills in ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def listing(self) -> Listing:
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

    def known(self, frame: F) -> int:
        """How many rows there are, where the frame may list fewer."""
        return 0

    def warning(self, frame: F) -> Span | None:
        """A mark for the tab where the topic itself is in trouble."""
        return None

    def detail(self) -> Detail | None:
        """Everything about what the cursor is on."""
        return None

    def notes(self) -> list[Piece]:
        """What the lower edge says at the left."""
        notes: list[Piece] = []
        listing = self.listing
        if not isinstance(listing, Table):
            return notes
        if hidden := listing.hidden_columns:
            notes.append(piece(f"+{plural(len(hidden), 'column')}", "dim"))
        first, last, total = listing.window
        frame = self._shown_frame
        partial = frame is not None and self.known(frame) > listing.total
        if listing.needle:
            notes.append(piece(f"filter: {plain(listing.needle, 20)}", "accent"))
            among = f" among {listing.total:,} listed" if partial else ""
            notes.append(piece(f"{total:,} found{among}", "accent"))
        if 0 < last - first + 1 < total:
            listed = " listed" if partial and not listing.needle else ""
            notes.append(piece(f"{first:,}–{last:,} of {total:,}{listed}", "dim"))
        return notes

    # -- readings ----------------------------------------------------------------------------------------------------

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
    def alert(self) -> Span | None:
        """What the tab is marked with."""
        mark = standing(self._reading, 0.0).alert
        frame = self.frame
        return mark or (self.warning(frame) if frame is not None else None)

    def receive(self, reading: AnyReading) -> None:
        """Take a new reading; a change of status shows at once, the rest at the next beat."""
        before, self._reading, self._dirty = self._reading, reading, True
        if before is None or before.status != reading.status or (before.frame is None) != (reading.frame is None):
            self.beat()

    def beat(self) -> None:
        """Show what has changed since the last beat."""
        frame = self.frame
        self._fade()
        self.set_class(self._message() is not None, "-silent")
        if self._dirty and frame is not None and self.display and not (self.paused and self._shown):
            self._dirty, self._shown = False, self._reading
            self.display_frame(frame)
        self.redress()

    def pulse(self) -> None:
        """Called several times a second; for what cannot wait for a beat."""

    def on_resize(self, event: Resize) -> None:
        """What is visible is said in the frame: once the rows have their room."""
        self.call_after_refresh(self.redress)

    def awaken(self) -> None:
        """It has become visible."""
        self._dirty = True
        self.beat()

    # -- the frame ---------------------------------------------------------------------------------------------------

    def redress(self) -> None:
        """Say in the frame what is the case now."""
        if not self.display:
            return
        told = standing(self._reading, time.time(), self._shown if self.paused else None)
        frame = self.frame
        answer = self.answer(frame) if frame is not None else ()
        if told.faded:
            answer = tuple(tuple((text, "dim") for text, _ in spans) for spans in answer)
        message = self._message()
        active = self._active
        status = self._reading.status if self._reading else "ok"
        self.dress(
            Trim(
                name=((Plain(f" {self.number} {self.NAME} "), "focus"),)
                if active
                else ((Plain(str(self.number)), "accent"), (Plain(f" {self.NAME}"), "strong")),
                answer=answer,
                note=tuple(self.notes()) if message is None else (),
                status=told.words,
                border="accent" if active and told.border == "border" else told.border,
                message=message,
                message_role={"error": "bad", "stale": "warn"}.get(status, "dim"),  # type: ignore[arg-type]
            )
        )

    def _message(self) -> Plain | None:
        """What is said in place of the content."""
        reading, frame = self._reading, self._shown_frame
        if reading is None or (frame is None and reading.status in ("ok", "reduced") and not reading.note):
            return Plain("reading…")
        if frame is None:
            note = plain(reading.note, 400)
            if reading.status == "stale":
                return Plain(f"Nothing has been read yet: {note}") if note else Plain("Nothing has been read yet.")
            return note or Plain("This cannot be had here.")
        if not self.has_nothing(frame):
            return None
        return self.EMPTY if reading.status in ("ok", "reduced") else excuse(reading)

    @property
    def _active(self) -> bool:
        return self.has_focus or self.has_pseudo_class("focus-within")

    def wear(self, look: Look) -> None:
        """Dress the frame and what is in it."""
        super().wear(look)
        self._rewear()

    def _rewear(self) -> None:
        if self.look is not None:
            for child in self.query(Lines):
                child.wear(self.look.faded if self._faded else self.look)

    def _fade(self) -> None:
        faded = standing(self._reading, 0.0).faded
        if faded != self._faded:
            self._faded = faded
            self._rewear()

    # -- focus, keys and mouse ---------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Show that the keyboard is here."""
        self._refocus()

    def on_blur(self) -> None:
        """Show that it is not."""
        self._refocus()

    def on_descendant_focus(self) -> None:
        """The filter has the keyboard."""
        self._refocus()

    def on_descendant_blur(self) -> None:
        """The filter has lost it: what was typed is kept, unless only the whole terminal looks elsewhere."""
        focused = self.screen.focused
        if self.app.app_focus and (focused is None or focused.parent is not self):
            self.remove_class("-filtering")
        self._refocus()

    def _refocus(self) -> None:
        if isinstance(self.listing, Table):
            self.listing.activate(self._active)
        self.redress()

    def action_move(self, step: int) -> None:
        """Move the cursor by lines."""
        self.listing.move(step)
        self.redress()

    def action_page(self, step: int) -> None:
        """Move the cursor by screenfuls."""
        self.listing.page(step)
        self.redress()

    def action_home(self) -> None:
        """Go to the start."""
        self.listing.home()
        self.redress()

    def action_end(self) -> None:
        """Go to the end."""
        self.listing.end()
        self.redress()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the view."""
        event.stop()
        self.listing.scroll_rows(WHEEL_ROWS)
        self.redress()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel moves the view."""
        event.stop()
        self.listing.scroll_rows(-WHEEL_ROWS)
        self.redress()

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """A click on the cursor's row opens it."""
        self.redress()
        if message.again:
            self.action_detail()

    def action_detail(self) -> None:
        """Show everything about what the cursor is on."""
        if self.frame is not None and (detail := self.detail()) is not None:
            self.post_message(DetailWanted(detail))

    def action_pause(self) -> None:
        """Let the pane stand still, or go on."""
        self.paused = not self.paused
        self.awaken()

    # -- the filter --------------------------------------------------------------------------------------------------

    async def open_filter(self) -> None:
        """Ask for a filter at the pane's lower edge."""
        fields = self.query(Input)
        if not fields:
            await self.mount(Input(placeholder="filter; Enter keeps it, Esc clears it", compact=True))
        self.add_class("-filtering")
        self.screen.set_focus(self.query_one(Input))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is being typed."""
        event.stop()
        self.listing.narrow(event.value)
        self.redress()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.remove_class("-filtering")
        self.focus()

    def action_clear(self) -> None:
        """Clear the filter; without one Esc means something else."""
        fields = self.query(Input)
        if not self.listing.needle and not self.has_class("-filtering"):
            raise SkipAction
        for field in fields:
            field.clear()
        self.listing.narrow("")
        self.remove_class("-filtering")
        self.focus()
        self.redress()

"""A pane: a view of one topic, and the keys that move, pause, filter and step back in it."""

from __future__ import annotations

from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Input

from redis_dash.core.reading import F
from redis_dash.tui.intents import DetailRequested
from redis_dash.tui.keys import CLEAR_ID, IN_A_PANE, KeyHelp
from redis_dash.tui.panes.filter_input import FilterInput
from redis_dash.tui.panes.reading_view import ReadingView
from redis_dash.tui.pieces import Piece, piece
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.table import Table

__all__ = ["BACK", "STOP", "Pane", "Piece", "piece"]

WHEEL_ROWS = 3
STOP = Plain("stop")
"""The word for Esc in the footer while a search of this pane runs."""

_MOVE = KeyHelp("move the cursor; from then on it stays with its row while rows move", section=IN_A_PANE, rank=1)
_HOME = KeyHelp("first row; the cursor stays there, whichever row that is", section=IN_A_PANE, rank=3)
_PAGE = KeyHelp("move by a screenful", section=IN_A_PANE, rank=2)
_END = KeyHelp("last row", section=IN_A_PANE, rank=4)
_PAUSE = KeyHelp("pause the pane, or continue", section=IN_A_PANE, footer="pause", priority=2, rank=8)
_DETAIL = KeyHelp("everything about the row, kept up to date", section=IN_A_PANE, footer="detail", priority=6, rank=5)
BACK = KeyHelp("one step back; the list below names the steps", section=IN_A_PANE, rank=9)


class Pane(ReadingView[F]):
    """One topic's view, and its keys."""

    DEFAULT_CSS = """
    Pane > Input { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    Pane.-filtering > Input { display: block; }
    """

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="pane.up", group=_MOVE),
        Binding("down,j", "move(1)", "Down", show=False, id="pane.down", group=_MOVE),
        Binding("home,g", "home", "First", show=False, id="pane.home", group=_HOME),
        Binding("pageup", "page(-1)", "Page up", show=False, id="pane.page_up", group=_PAGE),
        Binding("pagedown", "page(1)", "Page down", show=False, id="pane.page_down", group=_PAGE),
        Binding("end,G", "end", "Last", show=False, id="pane.end", group=_END),
        Binding("space", "pause", "Pause", show=False, id="pane.pause", group=_PAUSE),
        Binding("enter", "detail", "Detail", show=False, id="pane.detail", group=_DETAIL),
        Binding("escape", "clear", "Clear", show=False, id=CLEAR_ID, group=BACK),
    ]

    typed = ""
    """The text in the filter's input."""

    # -- what a topic may add ----------------------------------------------------------------------------------------

    @property
    def way_back(self) -> Plain:
        """What Esc takes back in this pane, in a word or two; empty if nothing."""
        return Plain("clear filter") if self.navigable.filter_text or self.is_typing else Plain("")

    def step_back(self) -> bool:
        """Take back what the user asked for besides a filter; return whether there was anything."""
        return False

    def narrow(self, text: str) -> None:
        """List only rows that contain this text."""
        self.navigable.narrow(text)

    def search_further(self, text: str) -> bool:
        """Search beyond the listed rows, if there are more; return False to keep the text as a filter."""
        return False

    # -- focus, keys and mouse ---------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Show the focus."""
        self._refocus()

    def on_blur(self) -> None:
        """Show that the focus is gone."""
        self._refocus()

    def on_descendant_focus(self) -> None:
        """The filter's input has the focus."""
        self._refocus()

    def on_descendant_blur(self) -> None:
        """Close the filter's input and keep its text, unless only the terminal has lost the focus."""
        focused = self.screen.focused
        if self.app.app_focus and (focused is None or focused.parent is not self):
            self.remove_class("-filtering")
        self._refocus()

    def _refocus(self) -> None:
        if isinstance(self.navigable, Table):
            self.navigable.activate(self._active)
        self.refresh_border()

    def action_move(self, step: int) -> None:
        """Move the cursor by lines."""
        self.navigable.move(step)
        self.refresh_border()

    def action_page(self, step: int) -> None:
        """Move the cursor by screenfuls."""
        self.navigable.page(step)
        self.refresh_border()

    def action_home(self) -> None:
        """Go to the start."""
        self.navigable.home()
        self.refresh_border()

    def action_end(self) -> None:
        """Go to the end."""
        self.navigable.end()
        self.refresh_border()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.navigable.scroll_rows(WHEEL_ROWS)
        self.refresh_border()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.navigable.scroll_rows(-WHEEL_ROWS)
        self.refresh_border()

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """A click on the cursor's row opens its details."""
        self.refresh_border()
        if message.again:
            self.action_detail()

    def action_detail(self) -> None:
        """Show everything about the cursor's row."""
        if self.frame is not None and (detail := self.follow()) is not None:
            self.post_message(DetailRequested(detail))
        self.refresh_border()

    def action_pause(self) -> None:
        """Pause or continue."""
        self.paused = not self.paused
        self.catch_up()

    # -- the filter --------------------------------------------------------------------------------------------------

    async def open_filter(self) -> None:
        """Open the filter's input at the lower edge."""
        fields = self.query(Input)
        if not fields:
            await self.mount(FilterInput(compact=True))
        hints = map(self.key_table.hint, ("{filter.keep} keeps it", "{pane.clear} clears it"))
        self.query_one(Input).placeholder = f"filter; {', '.join(filter(None, hints))}"
        self.add_class("-filtering")
        self.screen.set_focus(self.query_one(Input))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the user types."""
        event.stop()
        self.typed = event.value
        self.narrow(event.value)
        self.refresh_border()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, or search beyond the listed rows."""
        event.stop()
        self.remove_class("-filtering")
        self.screen.set_focus(self)
        if self.search_further(event.value):
            self.clear_filter()

    def clear_filter(self) -> None:
        """List all rows again."""
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.clear()
        self.typed = ""
        self.narrow("")
        self.remove_class("-filtering")
        self.screen.set_focus(self)
        self.refresh_border()

    def begin_afresh(self) -> None:
        """Drop all that was read, and the filter: another database is watched now."""
        if self.is_typing and self.has_pseudo_class("focus-within"):
            self.screen.set_focus(self)
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.clear()
        self.typed = ""
        self.remove_class("-filtering")
        self.narrow("")
        self._reading = self._shown = None
        self.paused = False
        self.tallies.forget()
        self.refresh_values()

    def action_clear(self) -> None:
        """Clear the filter, or take back what else was asked for; otherwise the dashboard handles Esc."""
        if self.navigable.filter_text or self.is_typing:
            self.clear_filter()
        elif not self.step_back():
            raise SkipAction

"""A pane: a view of a topic with the keyboard: what its keys move, pause, filter and take back."""

from __future__ import annotations

from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Input

from redis_dash.core.reading import F
from redis_dash.tui.intents import DetailRequested
from redis_dash.tui.panes.reading_view import Piece, ReadingView, piece
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.table import Table

__all__ = ["STOP", "Pane", "Piece", "piece"]

WHEEL_ROWS = 3
STOP = Plain("stop")
"""The way back while work at full speed is under way for a pane."""


class Pane(ReadingView[F]):
    """One topic's corner of the screen, and its keys."""

    DEFAULT_CSS = """
    Pane > Input { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    Pane.-filtering > Input { display: block; }
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

    typed = ""
    """What stands in the filter's field."""

    # -- what a topic may add ----------------------------------------------------------------------------------------

    @property
    def way_back(self) -> Plain:
        """What Esc takes back here, in a word or two; empty if it is nothing of this pane."""
        return Plain("clear filter") if self.navigable.needle or self.is_typing else Plain("")

    def step_back(self) -> bool:
        """Take back what else the person has asked for; was there anything?"""
        return False

    def narrow(self, text: str) -> None:
        """List only what contains this text."""
        self.navigable.narrow(text)

    def search_further(self, text: str) -> bool:
        """Look for what was typed beyond the listed rows, where there are more; otherwise it stays a filter."""
        return False

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
        if isinstance(self.navigable, Table):
            self.navigable.activate(self._active)
        self.redress()

    def action_move(self, step: int) -> None:
        """Move the cursor by lines."""
        self.navigable.move(step)
        self.redress()

    def action_page(self, step: int) -> None:
        """Move the cursor by screenfuls."""
        self.navigable.page(step)
        self.redress()

    def action_home(self) -> None:
        """Go to the start."""
        self.navigable.home()
        self.redress()

    def action_end(self) -> None:
        """Go to the end."""
        self.navigable.end()
        self.redress()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the view."""
        event.stop()
        self.navigable.scroll_rows(WHEEL_ROWS)
        self.redress()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel moves the view."""
        event.stop()
        self.navigable.scroll_rows(-WHEEL_ROWS)
        self.redress()

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """A click on the cursor's row opens it."""
        self.redress()
        if message.again:
            self.action_detail()

    def action_detail(self) -> None:
        """Show everything about what the cursor is on."""
        if self.frame is not None and (detail := self.follow()) is not None:
            self.post_message(DetailRequested(detail))
        self.redress()

    def action_pause(self) -> None:
        """Let the pane stand still, or go on."""
        self.paused = not self.paused
        self.catch_up()

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
        self.typed = event.value
        self.narrow(event.value)
        self.redress()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, or look further than the listed rows."""
        event.stop()
        self.remove_class("-filtering")
        self.focus()
        if self.search_further(event.value):
            self.clear_filter()

    def clear_filter(self) -> None:
        """List everything again."""
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.clear()
        self.typed = ""
        self.narrow("")
        self.remove_class("-filtering")
        self.focus()
        self.redress()

    def action_clear(self) -> None:
        """Clear the filter, or take back what else was asked for; otherwise Esc means something else."""
        if self.navigable.needle or self.is_typing:
            self.clear_filter()
        elif not self.step_back():
            raise SkipAction

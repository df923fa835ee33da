"""The main screen: header, tabs, the board of panes, footer; routes readings to panes."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import DescendantFocus, Resize
from textual.geometry import Size
from textual.layout import Layout
from textual.screen import Screen
from textual.widgets import Input

from redis_dash.core.feed import Progress
from redis_dash.core.reading import AnyReading
from redis_dash.tui.columns import is_hopeless, is_narrow
from redis_dash.tui.header_footer import footer_items, header_items, tab_items
from redis_dash.tui.intents import StopRequested
from redis_dash.tui.layout import PaneLayout
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.widgets.border import Bordered, BorderStyles
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.status_bar import StatusBar


class Dashboard(Screen[None]):
    """Everything at a glance."""

    BINDINGS: ClassVar = [
        *(Binding(str(n), f"go({n})", f"Pane {n}", show=False, id=f"pane.{n}") for n in range(1, len(PANES) + 1)),
        Binding("tab", "cycle(1)", "Next pane", show=False, id="pane.next"),
        Binding("shift+tab", "cycle(-1)", "Previous pane", show=False, id="pane.previous"),
        Binding("z", "zoom", "Zoom", show=False, id="pane.zoom"),
        Binding("escape", "leave", "All panes", show=False, id="pane.leave"),
        # Before any pane sees the key: what is typed right behind it must already go into the filter. Otherwise
        # the "r" of a quickly typed "/priya" would ask to revoke, and its "y" would say yes.
        Binding("slash", "filter", "Filter", show=False, priority=True, id="pane.filter"),
    ]

    def __init__(self, title: Plain) -> None:
        super().__init__()
        self._title = title
        self.target = Plain("")
        self.can_undo = False
        self.progress: Progress | None = None
        self.panes: tuple[Pane[Any], ...] = tuple(pane(number) for number, pane in enumerate(PANES, 1))
        self.pane_layout = PaneLayout(self, self.panes)
        self._header = StatusBar(id="header", ground="bar")
        self._tabs = StatusBar(id="tabs", gap=(Plain("  "), "blank"))
        self._footer = StatusBar(id="footer", gap=(Plain("  "), "blank"), ground="bar")
        self._notice = Bordered(id="notice")
        self._server: AnyReading | None = None
        self._was_chosen = False

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._header
        yield self._tabs
        yield from self.panes
        yield self._footer
        yield self._notice

    def on_mount(self) -> None:
        """Start in the first pane."""
        self._notice.set_border_styles(
            BorderStyles(border="warn", message=Plain("terminal too small"), message_role="warn")
        )
        self.pane_layout.go(self.panes[0])
        self._fit(self.app.size)  # so that the very first painting is the dashboard
        self.refresh_values()

    @property
    def layout(self) -> Layout:
        """The board's arrangement."""
        return self.pane_layout.layout

    def apply_styles(self, theme_styles: ThemeStyles) -> None:
        """Dress everything that we draw."""
        for lines in self.query(Lines):
            if not isinstance(lines.parent, Pane):
                lines.apply_styles(theme_styles)

    @property
    def is_hasty(self) -> bool:
        """Is the stream being watched closely, so that it should be painted more often?

        That it has the keyboard from the start does not count: nobody asked for it.
        """
        chosen = self.pane_layout.is_alone or self._was_chosen
        return chosen and self.pane_layout.current.TOPIC == "events" and self.pane_layout.current.has_focus

    @property
    def is_waiting(self) -> bool:
        """Is some topic without any reading yet?"""
        return any(pane.is_waiting for pane in self.panes)

    # -- readings ----------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """Hand a reading to whoever shows its topic."""
        if reading.topic == "server":
            was, self._server = self._server, reading
            self._tell_once()
            if was is None or (was.status, was.away) != (reading.status, reading.away):
                self._show_bars()
        for pane in self.panes:
            if reading.topic == pane.TOPIC:
                pane.receive(reading)

    def _tell_once(self) -> None:
        """What is wrong with the whole server stands in the header; in full on its own pane where that is alone."""
        server = self._server if self._server is not None and self._server.status in ("stale", "error") else None
        for pane in self.panes:
            pane.told_above = None if pane.TOPIC == "server" and self.pane_layout.is_alone else server

    def refresh_values(self) -> None:
        """Once a refresh: everything that has changed."""
        self._tell_once()
        for pane in self.panes:
            pane.refresh_values()
        self._show_bars()

    def refresh_stream(self) -> None:
        """Several times a second: what cannot wait."""
        for pane in self.panes:
            pane.refresh_stream()
        self._show_footer()

    def show_progress(self, progress: Progress | None) -> None:
        """What is under way at full speed now."""
        if progress != self.progress:
            self.progress = progress
            for pane in self.panes:
                pane.show_progress(progress)
            self._show_footer()

    def _show_footer(self) -> None:
        self._footer.show(footer_items(self.pane_layout.current, self._can_leave, self.can_undo, self.progress))

    def _show_bars(self) -> None:
        self._header.show(header_items(self._title, self.target, self._server, time.time()))
        self._show_footer()
        if self._tabs.display:
            self._tabs.show(tab_items(self.panes, self.pane_layout.current))

    @property
    def _can_leave(self) -> bool:
        return self.pane_layout.is_alone and not is_narrow(*self.size)

    # -- room --------------------------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Share out the room anew."""
        self._fit(event.size)
        self._show_bars()

    def _fit(self, size: Size) -> None:
        hopeless = is_hopeless(*size)
        for ribbon in (self._header, self._footer):
            ribbon.display = not hopeless
        self._notice.display = hopeless
        self._tabs.display = not hopeless and is_narrow(*size)
        self.pane_layout.fit(size)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the keyboard is the current one."""
        pane = next((node for node in event.widget.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is not None and pane is not self.pane_layout.current:
            self._was_chosen = True
            self.pane_layout.current = pane
            self.pane_layout.show_what_fits()
        self._show_bars()

    def action_go(self, number: int) -> None:
        """Go to a pane."""
        self._was_chosen = True
        self.pane_layout.go(self.panes[number - 1])
        self._show_bars()

    def action_cycle(self, step: int) -> None:
        """Go to the next pane among those that are visible, or among all where they take turns."""
        panes = [pane for pane in self.panes if pane.display or self.pane_layout.is_alone]
        self.pane_layout.go(panes[(panes.index(self.pane_layout.current) + step) % len(panes)])
        self._show_bars()

    def action_zoom(self) -> None:
        """Give the current pane all the room, or share it again."""
        self.pane_layout.zoom(not self.pane_layout.is_alone)
        self._show_bars()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash that is typed into the filter is a slash."""
        return not (action == "filter" and isinstance(self.focused, Input))

    async def action_filter(self) -> None:
        """Ask for a filter of the current pane."""
        await self.pane_layout.current.open_filter()

    def action_leave(self) -> None:
        """Stop what is under way, or share the room again."""
        if self.progress is not None:
            self.post_message(StopRequested())
            return
        if not self.pane_layout.zoom(False):
            raise SkipAction
        self._show_bars()

    def on_status_bar_clicked(self, message: StatusBar.Clicked) -> None:
        """A tab, or a key in the footer."""
        if message.name.startswith("pane-"):
            self.action_go(int(message.name.removeprefix("pane-")))
            return
        if message.name == "stop":
            self.post_message(StopRequested())
            return
        self.app.simulate_key(_FOOTER_KEYS[message.name])


_FOOTER_KEYS = {
    "zoom": "z",
    "filter": "slash",
    "pause": "space",
    "detail": "enter",
    "help": "question_mark",
    "palette": "ctrl+p",
    "quit": "q",
    "revoke": "r",
    "undo": "u",
    "leave": "escape",
    "scan": "f5",
}

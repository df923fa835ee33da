"""The main screen: header, tabs, panes, footer. It passes readings to the panes."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import DescendantFocus, Resize
from textual.geometry import Size
from textual.layout import Layout
from textual.strip import Strip

from redis_dash.core.databases import Database, others
from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.header_footer import footer_items, header_items, tab_items
from redis_dash.tui.intents import StopRequested
from redis_dash.tui.keys import FULL_SCAN_ID, LEAVE_ID, ZOOM_ID, HasUnusedBindings, KeyHelp, KeyTable
from redis_dash.tui.layout import PaneLayout
from redis_dash.tui.pane_columns import is_hopeless, is_narrow
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import BACK, Pane
from redis_dash.tui.segments import draw
from redis_dash.tui.size_notice import notice_lines
from redis_dash.tui.status import is_old
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.status_bar import Item, StatusBar

_GO = KeyHelp("go to a pane", footer="pane", priority=4, rank=2)
_CYCLE = KeyHelp("next, previous pane", rank=3)
_ZOOM = KeyHelp(
    "let the pane fill the screen; {pane.leave} leaves",
    footer="zoom",
    priority=5,
    rank=4,
    palette="Let the pane fill the screen, or share it again",
)
MOST_NUMBERED = 9
"""Panes that have a key of their own; further ones are reached by the other keys and the palette."""


class Notice(Lines):
    """Says that the terminal is too small."""

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The longest sentence that fits."""
        lines = notice_lines(Size(width, height))
        return [draw([(line, "warn")], width, theme_styles) for line in lines]


class Dashboard(PaneScreen, HasUnusedBindings):
    """The main screen."""

    BINDINGS: ClassVar = [
        *(
            Binding(str(n), f"go({n})", f"Pane {n}", show=False, id=f"pane.{n}", group=_GO)
            for n in range(1, MOST_NUMBERED + 1)
        ),
        Binding("tab", "cycle(1)", "Next pane", show=False, id="pane.next", group=_CYCLE),
        Binding("shift+tab", "cycle(-1)", "Previous pane", show=False, id="pane.previous", group=_CYCLE),
        Binding("z", "zoom", "Zoom", show=False, id=ZOOM_ID, group=_ZOOM),
        Binding("escape", "leave", "All panes", show=False, id=LEAVE_ID, group=BACK),
    ]

    def __init__(self, title: Plain, key_table: KeyTable) -> None:
        super().__init__()
        self._title = title
        self.target = self.unverified = Plain("")
        self.next_attempt_s: float | None = None
        self.can_undo = False
        self._under_way: list[Plain] = []
        """The commands that take some time."""
        self.progress: Progress | None = None
        self.panes: tuple[Pane[Any], ...] = tuple(pane(number) for number, pane in enumerate(PANES, 1))
        self.pane_layout = PaneLayout(self, self.panes)
        self._header = StatusBar(id="header", ground="bar", more="…")
        self._tabs = StatusBar(id="tabs", gap=(Plain("  "), "blank"))
        self._footer = StatusBar(id="footer", gap=(Plain("  "), "blank"), ground="bar")
        self._notice = Notice(id="notice")
        self._server: AnyReading | None = None
        self._was_chosen = False
        self._old: list[int] = []
        """The panes whose age is shown."""
        self.take_keys(key_table)

    @classmethod
    def unused_bindings(cls) -> frozenset[str]:
        """The numbers beyond the panes: ``PANES`` may grow after this class was made."""
        return frozenset(f"pane.{number}" for number in range(len(PANES) + 1, MOST_NUMBERED + 1))

    def take_keys(self, key_table: KeyTable) -> None:
        """Take the keys as they are bound now."""
        self.key_table = key_table
        for pane in self.panes:
            pane.key_table = key_table

    def compose(self) -> ComposeResult:
        """The widgets from top to bottom."""
        yield self._header
        yield self._tabs
        yield from self.panes
        yield self._footer
        yield self._notice

    def on_mount(self) -> None:
        """Focus the first pane."""
        self.pane_layout.go(self.panes[0])
        self._fit(self.app.size)  # so that the first paint already shows the dashboard
        self.refresh_values()

    @property
    def current_pane(self) -> Pane[Any]:
        """The pane with the focus, or that had it last."""
        return self.pane_layout.current

    @property
    def layout(self) -> Layout:
        """The layout of the panes."""
        return self.pane_layout.layout

    @property
    def is_watched_closely(self) -> bool:
        """Whether the user watches the stream closely, so that it is painted more often.

        The focus that it has at the start does not count: the user did not choose it.
        """
        chosen = self.pane_layout.is_alone or self._was_chosen
        return chosen and self.pane_layout.current.TOPIC == "events" and self.pane_layout.current.has_focus

    @property
    def is_waiting(self) -> bool:
        """Whether some topic has no reading yet."""
        return any(pane.is_waiting for pane in self.panes)

    @property
    def header(self) -> list[Item]:
        """The target, and the state of the server."""
        key = self.key_table.name(FULL_SCAN_ID) if self.key_table.keys(FULL_SCAN_ID) else ""
        about = self.unverified, self.next_attempt_s
        return header_items(self._title, self.target, self._server, time.time(), key, *about)

    @property
    def server(self) -> AnyReading | None:
        """The server's latest reading."""
        return self._server

    @property
    def elsewhere(self) -> tuple[Database, ...]:
        """Other databases that hold keys, as just read."""
        server = self._server
        frame = server.frame if server is not None and server.status in ("ok", "reduced") else None
        return others(frame.databases, frame.database) if isinstance(frame, ServerFrame) else ()

    @property
    def server_error(self) -> AnyReading | None:
        """The server's latest reading, if it is an error, which the header shows."""
        server = self._server
        return server if server is not None and server.status in ("stale", "error") else None

    # -- readings ----------------------------------------------------------------------------------------------------

    def receive(self, reading: AnyReading) -> None:
        """Pass a reading to the pane of its topic."""
        if reading.topic == "server":
            was, self._server = self._server, reading
            self._show_error_once()
            if was is None or (was.status, was.away) != (reading.status, reading.away):
                self._show_status_bars()
        for pane in self.panes:
            if reading.topic == pane.TOPIC:
                pane.receive(reading)

    def begin_afresh(self) -> None:
        """Drop what was read of a database. Messages stay: pub/sub is for all databases."""
        self._server, self.progress = None, None
        for pane in self.panes:
            pane.show_progress(None)
            if pane.TOPIC != "events":
                pane.begin_afresh()
        self.refresh_values()

    def _show_error_once(self) -> None:
        """Show an error of the server in the header only, and in full in the server pane if it fills the screen."""
        server = self.server_error
        for pane in self.panes:
            pane.header_error = None if pane.TOPIC == "server" and self.pane_layout.is_alone else server

    def refresh_values(self) -> None:
        """Show everything that has changed; called once per refresh."""
        self._show_error_once()
        for pane in self.panes:
            pane.refresh_values()
        self._show_status_bars()

    def refresh_stream(self) -> None:
        """Show new messages, and at once that a reading has become old; called several times a second."""
        for pane in self.panes:
            pane.refresh_stream()
        now = time.time()
        old = [pane.number for pane in self.panes if is_old(pane.reading, now)]
        if old != self._old:
            self._old = old
            self.refresh_values()
        self._show_footer()

    def show_progress(self, progress: Progress | None) -> None:
        """Show the progress of the work at full speed."""
        if progress != self.progress:
            self.progress = progress
            for pane in self.panes:
                pane.show_progress(progress)
            self._show_footer()

    def begin(self, command: Plain) -> None:
        """Show that a command is being carried out."""
        self._under_way.append(command)
        self._show_footer()

    def end(self, command: Plain) -> None:
        """A command that was shown has been carried out, or has failed."""
        self._under_way.remove(command)
        self._show_footer()

    def _show_footer(self) -> None:
        pane, table = self.pane_layout.current, self.key_table
        groups = table.groups(type(self), type(pane), type(self.app))
        under_way = [Item(((name, "warn"),)) for name in self._under_way]
        keys = footer_items(pane, self._can_leave, self.can_undo, self.progress, table, groups)
        self._footer.show([*under_way, *keys])

    def _show_status_bars(self) -> None:
        self._header.show(self.header)
        self._show_footer()
        if self._tabs.display:
            self._tabs.show(tab_items(self.panes, self.pane_layout.current))

    @property
    def _can_leave(self) -> bool:
        return self.pane_layout.is_alone and not is_narrow(*self.size)

    # -- room --------------------------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Lay out the panes again."""
        self._fit(event.size)
        self._show_status_bars()

    def _fit(self, size: Size) -> None:
        hopeless = is_hopeless(*size)
        for bar in (self._header, self._footer):
            bar.display = not hopeless
        self._notice.display = hopeless
        self._tabs.display = not hopeless and is_narrow(*size)
        self.pane_layout.fit(size)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus is the current one."""
        pane = next((node for node in event.widget.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is not None and pane is not self.pane_layout.current:
            self._was_chosen = True
            self.pane_layout.current = pane
            self.pane_layout.show_what_fits()
        self._show_status_bars()

    def action_go(self, number: int) -> None:
        """Go to a pane."""
        self._was_chosen = True
        self.pane_layout.go(self.panes[number - 1])
        self._show_status_bars()

    def action_cycle(self, step: int) -> None:
        """Go to the next visible pane; to the next of all where only one is visible."""
        panes = [pane for pane in self.panes if pane.display or self.pane_layout.is_alone]
        self.pane_layout.go(panes[(panes.index(self.pane_layout.current) + step) % len(panes)])
        self._show_status_bars()

    def action_zoom(self) -> None:
        """Let the current pane fill the screen, or show all panes again."""
        self.pane_layout.zoom(not self.pane_layout.is_alone)
        self._show_status_bars()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A number without a pane does nothing."""
        if action == "go":
            return isinstance(parameters[0], int) and parameters[0] <= len(self.panes)
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        """Stop the work at full speed, or show all panes again."""
        if self.progress is not None:
            self.post_message(StopRequested())
            return
        if not self.pane_layout.zoom(False):
            raise SkipAction
        self._show_status_bars()

    def on_status_bar_clicked(self, message: StatusBar.Clicked) -> None:
        """A tab was clicked; the base class handles the items of the footer."""
        if message.name.startswith("pane-"):
            self.action_go(int(message.name.removeprefix("pane-")))

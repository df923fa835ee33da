"""The screen "What is in here?": all kinds of keys, updated while the scan goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode

from redis_dash.core.feed import Progress
from redis_dash.core.reading import AnyReading
from redis_dash.tui.dashboard import Dashboard
from redis_dash.tui.header_footer import footer_items
from redis_dash.tui.keys import IN_KEYS, KEYS_ID, KeyHelp, KeyTable
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.panes.filter_input import FilterInput
from redis_dash.tui.panes.key_kinds import KeyKindsPane
from redis_dash.tui.size_notice import SizedScreen
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.status_bar import StatusBar

REFRESH_S = 0.5
"""The interval of updates."""
_CLOSE = KeyHelp("back to the dashboard", section=IN_KEYS, footer="back", rank=9)


class KeyKindsScreen(PaneScreen, SizedScreen[None]):
    """The header of the dashboard, the kinds of keys, and the keys that apply."""

    DEFAULT_CSS = """
    KeyKindsScreen { background: $background; color: $foreground; }
    KeyKindsScreen > KeyKindsPane { height: 1fr; }
    """

    BINDINGS: ClassVar = [Binding("escape,d", "close", "Close", show=False, id="keys.close", group=_CLOSE)]

    def __init__(
        self,
        dashboard: Dashboard,
        read: Callable[[], AnyReading | None],
        progress: Callable[[], Progress | None],
    ) -> None:
        """Read nothing yet.

        Args:
            read: Returns the latest reading of the keys; None while there is none.
            progress: Returns the progress of the work at full speed.
        """
        super().__init__()
        self._dashboard = dashboard
        self._read = read
        self._progress = progress
        self._header = StatusBar(ground="bar", more="…")
        self._pane = KeyKindsPane()
        self._footer = StatusBar(gap=(Plain("  "), "blank"), ground="bar")
        self.take_keys(dashboard.key_table)

    @property
    def current_pane(self) -> Pane[Any]:
        """The kinds of keys."""
        return self._pane

    def take_keys(self, key_table: KeyTable) -> None:
        """Take the keys as they are bound now."""
        self.key_table = self._pane.key_table = key_table

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield self._pane
        yield self._footer

    def on_mount(self) -> None:
        """Begin the updates."""
        self.set_focus(self._pane)
        self._refresh()
        self.set_interval(REFRESH_S, self._refresh)

    def begin_afresh(self) -> None:
        """Drop the kinds of keys."""
        self._pane.begin_afresh()
        self._refresh()

    def _refresh(self) -> None:
        """Show the latest reading."""
        reading, dashboard, pane = self._read(), self._dashboard, self._pane
        pane.header_error = dashboard.server_error
        server = dashboard.server
        is_current = server is not None and server.status in ("ok", "reduced")
        pane.server = server.frame if server is not None and is_current else None
        if reading is not None:
            pane.receive(reading)
        pane.refresh_values()
        self._header.show(dashboard.header)
        table = self.key_table
        groups = table.groups(type(self), type(pane), type(self.app))
        groups = tuple(group for group in groups if KEYS_ID not in table.ids(group))  # its key closes the screen
        self._footer.show(footer_items(pane, False, dashboard.can_undo, self._progress(), table, groups))

    def action_close(self) -> None:
        """Back to the dashboard, unless an earlier key has closed it."""
        if self.app.screen is self:
            self.dismiss()


def dashboard_owners(app: type[DOMNode]) -> tuple[type[DOMNode], ...]:
    """The classes whose bindings work on the screens with panes."""
    return (Dashboard, app, *PANES, FilterInput, KeyKindsScreen, KeyKindsPane)

"""The base class of screens with panes, above which other screens may open."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from redis_dash.tui.header_footer import STOP_NAME
from redis_dash.tui.intents import StopRequested
from redis_dash.tui.keys import IN_A_PANE, KeyHelp, KeyTable
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.widgets.lines import Lines
from redis_dash.tui.widgets.status_bar import StatusBar

_FILTER = KeyHelp(
    "filter the listed rows, sessions by anything that their details show",
    section=IN_A_PANE,
    footer="filter",
    priority=3,
    rank=6,
)


class PaneScreen(Screen[None]):
    """A screen that shows readings."""

    BINDINGS: ClassVar = [Binding("slash", "filter", "Filter", show=False, id="pane.filter", group=_FILTER)]

    key_table: KeyTable
    """The keys as they are bound."""

    @property
    @abstractmethod
    def current_pane(self) -> Pane[Any]:
        """The pane that the keys are about."""

    @abstractmethod
    def take_keys(self, key_table: KeyTable) -> None:
        """Take the keys as they are bound now."""

    @abstractmethod
    def begin_afresh(self) -> None:
        """Drop all that was read of a database: another one is watched now."""

    def apply_styles(self, theme_styles: ThemeStyles) -> None:
        """Apply styles to all widgets; panes apply them to what is in them."""
        for lines in self.query(Lines):
            if not isinstance(lines.parent, Pane):
                lines.apply_styles(theme_styles)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash typed into the filter is text."""
        return not (action == "filter" and isinstance(self.focused, Input))

    async def action_filter(self) -> None:
        """Open the filter of the current pane."""
        await self.current_pane.open_filter()

    def on_status_bar_clicked(self, message: StatusBar.Clicked) -> None:
        """An item of the footer was clicked: stop the work at full speed, or press the item's key."""
        if message.name == STOP_NAME:
            self.post_message(StopRequested())
            return
        for key in self.key_table.keys(message.name)[:1]:
            # In the app's own loop: a key event sent by this screen would not bubble past it, to the app's bindings.
            self.app.call_later(self.app.simulate_key, key)

"""The pane layout: which panes are visible, which one is current, and the region of each widget."""

from __future__ import annotations

from typing import Any

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.screen import Screen
from textual.widget import Widget

from redis_dash.tui.pane_columns import Columns, columns_for, is_hopeless, place, topics_of
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.widgets.lines import Lines


class PaneLayout:
    """All panes, and which of them are visible.

    It is a layout rather than a container: Textual would paint a widget around the panes with each of their lines.
    """

    def __init__(self, screen: Screen[None], panes: tuple[Pane[Any], ...]) -> None:
        self.panes = panes
        self.current = panes[0]
        self.layout = ScreenLayout()
        self._screen = screen
        self._zoomed = False
        self._terminal = Size(0, 0)
        self._topics = [pane.TOPIC for pane in panes]

    @property
    def is_alone(self) -> bool:
        """Whether one pane fills the screen."""
        return not self._columns()

    def _columns(self) -> Columns:
        columns = columns_for(*self._terminal, self._topics)
        return () if self._zoomed or self.current.TOPIC not in topics_of(columns) else columns

    def fit(self, terminal: Size) -> None:
        """Fit the panes to this size of the terminal."""
        self._terminal = terminal
        self.show_what_fits()

    def go(self, pane: Pane[Any]) -> None:
        """Make a pane visible, and focus it at once, so that the next key acts in it."""
        self.current = pane
        self.show_what_fits()
        self._screen.set_focus(pane)

    def zoom(self, zoomed: bool) -> bool:
        """Let the current pane fill the screen, or show all panes again; return whether that changed anything."""
        was_alone = self.is_alone
        self._zoomed = zoomed
        if not zoomed and self.is_alone:
            # The current pane has no place of its own here: go to the first one that has.
            topics = topics_of(columns_for(*self._terminal, self._topics))
            self.go(next((pane for pane in self.panes if pane.TOPIC in topics), self.current))
        self.show_what_fits()
        return was_alone != self.is_alone

    def show_what_fits(self) -> None:
        """Show the panes that have room, hide the others."""
        columns = self._columns()
        topics = topics_of(columns) or {self.current.TOPIC}
        if is_hopeless(*self._terminal):
            topics = frozenset()
        changed = columns != self.layout.columns
        self.layout.columns = columns
        for pane in self.panes:
            if pane.display != (pane.TOPIC in topics):
                pane.display = pane.TOPIC in topics
                changed = True
                if pane.display:
                    pane.catch_up()
        if changed:
            self._screen.refresh(layout=True)


class ScreenLayout(Layout):
    """Lines at the top and the bottom, panes between them."""

    name = "panes"

    def __init__(self) -> None:
        self.columns: Columns = ()

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Lines stand at the top, the last one at the bottom. Panes, or a single one, fill the rest."""
        if not all(isinstance(child, Lines) for child in children):
            return VerticalLayout().arrange(parent, children, size, greedy)
        lines = [child for child in children if not isinstance(child, Pane)]
        panes = [child for child in children if isinstance(child, Pane)]
        above = len(lines) - 1
        room = Region(0, above, size.width, max(0, size.height - len(lines)))
        if not panes:
            return [_put(line, size.region) for line in lines]
        rows = [Region(0, y, size.width, 1) for y in range(above)] + [Region(0, room.bottom, size.width, 1)]
        places = place(self.columns, room.width, room.height)
        return [
            *(_put(line, row) for line, row in zip(lines, rows, strict=True)),
            *(_put(pane, places[pane.TOPIC].translate(room.offset) if self.columns else room) for pane in panes),
        ]


def _put(widget: Widget, region: Region) -> WidgetPlacement:
    return WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, widget)

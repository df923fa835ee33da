"""The board: which panes are visible, which one is current, and where everything on the main screen stands."""

from __future__ import annotations

from typing import Any

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.widget import Widget

from redis_dash.tui.columns import Columns, columns_for, is_hopeless, place, topics_of
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.widgets.lines import Lines


class PaneLayout:
    """All panes; some of them visible.

    It is a layout rather than a container: a widget around the panes would be painted with each of their lines.
    """

    def __init__(self, screen: Widget, panes: tuple[Pane[Any], ...]) -> None:
        self.panes = panes
        self.current = panes[0]
        self.layout = PaneArrangement()
        self._screen = screen
        self._zoomed = False
        self._terminal = Size(0, 0)
        self._topics = [pane.TOPIC for pane in panes]

    @property
    def is_alone(self) -> bool:
        """Does one pane have all the room?"""
        return not self._columns()

    def _columns(self) -> Columns:
        columns = columns_for(*self._terminal, self._topics)
        return () if self._zoomed or self.current.TOPIC not in topics_of(columns) else columns

    def fit(self, terminal: Size) -> None:
        """The terminal has this size now."""
        self._terminal = terminal
        self.show_what_fits()

    def go(self, pane: Pane[Any]) -> None:
        """Give a pane the keyboard, and room if it has none."""
        self.current = pane
        self.show_what_fits()
        pane.focus()

    def zoom(self, zoomed: bool) -> bool:
        """Give the current pane all the room, or share it again; did that change anything?"""
        was_alone = self.is_alone
        self._zoomed = zoomed
        if not zoomed and self.is_alone:
            # It has no place of its own here: leaving it means going to one that has.
            topics = topics_of(columns_for(*self._terminal, self._topics))
            self.go(next((pane for pane in self.panes if pane.TOPIC in topics), self.current))
        self.show_what_fits()
        return was_alone != self.is_alone

    def show_what_fits(self) -> None:
        """Show what has room, hide the rest."""
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


class PaneArrangement(Layout):
    """Lines at the top and the bottom, panes between them."""

    name = "board"

    def __init__(self) -> None:
        self.columns: Columns = ()

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """What is not a pane takes one line: from the top, but for the last one; a pane alone fills what is left."""
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

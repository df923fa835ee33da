"""One line of items that are hidden by priority when it gets narrow: header, footer, tabs, rates."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from redis_dash.tui.segments import Segment, draw, measure
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import Ground, ThemeStyles
from redis_dash.tui.widgets.lines import Lines

_GAP: Segment = (Plain("   "), "blank")
KEPT, AWAY_KEPT = 30, 3
"""How many times the line is shown before an item gives back the room that it does not use any more; and before one
that is away does, since others may have no room meanwhile."""


class Item(msgspec.Struct, frozen=True):
    """A piece of the line. The highest ``priority`` number goes first when room is short; 0 never goes."""

    segments: tuple[Segment, ...]
    priority: int = 0
    name: str = ""
    """The name that a click on it reports."""
    right: bool = False
    """Stands at the right edge."""
    place: str = ""
    """Names the room of a figure: it stays reserved while the figure is shorter or away for a moment, so that other
    items do not come and go with it."""
    brief: tuple[Segment, ...] = ()
    """Shown instead where an item of priority 0 or 1 would have no room otherwise; nothing if there is no such form."""


class _Room(msgspec.Struct):
    """The room that a figure had lately."""

    item: Item
    width: int
    unused: int = 0
    """How often the line was shown since it was used in full."""


class _Rooms:
    """The room of each figure."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def take(self, items: Sequence[Item]) -> bool:
        """Note the items of the line as it is shown; returns whether the room of any has changed.

        A line without figures frees all room.
        """
        before = self._widths
        now = {item.place: item for item in items if item.place}
        self._rooms = {
            place: room for place, room in self._rooms.items() if now and (place in now or room.unused < AWAY_KEPT)
        }
        for room in self._rooms.values():
            room.unused += 1
        for place, item in now.items():
            width, known = measure(item.segments), self._rooms.get(place)
            if known is None or width >= known.width or known.unused > KEPT:
                self._rooms[place] = _Room(item, width)
        return self._widths != before

    @property
    def _widths(self) -> dict[str, int]:
        return {place: room.width for place, room in self._rooms.items()}

    def width(self, item: Item) -> int:
        """The width to reserve for an item."""
        room = self._rooms.get(item.place)
        return measure(item.segments) if room is None else max(room.width, measure(item.segments))

    def with_absent(self, items: Sequence[Item]) -> list[Item]:
        """The items, and those that were there a moment ago, before all others at the right edge."""
        there = {item.place for item in items}
        absent = [room.item for place, room in self._rooms.items() if place not in there]
        return [*(item for item in items if not item.right), *absent, *(item for item in items if item.right)]


class StatusBar(Lines):
    """One line of items."""

    DEFAULT_CSS = "StatusBar { height: 1; }"

    class Clicked(Message):
        """An item with a name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self,
        *,
        gap: Segment = _GAP,
        ground: Ground = "base",
        more: str = "+{:,}",
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Create an empty line.

        Args:
            more: Says that items have no room; ``{}`` is how many.
        """
        super().__init__(id=id)
        self._more = more
        self._rooms = _Rooms()
        self._gap = gap
        self._ground: Ground = ground
        self._items: tuple[Item, ...] = ()
        self._unlisted = 0
        self._places: list[tuple[int, int, str]] = []

    def show(self, items: Sequence[Item], unlisted: int = 0) -> None:
        """Replace the items; equal ones repaint nothing. ``unlisted`` counts items that are not given here."""
        has_moved = self._rooms.take(items)
        if has_moved or (tuple(items), unlisted) != (self._items, self._unlisted):
            self._items, self._unlisted = tuple(items), unlisted
            self.repaint()

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The one strip."""
        items, hidden = self._fitting(width - 2)
        left, right = [i for i in items if not i.right], [i for i in items if i.right]
        self._places = []
        segments: list[Segment] = [(Plain(" "), "blank")]
        self._lay(segments, left)
        if hidden:
            segments += [self._gap, (Plain(self._more.format(hidden)), "dim")]
        tail: list[Segment] = []
        for item in right:
            tail += [*([self._gap] if tail else []), *item.segments]
        fill = width - 1 - measure(segments) - measure(tail)
        segments += [(Plain(" " * max(fill, 1 if tail else 0)), "blank"), *tail]
        return [draw(segments, width, theme_styles, self._ground)]

    def _lay(self, segments: list[Segment], items: Sequence[Item]) -> None:
        for index, item in enumerate(items):
            if index:
                segments.append(self._gap)
            start = measure(segments)
            segments += item.segments
            self._places.append((start, measure(segments), item.name))

    def _fitting(self, width: int) -> tuple[list[Item], int]:
        """The items that fit, and how many do not."""
        shown, hidden = self._fitting_of(self._items, width)
        missing = [item for item in self._items if item.priority <= 1 and item not in shown]
        if missing and any(item.brief for item in self._items):
            briefs = [msgspec.structs.replace(item, segments=item.brief or item.segments) for item in self._items]
            return self._fitting_of(briefs, width)
        return shown, hidden

    def _fitting_of(self, all_items: Sequence[Item], width: int) -> tuple[list[Item], int]:
        candidates = self._rooms.with_absent(all_items)
        items, hidden = list(candidates), self._unlisted
        while self._needed(items, hidden) > width:
            least = max(reversed(items), key=lambda item: item.priority, default=None)
            if least is None or least.priority == 0:
                break
            items.remove(least)
            hidden += 1
        kept = set(map(id, self._refilled(candidates, items, hidden, width)))
        shown = [item for item in all_items if id(item) in kept]
        return shown, self._unlisted + len(all_items) - len(shown)

    def _refilled(self, candidates: Sequence[Item], items: list[Item], hidden: int, width: int) -> list[Item]:
        """The items, and of the hidden ones the short ones that fit into the room that a long one has left."""
        shown = set(map(id, items))
        for item in sorted((item for item in candidates if id(item) not in shown), key=lambda item: item.priority):
            more = [other for other in candidates if id(other) in shown | {id(item)}]
            if self._needed(more, hidden - 1) <= width:
                items, hidden, shown = more, hidden - 1, shown | {id(item)}
        return items

    def _needed(self, items: Sequence[Item], hidden: int) -> int:
        return self._width(items) + (hidden > 0) * (measure((self._gap,)) + self._more_width(hidden))

    def _more_width(self, hidden: int) -> int:
        return len(self._more.format(hidden))

    def _width(self, items: Sequence[Item]) -> int:
        return sum(map(self._rooms.width, items)) + measure((self._gap,)) * max(0, len(items) - 1)

    def on_click(self, event: Click) -> None:
        """Report the clicked item."""
        for start, stop, name in self._places:
            if name and start <= event.x < stop:
                self.post_message(self.Clicked(name))

"""Which database is watched: a list of those that hold keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from redis_dash.core.databases import Database
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.cluster_text import seen_part
from redis_dash.tui.formatting import count, duration
from redis_dash.tui.keys import ABOVE, KeyHelp
from redis_dash.tui.screens.modal import REFRESH_S, Modal
from redis_dash.tui.status import FRESH_S, excuse
from redis_dash.tui.text import Plain

USUAL = 16
"""Databases of a server, unless it is configured otherwise: offered where it does not tell which hold keys."""
_WATCH = KeyHelp("watch the selected database", section=ABOVE, rank=5)
_CLOSE = KeyHelp("close the list of databases", section=ABOVE, rank=6)


class DatabasesScreen(Modal[int]):
    """The databases that hold keys, and the watched one; returns the number of the one to watch."""

    DEFAULT_CSS = """
    DatabasesScreen > Vertical {
        width: 52; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 1 2;
    }
    DatabasesScreen .title { text-style: bold; margin-bottom: 1; }
    DatabasesScreen OptionList {
        height: auto; max-height: 16; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
    }
    DatabasesScreen .notice { margin-top: 1; color: $text-warning; display: none; }
    DatabasesScreen .hint { margin-top: 1; color: $text-muted; }
    """

    BINDINGS: ClassVar = [
        Binding("enter", "watch", "Watch", show=False, id="databases.watch", group=_WATCH),
        Binding("escape,n,q", "dismiss", "Close", show=False, id="databases.close", group=_CLOSE),
    ]

    def __init__(self, watched: int, read: Callable[[], AnyReading | None]) -> None:
        """Show nothing yet.

        Args:
            watched: the number of the watched database.
            read: returns the server's latest reading.
        """
        super().__init__()
        self._watched = watched
        self._read = read
        self._shown: tuple[Database | int, ...] = ()
        self._list = OptionList(compact=True)
        self._notice = Static(classes="notice")

    def compose(self) -> ComposeResult:
        """Title, list, what is wrong, keys."""
        with Vertical():
            yield Static(Content("Databases of this server that hold keys"), classes="title")
            yield self._list
            yield self._notice
            hints = map(self.hint, ("{databases.watch} watches it", "{databases.close} closes"))
            yield Static(Content(" · ".join(filter(None, hints))), classes="hint")

    def on_mount(self) -> None:
        """Start the updates."""
        self._list.focus()
        self._refresh()
        self.set_interval(REFRESH_S, self._refresh)

    def _refresh(self) -> None:
        reading = self._read()
        offered = _offered(reading, self._watched)
        if offered != self._shown:
            before = self._number if self._shown else self._watched
            self._shown = offered
            self._list.clear_options()
            self._list.add_options([Option(_line(one, self._watched), id=str(_number_of(one))) for one in offered])
            numbers = list(map(_number_of, offered))
            self._list.highlighted = numbers.index(before) if before in numbers else numbers.index(self._watched)
        notice = _notice(reading)
        self._notice.update(Content(notice))
        self._notice.display = bool(notice)

    @property
    def _number(self) -> int:
        """The number of the selected database."""
        index = self._list.highlighted
        return self._watched if index is None else _number_of(self._shown[index])

    def action_watch(self) -> None:
        """Return the selected database."""
        self.dismiss(self._number)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(_number_of(self._shown[event.option_index]))


def _number_of(one: Database | int) -> int:
    return one if isinstance(one, int) else one.number


def _offered(reading: AnyReading | None, watched: int) -> tuple[Database | int, ...]:
    """The databases by number, with their keys as far as known."""
    frame = reading.frame if reading is not None else None
    if not isinstance(frame, ServerFrame) or (frame.databases is None and frame.kind != "cluster"):
        return tuple(sorted({*range(USUAL), watched}))
    known = {watched: Database(watched, 0)} | {one.number: one for one in frame.databases or ()}
    return tuple(known[number] for number in sorted(known))


def _line(one: Database | int, watched: int) -> Content:
    """``db1     30,112 keys   (this one)``."""
    number = _number_of(one)
    keys = count(None) if isinstance(one, int) else count(one.keys)
    this = "  (this one)" if number == watched else ""
    return Content(Plain(f"{f'db{number}':<6}{keys:>16} {'key ' if keys == '1' else 'keys'}{this}"))


def _notice(reading: AnyReading | None) -> Plain:
    """Why the figures are old, missing or lower bounds."""
    if reading is None:
        return Plain("Nothing has been read yet.")
    if reading.status not in ("ok", "reduced"):
        return excuse(reading)
    age = time.time() - reading.taken_at
    frame = reading.frame
    part = seen_part(frame.partial) if isinstance(frame, ServerFrame) and frame.partial else ""
    words = f"{part}: there may be more keys" if part else "", f"{duration(age)} old" if age > FRESH_S else ""
    return Plain(" · ".join(filter(None, words)))

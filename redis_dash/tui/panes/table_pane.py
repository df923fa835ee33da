"""A pane with a table, and the details of one row, which follow the readings."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from redis_dash.core.reading import F
from redis_dash.tui.formatting import clock
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.segments import Segment, join
from redis_dash.tui.status import status_text
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.table import Table

T = TypeVar("T")

_DOT: Segment = (Plain(" · "), "dim")


class TablePane(Pane[F], Generic[F, T]):
    """A pane with a table."""

    table: Table[T]

    # -- what a topic fills in ---------------------------------------------------------------------------------------

    @abstractmethod
    def listed(self, frame: F) -> Sequence[T]:
        """The rows of a frame."""

    @abstractmethod
    def describe(self, row: T) -> Detail:
        """Everything about one row."""

    def departure(self, is_complete: bool) -> Plain:
        """Why a row is no longer listed; ``is_complete`` if the list holds all rows."""
        return Plain("No longer there.") if is_complete else Plain("No longer among those that are listed.")

    def lists_nothing(self, frame: F) -> bool:
        """No row is listed."""
        return not self.listed(frame)

    # -- what follows from it ----------------------------------------------------------------------------------------

    @property
    def navigable(self) -> Table[T]:
        """The table."""
        return self.table

    def display_frame(self, frame: F) -> None:
        """Pass the rows to the table."""
        self.table.show(self.listed(frame))

    def begin_afresh(self) -> None:
        """Also drop the rows and the cursor's place."""
        self.table.show(())
        self.table.home()
        super().begin_afresh()

    def follow(self) -> Callable[[], Detail] | None:
        """The details of the cursor's row, also after it has moved or gone."""
        row = self.table.item
        if row is None:
            return None
        self.table.pin()
        return _Follower(self, row)


class _Follower(Generic[F, T]):
    """The details of one row, made from the latest reading at each call."""

    def __init__(self, pane: TablePane[F, T], row: T) -> None:
        self._pane = pane
        self._row = row
        self._missed_at: float | None = None

    def __call__(self) -> Detail:
        notice = self._find()
        return replace(self._pane.describe(self._row), notice=notice)

    def _find(self) -> Plain:
        """Find the row again; return a notice if it is old or gone."""
        pane, now = self._pane, time.time()
        reading, frame = pane.reading, pane.frame
        if reading is None or frame is None or reading.status not in ("ok", "reduced"):
            words = join(status_text(reading, now, tallies=pane.tallies).words, _DOT)
            return Plain("".join(text for text, _ in words))
        rows, key = pane.listed(frame), pane.table.key
        row = next((row for row in rows if key(row) == key(self._row)), None)
        if row is not None:
            self._row, self._missed_at = row, None
            return Plain("")
        self._missed_at = self._missed_at or now
        is_complete = reading.coverage in (None, 1.0) and pane.known(frame) <= len(rows)
        gone = pane.departure(is_complete)
        return Plain(f"{gone} Noticed at {clock(self._missed_at)[:8]}; what follows was read before.")

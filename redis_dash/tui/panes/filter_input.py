"""The input of a pane's filter."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.widgets import Input

from redis_dash.tui.keys import IN_A_PANE, KeyHelp

_KEEP = KeyHelp("while a filter is typed: keep it", section=IN_A_PANE, rank=7)


class FilterInput(Input):
    """One line at the lower edge of a pane."""

    BINDINGS: ClassVar = [Binding("enter", "submit", "Keep", show=False, id="filter.keep", group=_KEEP)]

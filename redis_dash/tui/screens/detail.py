"""Everything about one row, for as long as it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from redis_dash.tui.intents import Detail, Facts
from redis_dash.tui.screens.modal import Modal, lines_content

REFRESH_S = 0.5
"""How often the row is looked at again."""
WIDTH, EDGES = 100, 7
"""Columns of the box, and how many of them its border, its padding and a scrollbar take."""


class DetailScreen(Modal[None]):
    """A notice if there is one, facts, then text; scrollable.

    Args:
        detail: called again and again, so that what is told is never older than the row behind it.
    """

    DEFAULT_CSS = f"""
    DetailScreen > VerticalScroll {{ width: {WIDTH}; }}
    DetailScreen .title {{ text-style: bold; margin-bottom: 1; }}
    DetailScreen .notice {{ color: $warning; margin-bottom: 1; display: none; }}
    DetailScreen .text {{ margin-top: 1; display: none; }}
    DetailScreen .hint {{ margin-top: 1; color: $foreground 60%; }}
    """

    BINDINGS: ClassVar = [Binding("escape,enter,q", "dismiss", "Close", id="detail.close")]

    def __init__(self, detail: Callable[[], Detail]) -> None:
        super().__init__()
        self._look = detail
        self._detail = detail()
        self._title = Static(Content(self._detail.title), classes="title")
        self._notice = Static(classes="notice")
        self._facts = Static()
        self._text = Static(classes="text")

    def compose(self) -> ComposeResult:
        """Title, notice, facts, text."""
        with VerticalScroll():
            yield self._title
            yield self._notice
            yield self._facts
            yield self._text
            yield Static(Content("Esc closes"), classes="hint")

    def on_mount(self) -> None:
        """Follow the row."""
        self._show()
        self.set_interval(REFRESH_S, self._refresh)

    def on_resize(self, _event: Resize) -> None:
        """Long values take other lines."""
        self._show()

    def _refresh(self) -> None:
        detail = self._look()
        if detail != self._detail:
            self._detail = detail
            self._show()

    def _show(self) -> None:
        detail = self._detail
        self._notice.update(Content(detail.notice))
        self._notice.display = bool(detail.notice)
        self._facts.update(_in_columns(detail.facts, min(WIDTH, self.size.width) - EDGES))
        self._text.update(lines_content([Content(line) for line in detail.text]))
        self._text.display = bool(detail.text)


def _in_columns(facts: Facts, width: int) -> Content:
    """Names in a column of their own; a long value goes on below itself."""
    lead = max((len(name) for name, _ in facts), default=0) + 2
    lines: list[Content] = []
    for name, value in facts:
        first, *others = Content(value).wrap(max(10, width - lead)) or [Content("")]
        lines.append(Content.assemble((name.ljust(lead), "$foreground 60%"), first))
        lines += [Content.assemble(" " * lead, other) for other in others]
    return lines_content(lines)

"""Everything about one row, updated while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from redis_dash.tui.intents import Detail
from redis_dash.tui.screens.definition_list import EDGES, definition_lines
from redis_dash.tui.screens.modal import CLOSE, REFRESH_S, Modal, lines_content

WIDTH = 100


class DetailScreen(Modal[None]):
    """A notice if there is one, facts, then text; scrollable.

    Args:
        detail: Returns the present details; called at each update.
    """

    DEFAULT_CSS = f"""
    DetailScreen > VerticalScroll {{ width: {WIDTH}; }}
    DetailScreen .title {{ text-style: bold; margin-bottom: 1; }}
    DetailScreen .notice {{ color: $text-warning; margin-bottom: 1; display: none; }}
    DetailScreen .text {{ margin-top: 1; display: none; }}
    DetailScreen .hint {{ margin-top: 1; color: $text-muted; }}
    """

    BINDINGS: ClassVar = [Binding("escape,enter,q", "dismiss", "Close", id="detail.close", group=CLOSE)]

    def __init__(self, detail: Callable[[], Detail]) -> None:
        super().__init__()
        self._read_detail = detail
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
            yield Static(Content(self.hint("{detail.close} closes")), classes="hint")

    def on_mount(self) -> None:
        """Start the updates."""
        self._show()
        self.set_interval(REFRESH_S, self._refresh)

    def on_resize(self, _event: Resize) -> None:
        """Wrap the values again."""
        self._show()

    def _refresh(self) -> None:
        detail = self._read_detail()
        if detail != self._detail:
            self._detail = detail
            self._show()

    def _show(self) -> None:
        detail = self._detail
        self._notice.update(Content(detail.notice))
        self._notice.display = bool(detail.notice)
        lead = max((len(name) for name, _ in detail.facts), default=0) + 2
        width = min(WIDTH, self.size.width) - EDGES
        self._facts.update(lines_content(definition_lines(detail.facts, lead, width, "$text-muted")))
        self._text.update(lines_content([Content(line) for line in detail.text]))
        self._text.display = bool(detail.text)

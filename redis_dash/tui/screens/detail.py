"""Everything about one row."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from redis_dash.tui.intents import Detail
from redis_dash.tui.screens.modal import Modal, facts_content, lines_content


class DetailScreen(Modal[None]):
    """Facts, then text, scrollable."""

    DEFAULT_CSS = """
    DetailScreen > VerticalScroll { width: 100; }
    DetailScreen .title { text-style: bold; margin-bottom: 1; }
    DetailScreen .text { margin-top: 1; }
    DetailScreen .hint { margin-top: 1; color: $text-muted; }
    """

    BINDINGS: ClassVar = [Binding("escape,enter,q", "dismiss", "Close", id="detail.close")]

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self._detail = detail

    def compose(self) -> ComposeResult:
        """Title, facts, text."""
        with VerticalScroll():
            yield Static(Content(self._detail.title), classes="title")
            yield Static(facts_content(self._detail.facts))
            if self._detail.text:
                yield Static(lines_content([Content(line) for line in self._detail.text]), classes="text")
            yield Static(Content("Esc closes"), classes="hint")

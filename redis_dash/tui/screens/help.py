"""All keys, and what words and colours mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from redis_dash.tui.screens.definition_list import EDGES, definition_lines
from redis_dash.tui.screens.glossary import KEYS, WORDS
from redis_dash.tui.screens.modal import Modal, lines_content

WIDTH = 104
LEAD = 19
"""The column of keys and words."""


class HelpScreen(Modal[None]):
    """A page of keys and words."""

    BINDINGS: ClassVar = [Binding("escape,question_mark,q,enter", "dismiss", "Close", id="help.close")]

    DEFAULT_CSS = f"""
    HelpScreen {{ background: $background; }}
    HelpScreen > VerticalScroll {{ width: {WIDTH}; }}
    """

    def __init__(self) -> None:
        super().__init__()
        self._page = Static()

    def compose(self) -> ComposeResult:
        """The chapters."""
        with VerticalScroll():
            yield self._page

    def on_resize(self, event: Resize) -> None:
        """Fill the width that there is."""
        self._page.update(_page(min(WIDTH, event.size.width) - EDGES))


def _page(width: int) -> Content:
    lines: list[Content] = []
    for title, entries in (*KEYS, *WORDS):
        lines.append(Content.styled(title, "bold $text-primary"))
        lines += definition_lines(entries, LEAD, width, "bold", indent="  ")
        lines.append(Content(""))
    lines.append(Content.styled("Esc closes", "$text-muted"))
    return lines_content(lines)

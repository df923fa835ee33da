"""The help: all keys, and the meaning of words and colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, Keymap
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.events import Resize
from textual.widgets import Static

from redis_dash.tui.keys import KeyTable, Section
from redis_dash.tui.panes.reading_view import ReadingView
from redis_dash.tui.screens.confirm import ConfirmScreen
from redis_dash.tui.screens.databases import DatabasesScreen
from redis_dash.tui.screens.definition_list import EDGES, definition_lines
from redis_dash.tui.screens.detail import DetailScreen
from redis_dash.tui.screens.form import FormInput, FormScreen
from redis_dash.tui.screens.glossary import key_sections, missing_section, word_sections
from redis_dash.tui.screens.key_kinds import dashboard_owners
from redis_dash.tui.screens.modal import CLOSE, Modal, lines_content
from redis_dash.tui.screens.options import AnswerList, OptionsScreen

WIDTH = 104
LEAD = 19
"""The width of the column of keys and words."""


class HelpScreen(Modal[None]):
    """A page of keys and words."""

    BINDINGS: ClassVar = [Binding("escape,enter,q,question_mark", "dismiss", "Close", id="help.close", group=CLOSE)]

    DEFAULT_CSS = f"""
    HelpScreen {{ background: $background; }}
    HelpScreen > VerticalScroll {{ width: {WIDTH}; }}
    """

    def __init__(self) -> None:
        super().__init__()
        self._page = Static()
        self._filled: tuple[int, Keymap, Section] | None = None

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll():
            yield self._page

    def on_resize(self, event: Resize) -> None:
        """Wrap the lines to the width."""
        self._fill(event.size.width)

    def on_screen_resume(self) -> None:
        """Show the keys as they are now: the screen is made once, and the keymap may have changed."""
        if self._filled is not None:
            self._fill(self.size.width)

    def _panes(self) -> Iterable[ReadingView[Any]]:
        nodes = (node for screen in self.app.screen_stack for node in screen.walk_children())
        return (node for node in nodes if isinstance(node, ReadingView))

    def _fill(self, width: int) -> None:
        missing = missing_section([pane.reading for pane in self._panes()])
        if self._filled != (width, self.keymap, missing):
            self._filled = (width, self.keymap, missing)
            self._page.update(_page(min(WIDTH, width) - EDGES, help_owners(type(self.app)), self.keymap, missing))


def help_owners(app: type[DOMNode]) -> tuple[type[DOMNode], ...]:
    """The classes whose bindings the help lists."""
    choices = (DatabasesScreen, FormScreen, FormInput, OptionsScreen, AnswerList)
    return (*dashboard_owners(app), ConfirmScreen, DetailScreen, *choices, HelpScreen)


def _page(width: int, owners: tuple[type[DOMNode], ...], keymap: Keymap, missing: Section) -> Content:
    table = KeyTable(owners, keymap)
    lines: list[Content] = []
    for title, entries in (missing, *key_sections(owners, table), *word_sections(table)):
        if not entries:
            continue
        lines.append(Content.styled(title, "bold $text-primary"))
        lines += definition_lines(entries, LEAD, width, "bold", indent="  ")
        lines.append(Content(""))
    lines.append(Content.styled(table.hint("{help.close} closes"), "$text-muted"))
    return lines_content(lines)

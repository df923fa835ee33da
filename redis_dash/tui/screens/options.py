"""A list of which the user takes one."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from redis_dash.tui.intents import Answer, Options
from redis_dash.tui.keys import KeyTable
from redis_dash.tui.screens.modal import LEAVE, TAKE, Modal, lines_content


class AnswerList(OptionList):
    """The list."""

    BINDINGS: ClassVar = [Binding("enter", "select", "Take", show=False, id="options.take", group=TAKE)]


class OptionsScreen(Modal[Answer]):
    """Title, explanation and the list."""

    DEFAULT_CSS = """
    OptionsScreen .title { text-style: bold; margin-bottom: 1; }
    OptionsScreen OptionList { height: auto; border: none; margin-top: 1; background: $surface; }
    OptionsScreen .hint { margin-top: 1; color: $text-muted; }
    """

    BINDINGS: ClassVar = [Binding("escape", "leave", "Leave", show=False, id="options.leave", group=LEAVE)]

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        table = KeyTable((type(self), AnswerList), self.keymap)
        hints = (table.hint("{options.take} takes it"), table.hint("{options.leave} leaves"))
        with VerticalScroll(can_focus=False):
            yield Static(Content(self._options.title), classes="title")
            yield Static(lines_content([Content(line) for line in self._options.about]))
            yield AnswerList(*(Content(text) for text, _ in self._options.answers), compact=True)
            yield Static(Content(" · ".join(filter(None, hints))), classes="hint")

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self.query_one(AnswerList).focus()

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._options.answers[event.option_index][1])

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)

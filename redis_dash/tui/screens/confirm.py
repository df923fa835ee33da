"""Ask before something is written; the default answer is no."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from redis_dash.tui.intents import Question
from redis_dash.tui.screens.modal import Modal, facts_content, lines_content

TYPE_AHEAD_S = 0.4
"""An answer sooner than this was typed before the question could be read: it is not taken."""


class ConfirmScreen(Modal[bool]):
    """Who, since when, and what will happen."""

    DEFAULT_CSS = """
    ConfirmScreen > VerticalScroll { border: round $warning; }
    ConfirmScreen .title { text-style: bold; margin-bottom: 1; }
    ConfirmScreen .consequence { margin-top: 1; }
    ConfirmScreen Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    ConfirmScreen Button { margin-left: 2; }
    """

    BINDINGS: ClassVar = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no"),
        Binding("left,right", "app.focus_next", "Other button", show=False, id="confirm.other"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        """Title, facts, consequence, buttons."""
        question = self._question
        with VerticalScroll(can_focus=False):
            yield Static(Content(question.title), classes="title")
            yield Static(facts_content(question.facts))
            yield Static(lines_content([Content(line) for line in question.consequence]), classes="consequence")
            with Horizontal():
                yield Button(Content("Cancel (Esc)"), id="cancel", compact=True)
                yield Button(Content(f"{question.verb} (y)"), id="confirm", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Enter alone must not write."""
        self.query_one("#cancel").focus()
        self._asked_at = time.monotonic()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_answer(event.button.id == "confirm")

    def action_answer(self, yes: bool) -> None:
        """Answer and close."""
        if not yes or time.monotonic() - self._asked_at >= TYPE_AHEAD_S:
            self.dismiss(yes)

"""Ask before something is written; the default answer is no."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key, Mount
from textual.widgets import Button, Static

from redis_dash.tui.intents import Question
from redis_dash.tui.screens.modal import Modal, facts_content, lines_content

QUIET_S = 0.4
"""A yes is taken only after so long without any key: what somebody was typing anyway, pasted, or held down is no
answer to a question that they had not read."""


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
        Binding("n,escape", "refuse", "No", id="confirm.no"),
        Binding("left,right", "app.focus_next", "Other button", show=False, id="confirm.other"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._quiet_since = math.inf

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

    def on_mount(self, event: Mount) -> None:
        """Enter alone must not write."""
        self.query_one("#cancel").focus()
        self._quiet_since = event.time

    def on_key(self, event: Key) -> None:
        """Y says yes; any other letter shows that the person is typing something else."""
        quiet, self._quiet_since = event.time - self._quiet_since, event.time
        if event.key == "y":
            event.stop()
            if quiet >= QUIET_S:
                self.dismiss(True)
        elif event.is_printable and event.key != "space":
            event.stop()
            self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        yes = event.button.id == "confirm"
        if not yes or event.time - self._quiet_since >= QUIET_S:
            self.dismiss(yes)

    def action_refuse(self) -> None:
        """Say no."""
        self.dismiss(False)

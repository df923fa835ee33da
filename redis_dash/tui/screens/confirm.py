"""The question before a write; the default answer is no."""

from __future__ import annotations

import math
import time
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key, Resize
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Button, Static

from redis_dash.tui.intents import Facts, Question
from redis_dash.tui.keys import ABOVE, KeyHelp
from redis_dash.tui.screens.modal import REFRESH_S, Modal, facts_content, lines_content
from redis_dash.tui.size_notice import QUESTION_SIZE
from redis_dash.tui.text import Plain

QUIET_S = 0.4
"""A yes counts only after this time without any key: keys that were typed ahead, pasted or held down do not answer a
question that was not read."""

_YES = KeyHelp("yes, like its button", section=ABOVE, rank=1)
_NO = KeyHelp("no, like any other letter", section=ABOVE, rank=2)
_OTHER = KeyHelp("the other button of a question", section=ABOVE, rank=3)


class ConfirmScreen(Modal[bool]):
    """Server, facts and consequence of a write, with two buttons."""

    DEFAULT_CSS = """
    ConfirmScreen > VerticalScroll { border: round $warning; }
    ConfirmScreen .title { text-style: bold; margin-bottom: 1; }
    ConfirmScreen .consequence { margin-top: 1; }
    ConfirmScreen Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    ConfirmScreen Button { margin-left: 2; }
    ConfirmScreen.-low .consequence, ConfirmScreen.-low Horizontal { margin-top: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]
    LEAST = QUESTION_SIZE

    BINDINGS: ClassVar = [
        Binding("y", "accept", "Yes", show=False, id="confirm.yes", group=_YES),
        Binding("escape,n", "refuse", "No", show=False, id="confirm.no", group=_NO),
        Binding("left,right", "app.focus_next", "Other button", show=False, id="confirm.other", group=_OTHER),
    ]

    def __init__(self, question: Question, server: Plain) -> None:
        super().__init__()
        self._question = question
        self._server = server
        self._facts = _Facts(self._present_facts())
        self._consequence = Static(classes="consequence")
        self._quiet_since = math.inf
        """Since when the question has been shown, and no key pressed."""
        self._quiet_s = 0.0
        """How long no key had been pressed before the latest one."""

    def compose(self) -> ComposeResult:
        """Title, facts, consequence, buttons."""
        question = self._question
        with VerticalScroll(can_focus=False):
            yield Static(Content(question.title), classes="title")
            yield self._facts
            yield self._consequence
            with Horizontal():
                yield Button(Content(f"Cancel{self.hint(' ({confirm.no})')}"), id="cancel", compact=True)
                verb = f"{question.verb}{self.hint(' ({confirm.yes})')}"
                yield Button(Content(verb), id="confirm", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Focus the button that cancels: Enter alone must not write."""
        self.query_one("#cancel").focus()
        self._refresh()
        self.set_interval(REFRESH_S, self._refresh)
        self.call_after_refresh(self._begin_to_listen)

    @property
    def is_shown(self) -> bool:
        """Whether the question has been on the screen, so that it can be answered."""
        return self._quiet_since < math.inf

    def _begin_to_listen(self) -> None:
        """The question is on the screen now: what was typed before is no answer, however long it took."""
        if not self.is_too_small:
            self._quiet_since = time.monotonic()

    def on_resize(self, _event: Resize) -> None:
        """A question that is not on the screen as a whole cannot be answered by yes."""
        if self.is_too_small:
            self._quiet_since = math.inf
        elif not self.is_shown:
            self.call_after_refresh(self._begin_to_listen)

    def _refresh(self) -> None:
        self._facts.show(self._present_facts())
        self._consequence.update(lines_content([Content(line) for line in self._question.consequence()]))

    def _present_facts(self) -> Facts:
        return ((Plain("server"), self._server), *self._question.facts())

    def on_key(self, event: Key) -> None:
        """A letter without a meaning here shows that the user is typing something else, and cancels."""
        self._quiet_s = event.time - self._quiet_since
        if self.is_shown:
            self._quiet_since = max(self._quiet_since, event.time)
        if event.key in self.key_table.keys("confirm.yes"):
            return  # its binding follows
        if event.key in self._question.keys:
            event.stop()
        elif event.is_printable and event.key != "space":
            event.stop()
            self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        yes = event.button.id == "confirm"
        if not yes or event.time - self._quiet_since >= QUIET_S:
            self.dismiss(yes)

    def action_accept(self) -> None:
        """Confirm, unless keys came just before."""
        if self._quiet_s >= QUIET_S:
            self.dismiss(True)

    def action_refuse(self) -> None:
        """Cancel."""
        self.dismiss(False)


class _Facts(Widget):
    """One line per fact, so that the whole question is visible at once."""

    DEFAULT_CSS = """
    _Facts { width: 100%; height: auto; }
    """

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts
        self._room = 2 + max(len(name) for name, _ in facts)

    def show(self, facts: Facts) -> None:
        """Show these facts."""
        if facts != self._facts:
            has_other_height, self._facts = len(facts) != len(self._facts), facts
            self.refresh(layout=has_other_height)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line per fact."""
        return len(self._facts)

    def render(self) -> Content:
        """A long value loses its middle: names and addresses differ at their beginning or end."""
        room = self.size.width - self._room
        return facts_content(tuple((name, without_middle(value, room)) for name, value in self._facts))


def without_middle(text: Plain, width: int) -> Plain:
    """The text in at most ``width`` cells, with an ellipsis where text is left out."""
    if cell_len(text) <= width:
        return text
    if width < 3:
        return Plain("…"[:width])
    tail = (width - 1) // 2
    return Plain(f"{set_cell_size(text, width - 1 - tail)}…{set_cell_size(text[::-1], tail)[::-1]}")

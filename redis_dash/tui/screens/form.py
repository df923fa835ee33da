"""A few values that the user types: a limit, a name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from redis_dash.tui.intents import Answer, Form
from redis_dash.tui.keys import ABOVE, KeyHelp, KeyTable
from redis_dash.tui.screens.modal import LEAVE, TAKE, Modal, lines_content

_FIELD = KeyHelp("while values are typed: next, previous value", section=ABOVE, rank=7)


class FormInput(Input):
    """One value."""

    BINDINGS: ClassVar = [Binding("enter", "submit", "Save", show=False, id="form.save", group=TAKE)]


class FormScreen(Modal[Answer]):
    """Title, explanation and fields; what is wrong with the values is told below them."""

    DEFAULT_CSS = """
    FormScreen .title { text-style: bold; margin-bottom: 1; }
    FormScreen Horizontal { height: 1; margin-top: 1; }
    FormScreen .label { width: 10; color: $text-muted; }
    FormScreen Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel; }
    FormScreen .wrong { margin-top: 1; color: $text-warning; display: none; }
    FormScreen .hint { margin-top: 1; color: $text-muted; }
    """

    BINDINGS: ClassVar = [
        Binding("escape", "leave", "Leave", show=False, id="form.leave", group=LEAVE),
        Binding("down", "app.focus_next", "Next field", show=False, id="form.next", group=_FIELD),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="form.previous", group=_FIELD),
    ]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form
        self._inputs = [FormInput(str(field.value), placeholder=str(field.hint), compact=True) for field in form.fields]
        self._wrong = Static(classes="wrong")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        with VerticalScroll(can_focus=False):
            yield Static(Content(self._form.title), classes="title")
            yield Static(lines_content([Content(line) for line in self._form.about]))
            for field, box in zip(self._form.fields, self._inputs, strict=True):
                with Horizontal():
                    yield Static(Content(field.label), classes="label")
                    yield box
            yield self._wrong
            save = self._saving_key
            hints = (f"{save} saves" if save else "", self.hint("{form.leave} leaves"), self._form.hint)
            yield Static(Content(" · ".join(filter(None, hints))), classes="hint")

    @property
    def _saving_key(self) -> str:
        return KeyTable((FormInput,), self.keymap).hint("{form.save}")

    def on_mount(self) -> None:
        """The field that is most likely to be filled in has the keyboard."""
        self._inputs[self._form.first].focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._wrong.display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Save, or say what is wrong."""
        event.stop()
        answer = self._form.read(tuple(box.value.strip() for box in self._inputs))
        if isinstance(answer, Answer):
            self.dismiss(answer)
            return
        self._wrong.update(Content(answer))
        self._wrong.display = True

    def action_leave(self) -> None:
        """Close without saving."""
        self.dismiss(None)

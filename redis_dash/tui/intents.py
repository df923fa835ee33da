"""Messages from panes to the app. Only the app talks to the feed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual.message import Message

from redis_dash.core.choices import Choose
from redis_dash.core.commands import Command, Request
from redis_dash.tui.text import Plain

Facts = tuple[tuple[Plain, Plain], ...]


class Question(msgspec.Struct, frozen=True):
    """The question that the user confirms before a write."""

    title: Plain
    facts: Callable[[], Facts]
    """Returns the present facts; called repeatedly."""
    consequence: Callable[[], tuple[Plain, ...]]
    """Returns what would happen now; called repeatedly."""
    verb: Plain
    """The label of the button that confirms."""
    keys: tuple[str, ...] = ()
    """The keys that ask for it: pressed again or held down, they are no answer."""


class Detail(msgspec.Struct, frozen=True):
    """Everything about one row."""

    title: Plain
    facts: Facts = ()
    text: tuple[Plain, ...] = ()
    """Lines below the facts."""
    notice: Plain = Plain("")
    """Why these facts are old."""


class Answer(msgspec.Struct, frozen=True):
    """What the user has chosen."""

    choice: Choose
    done: Plain
    """What holds now, in one sentence."""


class Field(msgspec.Struct, frozen=True):
    """One value of a form."""

    label: Plain
    value: Plain = Plain("")
    hint: Plain = Plain("")
    """What is shown while it is empty."""


class Form(msgspec.Struct, frozen=True):
    """Values that the user is asked for."""

    title: Plain
    about: tuple[Plain, ...]
    fields: tuple[Field, ...]
    read: Callable[[tuple[str, ...]], Answer | Plain]
    """Reads the values; returns what is wrong if they cannot be used."""
    first: int = 0
    """The field that has the keyboard first."""
    hint: Plain = Plain("")
    """What else can be done."""


class Options(msgspec.Struct, frozen=True):
    """A list of which the user takes one."""

    title: Plain
    about: tuple[Plain, ...]
    answers: tuple[tuple[Plain, Answer], ...]


class FormRequested(Message):
    """A pane asks for values."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form


class OptionsRequested(Message):
    """A pane asks to choose from a list."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options


class AnswerGiven(Message):
    """A pane has a choice that needs no further question."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class ConfirmationRequested(Message):
    """A pane asks for a command, to be confirmed by the user."""

    def __init__(self, command: Command, question: Question) -> None:
        super().__init__()
        self.command = command
        self.question = question


class ReadRequested(Message):
    """A pane asks for other or more data; no confirmation is needed."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


class StopRequested(Message):
    """The user stops the work at full speed."""


class DetailRequested(Message):
    """A pane asks to show everything about one row; ``detail`` is called repeatedly and returns the present state."""

    def __init__(self, detail: Callable[[], Detail]) -> None:
        super().__init__()
        self.detail = detail


class NotificationRequested(Message):
    """A pane has a short message for the user."""

    def __init__(self, text: Plain) -> None:
        super().__init__()
        self.text = text

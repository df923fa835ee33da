"""What panes tell the app: facts that travel up. Only the app talks to the feed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual.message import Message

from redis_dash.core.commands import Command, Request
from redis_dash.tui.text import Plain

Facts = tuple[tuple[Plain, Plain], ...]


class Question(msgspec.Struct, frozen=True):
    """What a person is asked before something is written."""

    title: Plain
    facts: Facts
    consequence: tuple[Plain, ...]
    verb: Plain
    """What the button that does it says."""
    key: str = ""
    """Which key asked for it: pressed again or held down, it is no answer."""


class Detail(msgspec.Struct, frozen=True):
    """Everything about one row."""

    title: Plain
    facts: Facts = ()
    text: tuple[Plain, ...] = ()
    """Lines below the facts."""
    notice: Plain = Plain("")
    """Why what is told here is old."""


class ConfirmationRequested(Message):
    """A pane wants a command to be carried out, once the person has agreed."""

    def __init__(self, command: Command, question: Question) -> None:
        super().__init__()
        self.command = command
        self.question = question


class ReadRequested(Message):
    """A pane wants something else to be read, or more; nobody needs to be asked."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


class StopRequested(Message):
    """What is under way at full speed is to stop."""


class DetailRequested(Message):
    """A pane wants to show everything about one row; called again, it tells what has become of it."""

    def __init__(self, detail: Callable[[], Detail]) -> None:
        super().__init__()
        self.detail = detail


class NotificationRequested(Message):
    """A pane has a short remark for the person."""

    def __init__(self, text: Plain) -> None:
        super().__init__()
        self.text = text

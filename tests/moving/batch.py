"""Commands that the application sends at once, and functions that note their replies."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis

from tests.moving.timeline import Span

Note = Callable[[Any, Span], None]
"""Takes a command's reply, and the interval in which the server executed the command."""


class Batch:
    """A pipeline; it is no transaction, so that other clients' commands may run in between."""

    def __init__(self) -> None:
        self._commands: list[tuple[Any, ...]] = []
        self._notes: list[Note | None] = []

    def __len__(self) -> int:
        return len(self._commands)

    def add(self, *command: Any, note: Note | None = None) -> None:
        """Add a command."""
        self._commands.append(command)
        self._notes.append(note)

    def send(self, client: redis.Redis) -> None:
        """Run the commands and note their replies."""
        if not self._commands:
            return
        pipeline = client.pipeline(transaction=False)
        for command in self._commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        begin = time.time()
        replies = pipeline.execute()
        span = Span(begin, time.time())
        for note, reply in zip(self._notes, replies, strict=True):
            if note is not None:
                note(reply, span)
        self._commands, self._notes = [], []

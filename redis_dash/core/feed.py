"""How a front end asks for readings, and for more."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from redis_dash.core.commands import Command, Outcome, Request
from redis_dash.core.reading import AnyReading


class Progress(msgspec.Struct, frozen=True):
    """Work at full speed that a person asked for, under way."""

    what: Literal["pass", "search"]
    done: int
    """Keys."""
    total: int
    """Keys, as far as known."""
    elapsed_s: float
    found: int = 0
    """Sessions found by a search."""


class Feed(Protocol):
    """What a front end needs of the hub."""

    @property
    def target(self) -> str:
        """The deployment's URL without its password."""

    def drain(self) -> list[AnyReading]:
        """The latest reading of each topic that changed since the last call; never blocks."""

    def progress(self) -> Progress | None:
        """What is under way at full speed; never blocks."""

    def ask(self, request: Request) -> None:
        """Steer what is read; what comes of it is in the readings. Never blocks, never fails."""

    async def submit(self, command: Command) -> Outcome:
        """Carry out a confirmed command.

        Raises:
            SourceError: nothing was done: Redis could not be reached, or refused. Where the answer was lost, that is
                the outcome, and tells how to find out.
        """

    async def run(self) -> None:
        """Connect and keep reading until cancelled; a dead server is a status, never an exception."""

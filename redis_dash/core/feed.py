"""The interface between a front end and the hub."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from redis_dash.core.choices import Choose, Chosen
from redis_dash.core.commands import Command, Outcome, Request
from redis_dash.core.frames.keys import KeysFrame
from redis_dash.core.reading import AnyReading, Reading


class Progress(msgspec.Struct, frozen=True):
    """The progress of work at full speed that the user asked for."""

    what: Literal["pass", "search"]
    done: int
    """Keys done."""
    total: int
    """All keys, as far as known; 0 if the server does not say how many there are."""
    elapsed_s: float
    found: int = 0
    """Sessions found by a search."""
    passed_over: float = 0.0
    """Share of the server's hash table that is done, 0..1."""

    @property
    def share(self) -> float:
        """The share that is done, 0..1; new keys do not raise it above 1."""
        return min(1.0, self.done / self.total) if self.total else self.passed_over


class Feed(Protocol):
    """What a front end needs of the hub."""

    @property
    def target(self) -> str:
        """The deployment's URL without its password, and the host that SSH goes to."""

    @property
    def unverified(self) -> str:
        """What of the server's certificate is not verified, in words; empty if nothing."""

    @property
    def database(self) -> int:
        """The number of the watched database. When it has changed, the next readings are those of the new one."""

    @property
    def next_attempt_s(self) -> float | None:
        """Seconds until the next attempt to connect; 0 if it is due or under way, None if the server is there."""

    def drain(self) -> list[AnyReading]:
        """The latest reading of each topic that changed since the last call; never blocks."""

    def keys(self) -> Reading[KeysFrame]:
        """What kinds of keys there are, as known now; never blocks."""

    def progress(self) -> Progress | None:
        """The progress of work at full speed, if there is any; never blocks."""

    def ask(self, request: Request) -> None:
        """Change what is read; the result is in later readings. Never blocks, never fails."""

    def choose(self, choice: Choose) -> Chosen:
        """Take a choice of the user, and remember it; it shows in later readings. Nothing is written to Redis.

        Raises:
            ConfigError: the value has another form; nothing has changed.
        """

    async def submit(self, command: Command) -> Outcome:
        """Carry out a confirmed command.

        Raises:
            SourceError: nothing was done: Redis could not be reached, or refused. A lost answer is no error: the
                outcome then says how to find out.
        """

    async def select(self, database: int) -> None:
        """Watch another database instead.

        Raises:
            SourceError: the former one is still watched.
        """

    async def run(self) -> None:
        """Connect and keep reading until cancelled; an unreachable server is a status, not an exception."""

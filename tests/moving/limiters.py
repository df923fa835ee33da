"""The interface of the application's rate limits."""

from __future__ import annotations

from typing import Protocol

from tests.moving.batch import Batch
from tests.moving.levels import Levels
from tests.moving.lifetimes import Lifetimes
from tests.moving.timeline import Span


class Limiter(Protocol):
    """One rule, and the keys that count its clients' requests."""

    @property
    def glob(self) -> str:
        """The glob of the limiter's keys."""

    @property
    def limit(self) -> int | None:
        """Requests per window; None if the dashboard's configuration does not name it."""

    @property
    def window_s(self) -> float:
        """Length of a window."""

    @property
    def truth(self) -> Lifetimes:
        """The limiter's keys."""

    @property
    def levels(self) -> Levels:
        """The usage of each client."""

    def request(self, batch: Batch, client: int) -> None:
        """A client sends a request; it is refused if the limit is reached."""

    def pardon(self, batch: Batch) -> None:
        """Reset one client's usage."""

    def advance(self, now: float) -> None:
        """Note keys that have expired, and requests that have left their window."""

    def wiped(self, span: Span) -> None:
        """All keys are deleted at one moment."""

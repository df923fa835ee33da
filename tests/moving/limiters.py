"""What the application's rate limits have in common."""

from __future__ import annotations

from typing import Protocol

from tests.moving.batch import Batch
from tests.moving.levels import Levels
from tests.moving.lifetimes import Lifetimes
from tests.moving.timeline import Span


class Limiter(Protocol):
    """One rule, and the keys in which it counts its clients' requests."""

    @property
    def glob(self) -> str:
        """Of its keys."""

    @property
    def limit(self) -> int | None:
        """Requests in a window; None if nobody tells the dashboard."""

    @property
    def window_s(self) -> float:
        """How long a window is."""

    @property
    def truth(self) -> Lifetimes:
        """Which keys there are."""

    @property
    def levels(self) -> Levels:
        """How much each client has used."""

    def request(self, batch: Batch, client: int) -> None:
        """A client asks for something; refused if the limit is used up."""

    def pardon(self, batch: Batch) -> None:
        """Somebody resets one client's limit."""

    def advance(self, now: float) -> None:
        """Notice what has expired, and what has left its window."""

    def wiped(self, span: Span) -> None:
        """All keys are gone, at one moment."""

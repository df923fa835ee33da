"""What a pane needs of the widget that its keys move, be it a table or a stream."""

from __future__ import annotations

from typing import Protocol


class Navigable(Protocol):
    """What the keys of a pane move."""

    @property
    def needle(self) -> str:
        """The filter in force."""

    def move(self, step: int) -> None:
        """By lines."""

    def page(self, step: int) -> None:
        """By screenfuls."""

    def home(self) -> None:
        """To the start."""

    def end(self) -> None:
        """To the end."""

    def scroll_rows(self, step: int) -> None:
        """Move the view by lines."""

    def narrow(self, needle: str) -> None:
        """Apply a filter."""

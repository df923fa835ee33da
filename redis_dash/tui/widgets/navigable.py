"""The interface of the widget that a pane's keys move, a table or a log view."""

from __future__ import annotations

from typing import Protocol


class Navigable(Protocol):
    """A widget that the keys of a pane move."""

    @property
    def filter_text(self) -> str:
        """The filter text; empty for no filter."""

    def move(self, step: int) -> None:
        """Move by lines."""

    def page(self, step: int) -> None:
        """Move by screenfuls."""

    def home(self) -> None:
        """Go to the start."""

    def end(self) -> None:
        """Go to the end."""

    def scroll_rows(self, step: int) -> None:
        """Move the view by lines."""

    def narrow(self, filter_text: str) -> None:
        """Apply a filter."""

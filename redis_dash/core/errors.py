"""Errors that the user can correct."""

from __future__ import annotations

from collections.abc import Sequence


class DashError(Exception):
    """Base class; the text says what to do."""


class ConfigError(DashError):
    """A wrong option, URL or file; the text names the place and the correction."""

    def __init__(self, text: str, others: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.others = tuple(others)
        """The same for what else is wrong."""


class SourceError(DashError):
    """Redis could not be reached or refused a command; the text holds no secret."""


class AwayError(SourceError):
    """Redis could not be reached, or the connection broke."""


class MissingRightError(SourceError):
    """The ACL user may not run a command, or not on these keys or channels; or the server does not know the command."""

    def __init__(self, text: str, rules: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.rules = tuple(rules)
        """The ACL rules that would grant the right, such as ``+scan``; empty if they are not known."""

"""The errors that a person can do something about."""

from __future__ import annotations


class DashError(Exception):
    """Root of them; its text says what to do."""


class ConfigError(DashError):
    """A bad option, URL or file; names the place and the way out."""


class SourceError(DashError):
    """Redis could not be reached, or refused; without secrets."""


class AwayError(SourceError):
    """Redis could not be reached, or the connection broke."""


class MissingRightError(SourceError):
    """The ACL user may not run a command."""

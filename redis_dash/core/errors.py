"""Errors that the user can correct."""

from __future__ import annotations


class DashError(Exception):
    """Base class; the text says what to do."""


class ConfigError(DashError):
    """A wrong option, URL or file; the text names the place and the correction."""


class SourceError(DashError):
    """Redis could not be reached or refused a command; the text holds no secret."""


class AwayError(SourceError):
    """Redis could not be reached, or the connection broke."""


class MissingRightError(SourceError):
    """The ACL user may not run a command."""

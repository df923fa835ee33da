"""Distinguishes a missing right from an error about one key and from an error of the whole server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redis_dash.client.reasons import check
from redis_dash.dialects.base import is_permission_error, refusal
from redis_dash.dialects.session_dialects import ReadSession


def missing_right(command: bytes, replies: Sequence[object]) -> str:
    """A note if our user may not run the command, for some keys or at all; empty if it may.

    Raises:
        SourceError: the server answered with an error that is not about one key, such as LOADING.
    """
    missing = False
    for reply in replies:
        error = refusal(reply)
        if error is None:
            continue
        if not is_permission_error(error):
            check(error)
        missing = True
    return f"not allowed to run {command.decode()}" if missing else ""


def unread_sessions(sessions: Iterable[ReadSession]) -> str:
    """As ``missing_right``, for the command that should have read each session.

    Raises:
        SourceError: as ``missing_right``.
    """
    notes = [missing_right(session.command[0], [session.reply]) for session in sessions]
    return next(filter(None, notes), "")

"""A right that is missing, told apart from what is wrong with one key or with the whole server."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client.deployment import check
from redis_dash.dialects.base import refusal

_RIGHT = ("NOPERM", "ERR unknown command")


def missing_right(command: bytes, replies: Sequence[object]) -> str:
    """What to say where we may not run the command, for some keys or at all; empty where we may.

    Raises:
        SourceError: the server answered with an error that is not about one key: no reply of it is data.
    """
    missing = False
    for reply in replies:
        error = refusal(reply)
        if error is None:
            continue
        if not str(error).startswith(_RIGHT):
            check(error)
        missing = True
    return f"not allowed to run {command.decode()}" if missing else ""

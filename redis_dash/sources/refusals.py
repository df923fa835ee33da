"""Error replies in a pipeline: about one key, about a right that is missing, or about the whole server."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.connection import check
from redis_dash.ownreads import ReplyError

_RIGHT = ("NOPERM", "ERR unknown command")
_ONE_KEY = ("WRONGTYPE", "ERR value is not", "ERR no such key")


def missing_right(command: bytes, replies: Sequence[object]) -> str:
    """What to say where we may not run the command, for some keys or at all; empty where we may.

    The server's own text is not told: it may quote the arguments, and with them a session's key.

    Raises:
        SourceError: the server answered with an error that is not about one key: no reply of it is data.
    """
    missing = False
    for reply in replies:
        if isinstance(reply, ReplyError):
            text = str(reply)
            if text.startswith(_RIGHT):
                missing = True
            elif not text.startswith(_ONE_KEY):
                check(reply)
    return f"not allowed to run {command.decode()}" if missing else ""

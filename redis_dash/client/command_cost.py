"""Measures the server's time for a few commands: a transaction runs them between two ``INFO commandstats``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.client.info import Calls, calls_of
from redis_dash.core.resp import Command, ReplyError

LENGTH = 100
"""Commands of one sample. They run without interruption, so a longer sample would delay other clients."""
_TIMES: Command = (b"INFO", b"commandstats")


class TimedReplies(NamedTuple):
    """The replies to a transaction of ``with_times``."""

    replies: list[object] | None
    """The replies to the commands; None if the server refused the transaction and ran nothing."""
    times: tuple[Calls, Calls] | None = None
    """Calls and microseconds before and after; None if the user may not use transactions."""


def with_times(commands: Sequence[Command]) -> list[Command]:
    """The transaction that runs the commands between two ``INFO commandstats``."""
    return [(b"MULTI",), _TIMES, *commands, _TIMES, (b"EXEC",)]


def timed_replies(replies: Sequence[object]) -> TimedReplies:
    """Read the replies to a transaction of ``with_times``."""
    done = replies[-1]
    if isinstance(replies[0], ReplyError):  # MULTI was refused, so each command ran by itself
        return TimedReplies(list(replies[2:-2]))
    if not isinstance(done, list):
        return TimedReplies(None)
    before, *inner, after = done
    if not isinstance(before, bytes) or not isinstance(after, bytes):
        return TimedReplies(inner)
    return TimedReplies(inner, (calls_of(before), calls_of(after)))

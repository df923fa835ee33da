"""A few commands in a transaction between two looks at the server's times: what they took is then known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.client.info import calls_and_usec, parse_info
from redis_dash.core.resp import Command, ReplyError

LENGTH = 100
"""Commands of one sample: they run without a break, and nobody should wait long behind them."""
_LOOK: Command = (b"INFO", b"commandstats")


class TimedReplies(NamedTuple):
    """What came of it."""

    replies: list[object] | None
    """To the commands; None where the transaction was refused, and nothing was run."""
    times: tuple[dict[bytes, tuple[int, int]], dict[bytes, tuple[int, int]]] | None = None
    """Before and after; None where we may not use transactions."""


def with_times(commands: Sequence[Command]) -> list[Command]:
    """What to send."""
    return [(b"MULTI",), _LOOK, *commands, _LOOK, (b"EXEC",)]


def timed_replies(replies: Sequence[object]) -> TimedReplies:
    """Read the replies to that."""
    done = replies[-1]
    if isinstance(replies[0], ReplyError):  # without MULTI the commands ran as they came
        return TimedReplies(list(replies[2:-2]))
    if not isinstance(done, list):
        return TimedReplies(None)
    before, *inner, after = done
    if not isinstance(before, bytes) or not isinstance(after, bytes):
        return TimedReplies(inner)
    return TimedReplies(inner, (calls_and_usec(parse_info(before)), calls_and_usec(parse_info(after))))

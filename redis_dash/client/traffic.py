"""What went over our connections, as the server counts it."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.resp import ReplyError

_REJECTED = (
    "NOPERM",
    "NOAUTH",
    "ERR unknown command",
    "ERR unknown subcommand",
    "ERR wrong number of arguments",
    "LOADING",
    "BUSY ",
    "MASTERDOWN",
    "MISCONF",
    "READONLY",
    "OOM",
    "NOREPLICAS",
    "MOVED",
    "CLUSTERDOWN",
)
"""Error replies to commands that were not run; ``total_commands_processed`` leaves them out."""


class Traffic:
    """Of one connection and those that took its place."""

    def __init__(self) -> None:
        self.run = 0
        """Commands that the server has run."""
        self.in_flight = 0
        """Commands whose replies have not come."""
        self.received = 0
        """Bytes."""
        self.messages = 0
        """Delivered by the server, those that two of our subscriptions brought twice."""

    def answered(self, replies: Sequence[object]) -> None:
        """The replies to as many commands."""
        self.in_flight -= len(replies)
        self.run += len(replies)
        if ReplyError in set(map(type, replies)):
            self.run -= sum(isinstance(reply, ReplyError) and str(reply).startswith(_REJECTED) for reply in replies)
        if not isinstance(replies[-1], list):
            self.run -= replies.count(b"QUEUED")  # and never run, for EXEC did not tell what came of them

    def lost(self, commands: int) -> None:
        """The connection broke before so many commands were answered."""
        self.in_flight -= commands

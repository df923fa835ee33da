"""Commands and bytes of our connections, as the server counts them."""

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
    "ASK ",
    "TRYAGAIN",
    "CLUSTERDOWN",
)
"""Error replies to commands that were not run: ``total_commands_processed`` does not include them."""


class Traffic:
    """The traffic of one connection and its successors."""

    def __init__(self) -> None:
        self.run = 0
        """Commands that the server has run."""
        self.in_flight = 0
        """Commands that wait for replies."""
        self.received = 0
        """Bytes received."""
        self.messages = 0
        """Messages delivered by the server: twice if two of our subscriptions match."""

    def answered(self, replies: Sequence[object]) -> None:
        """Count the replies to as many commands."""
        self.in_flight -= len(replies)
        self.run += len(replies)
        if ReplyError in set(map(type, replies)):
            self.run -= sum(isinstance(reply, ReplyError) and str(reply).startswith(_REJECTED) for reply in replies)
        if not isinstance(replies[-1], list):
            self.run -= replies.count(b"QUEUED")  # without the replies of EXEC they were not run

    def lost(self, commands: int) -> None:
        """The connection broke before this many commands were answered."""
        self.in_flight -= commands

"""The first of some commands, in a transaction that measures the server's time for them."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client import command_cost
from redis_dash.client.command_key import cut
from redis_dash.client.own_lookups import OwnLookups
from redis_dash.client.server_cost import ServerCost
from redis_dash.core.resp import Command


class CostSample:
    """What is sent, and what the server answers."""

    def __init__(self, commands: Sequence[Command], cost: ServerCost, own: OwnLookups) -> None:
        """``cost`` and ``own`` count the commands that are sent, as soon as they are answered."""
        end = cut(commands, 0, command_cost.LENGTH)
        self.first, self.others = commands[:end], commands[end:]
        """Those that are measured, and the rest."""
        self.commands = command_cost.with_times(self.first)
        """The transaction."""
        self.replies: list[object] | None = None
        """The replies to the first commands; None if the server does not run the transaction."""
        self._cost = cost
        self._own = own

    def take(self, _: Sequence[Command], replies: list[object] | None) -> None:
        """Read the replies to the transaction; None if they were lost."""
        if replies is None:
            self._own.lost(self.first)
            return
        timed_replies = command_cost.timed_replies(replies)
        self._cost.count(self.commands)
        if timed_replies.times is None:
            self._cost.refuse(self.first)
        else:
            self._cost.learn(self.first, *timed_replies.times)
        self.replies = timed_replies.replies
        if self.replies is not None:
            self._own.count(self.first, self.replies)

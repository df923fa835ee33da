"""Commands that are queued in a transaction and discarded: the server checks a right when it queues a command."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client.node import Exchange, Node
from redis_dash.core.resp import Command


async def queue(node: Node, exchange: Exchange, commands: Sequence[Command]) -> list[object] | None:
    """The replies to commands that are queued and never run; None if our user may not begin a transaction.

    MULTI goes alone: if it is refused, nothing follows it. The replies are not counted as lookups.

    Args:
        exchange: of ``node.exclusive()``.

    Raises:
        SourceError: the server could not be reached.
    """

    def count(sent: Sequence[Command], replies: list[object] | None) -> None:
        if replies is not None:
            node.cost.count(sent)

    (begun,) = await exchange([(b"MULTI",)])
    if begun != b"OK":
        return None
    sent = [*commands, (b"DISCARD",)]
    *replies, end = await node.receive(sent, node.connection.send(sent, count))
    if end != b"OK":
        node.connection.hang_up("a transaction could not be discarded")
    return replies

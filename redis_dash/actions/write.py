"""The command that writes: the server is asked for its role before, and a lost answer is told as such."""

from __future__ import annotations

from redis_dash.client.node import Exchange, Node
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import ReplyError


class LostAnswerError(SourceError):
    """The connection was lost after a write was sent: whether it was executed is not known."""


async def final(node: Node, exchange: Exchange, *command: bytes) -> object:
    """Send the command that writes, and return its reply.

    Raises:
        LostAnswerError: the answer was lost.
        SourceError: the server may no longer be written to; nothing was sent.
    """
    await node.before_write(exchange)
    return await sent(node, exchange, *command)


async def sent(node: Node, exchange: Exchange, *command: bytes) -> object:
    """The same within a transaction, before which ``Node.before_write`` was called."""
    try:
        (reply,) = await exchange([command])
    except SourceError as error:
        raise LostAnswerError(f"the answer was lost ({error})") from None
    if isinstance(reply, ReplyError) and "READONLY" in str(reply):
        node.target.doubt({"role": "slave"})
    return reply

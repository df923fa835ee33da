"""Which channels our user may listen to, found by listening for a moment: where the server has no ``ACL DRYRUN``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis_dash.client.node import Node
from redis_dash.client.opening import time_limit_s
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.diagnosis.verdicts import Question, Verdict
from redis_dash.pubsub.connection import MessageConnection
from redis_dash.pubsub.message_log import MessageRing


async def listen(node: Node, questions: Sequence[Question]) -> dict[Question, Verdict]:
    """Subscribe to each channel, and close the connection at once. Nothing is known if it breaks."""
    connection = MessageConnection(lambda channels: None, MessageRing())
    try:
        async with asyncio.timeout(time_limit_s(node.url)):
            await node.target.open(connection)
            replies = await connection.send([one.sent for one in questions])
    except (OSError, TimeoutError, SourceError):
        return {}
    finally:
        connection.hang_up()
    return {one: _verdict(reply) for one, reply in zip(questions, replies, strict=True)}


def _verdict(reply: object) -> Verdict:
    return (missing_right(reply) or "not told") if isinstance(reply, ReplyError) else "allowed"

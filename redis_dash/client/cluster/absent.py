"""The replies in place of those of a primary that cannot be reached: it holds nothing that anybody can read."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client.own_lookups import reply_if_absent
from redis_dash.core.resp import Command, ReplyError

UNREACHABLE = "CLUSTERDOWN the primary of this key cannot be reached"


def absent_reply(command: Command) -> object:
    """The reply for a key that does not exist, as sources expect it; an error if it is no command that reads a key.

    A source drops such a key from its list. Its counts are lower bounds meanwhile, and its reading tells why.
    """
    if command[:2] == (b"MEMORY", b"USAGE"):
        return None
    found, reply = reply_if_absent(command)
    return reply if found else ReplyError(UNREACHABLE)


def without_moved(commands: Sequence[Command], replies: Sequence[object]) -> list[object]:
    """The replies of the only node that is seen; the keys of others are told as not there."""
    return [
        absent_reply(command) if isinstance(reply, ReplyError) and str(reply).startswith(("MOVED ", "ASK ")) else reply
        for command, reply in zip(commands, replies, strict=True)
    ]

"""Packed messages: the received bytes are kept and parsed again when the messages are read.

A hundred thousand message objects take three times as much memory as their bytes, and parsing is cheap. The bytes must
begin with a message: this module finds where the last complete message of a chunk ends.
"""

from __future__ import annotations

import contextlib
import re
from operator import itemgetter
from typing import Any

import hiredis

from redis_dash.client.connection import PIECE_BYTES, Memory, new_reader, parse
from redis_dash.core.resp import ReplyError
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead, RawMessage

_ARRAY = re.compile(rb"\*(\d{1,3})\r\n")
_STRING = re.compile(rb"\$(\d{1,10})\r\n")
_kind_of = itemgetter(0)


def is_message(reply: Any) -> bool:
    """Whether a reply is a message, not the answer to a command."""
    if not isinstance(reply, list) or len(reply) not in (3, 4):
        return False
    kind, channel, payload = reply[0], reply[-2], reply[-1]
    return (
        kind == (b"message", b"pmessage")[len(reply) - 3] and isinstance(channel, bytes) and isinstance(payload, bytes)
    )


def are_messages(replies: list[Any]) -> bool:
    """Whether all replies are messages. Checking only their kinds takes a fifth of the time of ``is_message``."""
    try:
        kinds = list(map(_kind_of, replies))
    except (TypeError, IndexError):
        return False
    return kinds.count(b"pmessage") + kinds.count(b"message") == len(kinds)


def encoded(reply: object) -> bytes | None:
    """A message as received; None if several encodings are possible."""
    if not isinstance(reply, list):
        return None
    parts = [b"*%d\r\n" % len(reply)]
    for item in reply:
        if isinstance(item, bytes):
            parts.append(b"$%d\r\n%b\r\n" % (len(item), item))
        elif isinstance(item, int):
            parts.append(b":%d\r\n" % item)
        else:
            return None
    return b"".join(parts)


def unpack(packed: bytes) -> list[RawMessage]:
    """Parse the complete messages of packed bytes; large payloads are reduced to their heads."""
    messages: list[RawMessage] = []
    with contextlib.suppress(hiredis.ProtocolError):
        for _, replies in parse(new_reader(), packed, 0, len(packed)):
            messages += [with_head(reply) for reply in replies if is_message(reply)]
    return messages


def with_head(message: RawMessage) -> RawMessage:
    """The message with the heads of its large strings: payload, channel and pattern."""
    channel, payload = message[-2], message[-1]
    if isinstance(payload, bytes) and len(payload) <= HEAD_BYTES and len(channel) <= HEAD_BYTES:  # type: ignore[arg-type]
        return message
    return [PayloadHead.of(part) if type(part) is bytes and len(part) > HEAD_BYTES else part for part in message]


def end_of_only(data: Memory, begin: int, reply: object) -> int | None:
    """The end of a reply whose beginning is known; None if it is not certain."""
    if isinstance(reply, bytes):
        ways: tuple[bytes, ...] = (b"+%b\r\n" % reply, b"$%d\r\n%b\r\n" % (len(reply), reply))
    elif isinstance(reply, ReplyError):
        ways = (b"-%b\r\n" % str(reply).encode(),)
    else:
        ways = (encoded(reply) or b"",)
    return next((begin + len(way) for way in ways if way and data[begin : begin + len(way)] == way), None)


def end_of_last(data: Memory, begin: int, piece: int, end: int, last: object) -> int | None:
    """The end of the last complete reply; None if it is not certain.

    Args:
        data: holds the whole of ``last`` in ``[begin:end]``, followed only by the beginning of an unfinished reply.
        piece: where the piece that completed it begins.

    Its bytes are searched from the end. A payload or a name may hold the same bytes. Every place that is not followed
    by a complete reply may be the true one, so the result is certain only if there is a single such place.
    """
    bytes_of_last = encoded(last)
    if bytes_of_last is None:
        return None
    lowest = max(begin, piece + 1 - len(bytes_of_last))
    at = data.rfind(bytes_of_last, lowest, min(end, piece + PIECE_BYTES))
    if at < 0:
        return None
    found = at + len(bytes_of_last)
    while (at := data.rfind(bytes_of_last, lowest, at + len(bytes_of_last) - 1)) >= 0:
        if not _is_complete(data, at + len(bytes_of_last), end):
            return None
    return found


def _is_complete(data: Memory, at: int, end: int) -> bool:
    """Whether a complete array of strings begins here."""
    array = _ARRAY.match(data, at, end)
    if array is None:
        return False
    at = array.end()
    for _ in range(int(array[1])):
        string = _STRING.match(data, at, end)
        if string is None:
            return False
        at = string.end() + int(string[1]) + 2
    return at <= end

"""Packed messages: the received bytes are kept and parsed again when the messages are read.

A hundred thousand message objects take three times as much memory as their bytes, and parsing is cheap. The bytes must
begin with a message: this module finds where the last complete message of a chunk ends.
"""

from __future__ import annotations

import contextlib
import re

import hiredis

from redis_dash.client.connection import PIECE_BYTES, Memory, new_reader, parse
from redis_dash.core.resp import ReplyError
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead, RawMessage
from redis_dash.pubsub.oversized import encoded, is_message

_ARRAY = re.compile(rb"\*(\d{1,3})\r\n")
_STRING = re.compile(rb"\$(\d{1,10})\r\n")


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

"""Giant messages stream past: their head and their size are kept, the rest is dropped as it arrives.

``hiredis.Reader`` holds an unfinished payload whole, up to 512 MB of it. So once it holds more than ``GIANT_BYTES`` of
one message, that message is looked up in the latest chunks, and what is still to come of it reaches no reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from redis_dash.client.connection import Memory, new_reader, parse
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead

GIANT_BYTES = 1024 * 1024
_PARSED_IN_BUFFER = 1024
"""hiredis discards what it has parsed once that is as much, so an unfinished string begins less far into its buffer."""
_HYPOTHESES = 16
"""A sender who makes more places look like a message's beginning does not get us to examine them all."""

_MESSAGE = re.compile(rb"\*(?:3\r\n\$7|4\r\n\$8(?=\r\np))\r\n(p?message)\r\n")
_LONGEST_BEGINNING = len(b"*4\r\n$8\r\npmessage\r\n")
_LENGTH = re.compile(rb"\$(\d{1,10})\r\n")
_kind_of = itemgetter(0)
_UNCERTAIN = "a giant message could not be told apart from what surrounds it"


class LostPlaceError(Exception):
    """Where a giant ends is not certain, so nothing behind it can be trusted."""


class _Place(NamedTuple):
    """Where a message began whose string at ``length_at`` is unfinished."""

    start: int
    length_at: int
    string_at: int
    size: int
    is_payload: bool


class MessageReader:
    """``hiredis.Reader`` for pub/sub: the payload of a giant message is a ``PayloadHead``."""

    def __init__(self) -> None:
        self._reader = new_reader()
        self._tail: list[bytes] = []
        """What has come since the beginning of the latest piece that completed a reply."""
        self._latest: list[Any] = []
        """The replies completed by that piece; if none, it began with a new reply."""
        self._giant: list[Any] | None = None
        """The message that streams past."""
        self.since_last = 0
        """How much has come of the latest chunk since the beginning of the piece that completed the last reply."""
        self._left = 0
        """What is still to come of its payload."""
        self._ending = b""
        """What has come of the line end behind its payload."""

    @property
    def within_message(self) -> bool:
        """Is a message begun and not complete?"""
        return self._giant is not None or bool(self._reader.has_data())

    @property
    def within_giant(self) -> bool:
        """Does a giant stream past?"""
        return self._giant is not None

    def feed(self, data: Memory, begin: int, end: int, take: Callable[[list[Any]], None]) -> None:
        """Hand on all replies that are complete with ``data[begin:end]``, a piece's at a time: what is dropped at once
        costs little memory.

        Raises:
            hiredis.ProtocolError: this is not Redis's protocol.
            LostPlaceError: a giant comes, and its end is not certain.
        """
        if self._giant is not None:
            data = self._pass_by(self._giant, data[begin:end], take)
            if not data:
                return
            begin, end = 0, len(data)
        place, latest = -1, self._latest
        for at, replies in parse(self._reader, data, begin, end):
            if replies:
                place, latest = at, replies
                take(replies)
        if place >= 0:
            self._tail, self._latest, self.since_last = [data[place:end]], latest, end - place
        else:
            self._tail.append(data[begin:end])
        if self._reader.len() > GIANT_BYTES:
            self._meet()

    def _meet(self) -> None:
        """Leave the reader, with the giant's head in hand."""
        seen = b"".join(self._tail)
        place = _find(seen, self._latest, len(seen) - self._reader.len())
        head = PayloadHead.of(seen[place.string_at : place.string_at + HEAD_BYTES], place.size)
        told = b"%b$%d\r\n%b\r\n" % (seen[place.start : place.length_at], len(head), head)
        replies = [reply for _, some in parse(new_reader(), told, 0, len(told)) for reply in some]
        if len(replies) != 1 or not is_message(replies[0]):
            raise LostPlaceError(_UNCERTAIN)
        self._giant = [*replies[0][:-1], head]
        self._left = max(0, place.string_at + place.size - len(seen))
        self._ending = seen[place.string_at + place.size :]
        self._reader, self._tail, self._latest = new_reader(), [], []

    def _pass_by(self, giant: list[Any], data: bytes, take: Callable[[list[Any]], None]) -> bytes:
        """Drop what belongs to the giant; returns what comes after it."""
        ending = self._ending + data[self._left :]
        self._left = max(0, self._left - len(data))
        if len(ending) < 2:
            self._ending = ending
            return b""
        if not ending.startswith(b"\r\n"):
            raise LostPlaceError(_UNCERTAIN)
        self._giant = None
        take([giant])
        return ending[2:]


def is_message(reply: Any) -> bool:
    """Is it a message, and not the answer to a command, nor anything else?"""
    if not isinstance(reply, list) or len(reply) not in (3, 4):
        return False
    kind, channel, payload = reply[0], reply[-2], reply[-1]
    return (
        kind == (b"message", b"pmessage")[len(reply) - 3] and isinstance(channel, bytes) and isinstance(payload, bytes)
    )


def are_messages(replies: list[Any]) -> bool:
    """The same of many, at a fifth of the price: while an answer is awaited behind a backlog, all are looked at."""
    try:
        kinds = list(map(_kind_of, replies))
    except (TypeError, IndexError):
        return False
    return kinds.count(b"pmessage") + kinds.count(b"message") == len(kinds)


def _find(seen: bytes, latest: list[Any], buffer_at: int) -> _Place:
    """The unfinished message in ``seen``, of which the reader's buffer begins at ``buffer_at``.

    A payload or a channel's name may look like messages. But the true beginning passes each test here, so if a single
    place passes them all, it is the true one. A message with an unfinished channel name passes, too, but is no giant.
    """
    before, lowest, highest = _before(seen, latest)
    furthest = buffer_at + _PARSED_IN_BUFFER
    found: list[_Place] = []
    for match in _MESSAGE.finditer(seen, lowest, min(highest, furthest) + _LONGEST_BEGINNING):
        place = _unfinished(seen, match) if match.start() <= highest else None
        # hiredis has taken the dollar sign already
        if place is not None and buffer_at <= place.length_at + 1 < furthest:
            found.append(place)
            if len(found) > _HYPOTHESES:
                raise LostPlaceError(_UNCERTAIN)
    found = [place for place in found if _end_alike(seen[: place.start], before)]
    if len(found) != 1 or not found[0].is_payload:
        raise LostPlaceError(_UNCERTAIN)
    return found[0]


def _before(seen: bytes, latest: list[Any]) -> tuple[bytes, int, int]:
    """What came just before the unfinished message, as far as it is known; the first and last place it may begin at.

    The first of the latest replies began before ``seen`` or with it, and ended within it.
    """
    parts: list[bytes] = []
    for reply in reversed(latest):
        part = encoded(reply)
        if part is None:
            return b"".join(reversed(parts)), sum(map(len, parts)), len(seen)
        parts.append(part)
    length = sum(map(len, parts))
    return b"".join(reversed(parts)), length - len(parts[-1]) + 1 if parts else 0, length


def encoded(reply: object) -> bytes | None:
    """A message as it came; None where one reply may have come in several ways."""
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


def _unfinished(seen: bytes, beginning: re.Match[bytes]) -> _Place | None:
    """A message by its beginning, if it goes on beyond what has come."""
    at = beginning.end()
    for is_payload in (False, True) if beginning[1] == b"message" else (False, False, True):
        length = _LENGTH.match(seen, at)
        if length is None:
            return None
        size, string_at = int(length[1]), length.end()
        if string_at + size + 2 > len(seen):
            return _Place(beginning.start(), at, string_at, size, is_payload)
        at = string_at + size + 2
    return None


def _end_alike(some: bytes, other: bytes) -> bool:
    return some.endswith(other) if len(some) > len(other) else other.endswith(some)

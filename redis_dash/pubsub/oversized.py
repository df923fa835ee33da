"""Oversized messages: their head and their size are kept, the rest is discarded as it arrives.

``hiredis.Reader`` holds an unfinished payload as a whole, up to 512 MB. When it holds more than ``OVERSIZED_BYTES`` of
one message, the beginning of that message is searched in the latest chunks, and the rest of it is not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from redis_dash.client.connection import Memory, new_reader, parse
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead

OVERSIZED_BYTES = 1024 * 1024
_PARSED_IN_BUFFER = 1024
"""hiredis discards parsed bytes once they are this many, so an unfinished string begins earlier in its buffer."""
_HYPOTHESES = 16
"""The most places that are examined: a payload may imitate the beginning of a message many times."""

_MESSAGE = re.compile(rb"\*(?:3\r\n\$7|4\r\n\$8(?=\r\np))\r\n(p?message)\r\n")
_LONGEST_BEGINNING = len(b"*4\r\n$8\r\npmessage\r\n")
_LENGTH = re.compile(rb"\$(\d{1,10})\r\n")
_kind_of = itemgetter(0)
_UNCERTAIN = "an oversized message could not be separated from its neighbours"


class LostPlaceError(Exception):
    """The end of an oversized message is not certain, so the bytes after it cannot be parsed."""


class _Place(NamedTuple):
    """The beginning of a message whose string at ``length_at`` is unfinished."""

    start: int
    length_at: int
    string_at: int
    size: int
    is_payload: bool


class MessageReader:
    """``hiredis.Reader`` for pub/sub: the payload of an oversized message is a ``PayloadHead``."""

    def __init__(self) -> None:
        self._reader = new_reader()
        self._latest_bytes: list[bytes] = []
        """The bytes since the beginning of the latest piece that completed a reply."""
        self._latest: list[Any] = []
        """The replies that this piece completed; if there is none, it began with a new reply."""
        self._oversized: list[Any] | None = None
        """The oversized message that is being discarded."""
        self.since_last = 0
        """Bytes of the latest chunk since the beginning of the piece that completed the last reply."""
        self._left = 0
        """Bytes of its payload that have not arrived."""
        self._ending = b""
        """The received part of the line end after its payload."""

    @property
    def within_message(self) -> bool:
        """Whether an incomplete message has begun."""
        return self._oversized is not None or bool(self._reader.has_data())

    @property
    def within_oversized(self) -> bool:
        """Whether an oversized message is being discarded."""
        return self._oversized is not None

    def feed(self, data: Memory, begin: int, end: int, take: Callable[[list[Any]], None]) -> None:
        """Pass all replies that ``data[begin:end]`` completes to ``take``, those of one piece at a time.

        Replies that are dropped at once then need little memory.

        Raises:
            hiredis.ProtocolError: the bytes are not Redis's protocol.
            LostPlaceError: a message is oversized, and its end is not certain.
        """
        if self._oversized is not None:
            data = self._discard(self._oversized, data[begin:end], take)
            if not data:
                return
            begin, end = 0, len(data)
        place, latest = -1, self._latest
        for at, replies in parse(self._reader, data, begin, end):
            if replies:
                place, latest = at, replies
                take(replies)
        if place >= 0:
            self._latest_bytes, self._latest, self.since_last = [data[place:end]], latest, end - place
        else:
            self._latest_bytes.append(data[begin:end])
        if self._reader.len() > OVERSIZED_BYTES:
            self._skip_payload()

    def _skip_payload(self) -> None:
        """Replace the reader: the head of the oversized message is kept, its rest will be discarded."""
        seen = b"".join(self._latest_bytes)
        place = _find(seen, self._latest, len(seen) - self._reader.len())
        head = PayloadHead.of(seen[place.string_at : place.string_at + HEAD_BYTES], place.size)
        shortened = b"%b$%d\r\n%b\r\n" % (seen[place.start : place.length_at], len(head), head)
        replies = [reply for _, some in parse(new_reader(), shortened, 0, len(shortened)) for reply in some]
        if len(replies) != 1 or not is_message(replies[0]):
            raise LostPlaceError(_UNCERTAIN)
        self._oversized = [*replies[0][:-1], head]
        self._left = max(0, place.string_at + place.size - len(seen))
        self._ending = seen[place.string_at + place.size :]
        self._reader, self._latest_bytes, self._latest = new_reader(), [], []

    def _discard(self, message: list[Any], data: bytes, take: Callable[[list[Any]], None]) -> bytes:
        """Discard the bytes of the oversized message and return those after it."""
        ending = self._ending + data[self._left :]
        self._left = max(0, self._left - len(data))
        if len(ending) < 2:
            self._ending = ending
            return b""
        if not ending.startswith(b"\r\n"):
            raise LostPlaceError(_UNCERTAIN)
        self._oversized = None
        take([message])
        return ending[2:]


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


def _find(seen: bytes, latest: list[Any], buffer_at: int) -> _Place:
    """The unfinished message in ``seen``; the reader's buffer begins at ``buffer_at``.

    A payload or a channel name may look like a message. The true beginning passes each test here, so a single place
    that passes them all is the true one. A message with an unfinished channel name passes, too, but is refused.
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
    """The known bytes before the unfinished message, and the first and last place where it may begin.

    The first of the latest replies began before ``seen`` or at its start, and ended within it.
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


def _unfinished(seen: bytes, beginning: re.Match[bytes]) -> _Place | None:
    """The message that begins here, if it is incomplete; else None."""
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

"""Reads the replies of XREAD and XINFO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from redis_dash.core.decoding import text
from redis_dash.core.frames.events import Group
from redis_dash.pubsub.message_log import HEAD_BYTES, PayloadHead, RawEntry

EntryId = tuple[int, int]
"""Milliseconds and a sequence number, compared in this order."""
BEGINNING: EntryId = (0, 0)


class StreamInfo(NamedTuple):
    """What XINFO STREAM says."""

    length: int
    last: EntryId
    """The id of the latest entry that was ever added."""
    first: EntryId | None
    """The id of the first entry that is there; None if there is none."""
    added: int | None
    """Entries that were ever added; None before Redis 7.0, which does not count them."""


def entry_id(raw: object) -> EntryId:
    """``1526919030474-55`` as two numbers."""
    milliseconds, _, number = raw.partition(b"-") if isinstance(raw, bytes) else (b"", b"", b"")
    return (int(milliseconds), int(number)) if milliseconds.isdigit() and number.isdigit() else BEGINNING


def written(one: EntryId) -> bytes:
    """An id as Redis writes it."""
    return b"%d-%d" % one


def read_info(reply: object) -> StreamInfo:
    """The reply of XINFO STREAM."""
    values = _pairs(reply)
    first = values.get(b"first-entry")
    return StreamInfo(
        _number(values.get(b"length")) or 0,
        entry_id(values.get(b"last-generated-id")),
        entry_id(first[0]) if isinstance(first, list) and first else None,
        _number(values.get(b"entries-added")),
    )


def read_groups(reply: object) -> tuple[Group, ...]:
    """The reply of XINFO GROUPS."""
    groups = map(_pairs, reply if isinstance(reply, list) else ())
    return tuple(
        Group(
            text(group.get(b"name") or b""),
            _number(group.get(b"consumers")) or 0,
            _number(group.get(b"pending")) or 0,
            _number(group.get(b"lag")),
        )
        for group in groups
    )


def read_entries(stream: bytes, reply: object) -> list[RawEntry]:
    """The entries in the reply of XREAD of one stream; their long values are cut to their beginnings."""
    if not isinstance(reply, list) or not reply:
        return []
    (_, entries), *_ = reply
    return [_entry(stream, raw_id, fields or []) for raw_id, fields in entries]


def _entry(stream: bytes, raw_id: bytes, fields: list[bytes]) -> RawEntry:
    size = sum(map(len, fields))
    if size > HEAD_BYTES:
        fields = _heads(fields)
    return RawEntry(raw_id, tuple(fields), size, stream)


def _heads(fields: list[bytes]) -> list[bytes]:
    """The first fields, as many as fit into ``HEAD_BYTES``; the last of them is cut."""
    left, kept = HEAD_BYTES, list[bytes]()
    for part in fields:
        kept.append(part if len(part) <= left else PayloadHead.of(part[:left], len(part)))
        left -= len(part)
        if left <= 0:
            break
    return kept


def _pairs(reply: object) -> Mapping[Any, Any]:
    if not isinstance(reply, list):
        return {}
    return dict(zip(reply[::2], reply[1::2], strict=False))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None

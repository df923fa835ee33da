"""The state of a stream that is followed, in words."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.frames.events import Group, StreamCount
from redis_dash.tui.formatting import about, count, rate
from redis_dash.tui.pieces import Piece, piece
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain, plural

GROUPS_SHOWN = 20


def rate_segments(stream: StreamCount) -> tuple[Segment, ...]:
    """``12/s``, ``12/s lag 40``, ``12/s 4 s behind``; a dash if it is not read."""
    blank: Segment = (Plain(" "), "blank")
    segments: list[Segment] = [(rate(stream.rate), "dim")]
    if stream.behind_s is not None:
        segments += [blank, (Plain(f"{about(stream.behind_s)} behind"), "warn")]
    if stream.lag:
        segments += [blank, (Plain(f"lag {count(stream.lag)}"), "warn")]
    return tuple(segments)


def absent_streams(streams: Sequence[StreamCount]) -> list[Piece]:
    """``no key payments yet``, ``no key payments yet +1``."""
    absent = [stream for stream in streams if stream.is_absent]
    if not absent:
        return []
    more = f" +{len(absent) - 1}" if len(absent) > 1 else ""
    return [piece(f"no key {plain(absent[0].stream, 24)} yet{more}", "warn")]


def stream_facts(stream: StreamCount) -> tuple[tuple[Plain, Plain], ...]:
    """Its length, what was missed, and its groups."""
    length = Plain("not known") if stream.length is None else plural(stream.length, "entry", "entries")
    facts = [(Plain("length"), length)]
    if stream.missed:
        least = "at least " if stream.may_miss else ""
        facts.append((Plain("missed"), Plain(f"{least}{count(stream.missed)}: removed before they were read")))
    elif stream.may_miss:
        facts.append((Plain("missed"), Plain("perhaps: how many entries were removed unread is not known")))
    if not stream.groups:
        return (*facts, (Plain("groups"), Plain("not known" if stream.groups is None else "none")))
    facts += [(Plain("group"), _group(group)) for group in stream.groups[:GROUPS_SHOWN]]
    if len(stream.groups) > GROUPS_SHOWN:
        facts.append((Plain("group"), Plain(f"and {len(stream.groups) - GROUPS_SHOWN:,} more")))
    return tuple(facts)


def _group(group: Group) -> Plain:
    """``shipping: lag 40, 3 pending, 2 consumers``."""
    lag = "lag unknown" if group.lag is None else f"lag {group.lag:,}"
    return Plain(f"{plain(group.name, 60)}: {lag}, {group.pending:,} pending, {plural(group.consumers, 'consumer')}")

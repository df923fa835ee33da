"""The contents of header, tabs and footer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from redis_dash.core.databases import others
from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.cluster_text import at_least, of_cluster
from redis_dash.tui.databases import named
from redis_dash.tui.formatting import (
    compact,
    duration,
    milliseconds,
    nbytes,
    others_watch,
    percent,
    without_primary,
)
from redis_dash.tui.keys import CLEAR_ID, DATABASE_ID, FULL_SCAN_ID, LEAVE_ID, UNDO_ID, ZOOM_ID, KeyHelp, KeyTable
from redis_dash.tui.panes.base import STOP, Pane
from redis_dash.tui.progress import progress_items, scan_items
from redis_dash.tui.replicas_text import of_replicas
from redis_dash.tui.segments import Segment
from redis_dash.tui.sentinel_text import of_sentinel, where
from redis_dash.tui.status import status_text
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.status_bar import Item

NOTHING = Plain("")
_DOT: Segment = (Plain(" · "), "dim")
STOP_NAME = "stop"
"""The name that a click on the progress reports."""
OLD_S = 2.5
"""From this age on, the figures of the header are called old: the server does not answer, or is seldom asked."""
_LESSER = 5
"""How much sooner keys leave the footer while progress is shown."""


def brief_target(target: str) -> str:
    """The target without its scheme; of several servers that it names the first one: ``10.0.0.1:6379 +2``."""
    servers, slash, rest = target.split("://", 1)[-1].partition("/")
    first, *others = servers.split(",")
    return f"{first} +{len(others)}{slash}{rest}" if others else f"{first}{slash}{rest}"


def header_items(
    title: Plain,
    target: Plain,
    reading: AnyReading | None,
    now: float,
    full_scan_key: str = "",
    unverified: Plain = NOTHING,
    next_attempt_s: float | None = None,
) -> list[Item]:
    """The target and the state of the server; an alarm when it is away.

    Args:
        unverified: What of the server's certificate is not verified: it always stays in the line.
        next_attempt_s: Seconds until the next attempt to connect; 0 if it is due.
        full_scan_key: The key that scans at full speed; empty if none is bound.
    """
    frame = reading.frame if reading else None
    is_lost = reading is not None and reading.status in ("stale", "error")
    items = [Item(((Plain("redis-dash"), "accent"),), priority=5 if title or is_lost else 0)]
    if title:
        items.append(Item(((title, "strong"),)))
    if isinstance(frame, ServerFrame) and frame.sentinel is not None:
        target = where(frame.sentinel, frame.database)
    if target:
        items.append(Item(((target, "text"),), priority=1))  # a user who deletes must see where
    if unverified:
        items.append(Item(((unverified, "warn"),)))
    if isinstance(frame, ServerFrame):
        if reading is not None and reading.status in ("ok", "reduced"):
            items += _others(frame)
        items.append(Item(((Plain(f"{plain(frame.product, 20)} {plain(frame.version, 20)}"), "dim"),), priority=6))
    if reading is not None and is_lost:
        return [*items, _trouble(reading, now), *(_next_attempt(next_attempt_s) if reading.away else [])]
    if isinstance(frame, ServerFrame):
        age = now - reading.taken_at if reading is not None else 0.0
        old = [Item(((Plain(f"{duration(age)} old"), "warn"),), 1, right=True, place="old")] if age > OLD_S else []
        return [*items, *old, *scan_items(frame.scan, full_scan_key, now), *_server_items(frame)]
    word = status_text(reading, now).words[0]
    if reading is not None and reading.status == "off" and reading.note:
        word = ((Plain(f"off: {plain(reading.note, 90)}"), "warn"),)
    return [*items, Item(word, priority=1, right=True)]


def _others(frame: ServerFrame) -> list[Item]:
    """The other databases that hold keys; a click opens the list of all."""
    elsewhere = others(frame.databases, frame.database)
    text = Plain(f"also {named(elsewhere, short=True)}")
    return [Item(((text, "dim"),), priority=5, name=DATABASE_ID)] if elsewhere else []


def _trouble(reading: AnyReading, now: float) -> Item:
    words = ("disconnected", "not connected") if reading.away else ("stale", "error")
    word = words[reading.status == "error"]
    since = f" {duration(now - reading.taken_at)}" if reading.taken_at else ""
    note = f" — {plain(reading.note, 90)}" if reading.note else ""
    brief: Segment = (Plain(f" ✖ {'away' if reading.away else word}{since}{note} "), "alarm")
    return Item(((Plain(f" ✖ {word}{since}{note} "), "alarm"),), right=True, brief=(brief,))


def _next_attempt(in_s: float | None) -> list[Item]:
    """``retry in 4 s``, or that an attempt is due or under way."""
    if in_s is None:
        return []
    text = f"retry in {duration(math.ceil(in_s))}" if in_s else "connecting…"
    return [Item(((Plain(f"{text:>13}"), "warn"),), priority=1, right=True)]  # so that nothing moves with its digits


def _server_items(frame: ServerFrame) -> list[Item]:
    memory = "memory –" if frame.used_memory is None else f"{at_least(frame, frame.used_memory, nbytes)}"
    if frame.max_memory:
        memory += f" of {at_least(frame, frame.max_memory, nbytes)}"
    full = frame.max_memory and frame.used_memory is not None and frame.used_memory >= 0.9 * frame.max_memory
    ops = Plain("–") if frame.ops_per_s is None else at_least(frame, frame.ops_per_s, compact)
    items = [
        Item(((Plain(f"{ops:>6}"), "strong"), (Plain(" ops/s"), "dim")), 1, right=True, place="ops"),
        Item(((Plain(memory), "warn" if full else "text"),), 2, right=True, place="memory"),
        Item(((at_least(frame, frame.clients), "text"), (Plain(" clients"), "dim")), 3, right=True, place="clients"),
        Item(((Plain("ping "), "dim"), (milliseconds(frame.ping_ms), "text")), 4, right=True, place="ping"),
        Item(((Plain("our cost "), "dim"), (percent(frame.cost.share), "text")), 4, right=True, place="cost"),
    ]
    kind = of_cluster(frame) if frame.kind == "cluster" else of_sentinel(frame.sentinel) if frame.sentinel else None
    if kind is not None:
        items.insert(0, Item((kind,), 0 if kind[1] == "alarm" else 1, right=True, place="kind"))
    if frame.replicas_read is not None:
        read = zip(of_replicas(frame.replicas_read), (0, 2), ("replicas", "behind"), strict=False)
        items[:0] = [Item((text,), priority, right=True, place=place) for text, priority, place in read]
    if frame.other_dashboards:
        items.insert(0, Item(((others_watch(frame.other_dashboards), "warn"),), 1, right=True, place="others"))
    if frame.primary_lost_s is not None:
        items.insert(0, Item(((without_primary(frame.primary_lost_s), "alarm"),), 1, right=True, place="primary"))
    if frame.evicting_since is not None:
        items.insert(0, Item(((Plain("evicting"), "warn"),), 1, right=True, place="evicting"))
    return items


def tab_items(panes: Sequence[Pane[Any]], current: Pane[Any]) -> list[Item]:
    """One tab per pane, with its alert mark."""
    items = []
    for pane in panes:
        name = Plain(f"{pane.key} {pane.TAB}".lstrip())
        name = Plain(f" {name} ") if pane is current else name
        segments: list[Segment] = [(name, "focus" if pane is current else "text")]
        if pane.alert is not None:
            segments += [(Plain(" "), "blank"), pane.alert]
        items.append(Item(tuple(segments), priority=0 if pane is current else pane.number, name=f"pane-{pane.number}"))
    return items


def footer_items(
    pane: Pane[Any],
    alone: bool,
    can_undo: bool,
    progress: Progress | None,
    table: KeyTable,
    groups: Sequence[KeyHelp],
) -> list[Item]:
    """The keys that apply now, after the progress of the work at full speed.

    Args:
        alone: One pane fills the screen although there is room for others.
        groups: The groups of keys, in their order.
    """
    back = pane.way_back
    hidden = () if pane.has_own_key else set(table.groups(type(pane))) - set(table.groups(Pane))
    items: list[Item] = []
    for group in groups:
        ids, name = table.ids(group), table.footer_name(group)
        if not name or not group.footer or group in hidden:
            continue
        if UNDO_ID in ids:
            if can_undo:
                items.insert(0, _key_item(name, group.footer, group.priority, UNDO_ID))
        elif ZOOM_ID in ids and progress is None and (back or alone):
            leave = CLEAR_ID if back else LEAVE_ID
            items.append(_key_item(table.short_name(leave), str(back) or "all panes", 1, leave))
        else:
            items.append(_key_item(name, group.footer, group.priority, ids[0] if len(ids) == 1 else ""))
    if progress is None:
        return items
    # Esc takes back the nearest thing, so the footer offers it only for that.
    key = CLEAR_ID if back == STOP else LEAVE_ID if not back else FULL_SCAN_ID if progress.what == "pass" else ""
    return [
        *progress_items(progress, table.name(key) if key else ""),
        *(replace(item, priority=item.priority + _LESSER) for item in items),
    ]


def _key_item(key: str, word: str, priority: int, binding_id: str) -> Item:
    return Item(((Plain(key), "accent"), (Plain(f" {word}"), "dim")), priority, binding_id)

"""What the lines above and below the panes say: header, tabs, footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import compact, duration, milliseconds, nbytes, percent
from redis_dash.tui.panes.base import STOP, Pane
from redis_dash.tui.panes.server import others_watch
from redis_dash.tui.progress import progress_items
from redis_dash.tui.segments import Segment
from redis_dash.tui.status import status_text
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.status_bar import Item

_DOT: Segment = (Plain(" · "), "dim")
_ZOOM = ("z", "zoom", 5, "zoom")
_KEYS = (
    ("1-6", "pane", 4, ""),
    _ZOOM,
    ("/", "filter", 3, "filter"),
    ("space", "pause", 2, "pause"),
    ("enter", "detail", 6, "detail"),
    ("?", "help", 0, "help"),
    ("^p", "palette", 1, "palette"),
    ("q", "quit", 8, "quit"),
    ("F5", "scan all", 7, "scan"),
)
_LESSER = 5
"""Keys give way to the progress of what is under way."""


def header_items(title: Plain, target: Plain, reading: AnyReading | None, now: float) -> list[Item]:
    """Where we are and how the server is; loud when it is away."""
    frame = reading.frame if reading else None
    items = [Item(((Plain("redis-dash"), "accent"),), priority=2 if title else 0)]
    if title:
        items.append(Item(((title, "strong"),)))
    if target:
        items.append(Item(((target, "text"),), priority=1))  # whoever deletes must see where
    if isinstance(frame, ServerFrame):
        items.append(Item(((Plain(f"{plain(frame.product, 20)} {plain(frame.version, 20)}"), "dim"),), priority=6))
    if reading is not None and reading.status in ("stale", "error"):
        return [*items, _trouble(reading, now)]
    if isinstance(frame, ServerFrame):
        return items + _figures(frame)
    word = status_text(reading, now).words[0]
    if reading is not None and reading.status == "off" and reading.note:
        word = ((Plain(f"off: {plain(reading.note, 90)}"), "warn"),)
    return [*items, Item(word, priority=1, right=True)]


def _trouble(reading: AnyReading, now: float) -> Item:
    words = ("disconnected", "not connected") if reading.away else ("stale", "error")
    word = words[reading.status == "error"]
    since = f" {duration(now - reading.taken_at)}" if reading.taken_at else ""
    note = f" — {plain(reading.note, 90)}" if reading.note else ""
    return Item(((Plain(f" ✖ {word}{since}{note} "), "alarm"),), right=True)


def _figures(frame: ServerFrame) -> list[Item]:
    memory = f"{nbytes(frame.used_memory)}"
    if frame.max_memory:
        memory += f" of {nbytes(frame.max_memory)}"
    full = frame.max_memory and frame.used_memory >= 0.9 * frame.max_memory
    ops = Plain("–") if frame.ops_per_s is None else compact(frame.ops_per_s)
    figures = [
        Item(((Plain(f"{ops:>6}"), "strong"), (Plain(" ops/s"), "dim")), 1, right=True),
        Item(((Plain(memory), "warn" if full else "text"),), 2, right=True),
        Item(((Plain(f"{frame.clients:,}"), "text"), (Plain(" clients"), "dim")), 3, right=True),
        Item(((Plain("ping "), "dim"), (milliseconds(frame.ping_ms), "text")), 4, right=True),
        Item(((Plain("our cost "), "dim"), (percent(frame.cost.share), "text")), 4, right=True),
    ]
    if frame.kind == "cluster":
        figures.insert(0, Item(((Plain("one node of a cluster"), "warn"),), 1, right=True))
    if frame.other_dashboards:
        figures.insert(0, Item(((others_watch(frame.other_dashboards), "warn"),), 2, right=True))
    if frame.evicting_since is not None:
        figures.insert(0, Item(((Plain("evicting"), "warn"),), 1, right=True))
    return figures


def tab_items(panes: Sequence[Pane[Any]], current: Pane[Any]) -> list[Item]:
    """One tab a pane, with its alert mark."""
    items = []
    for pane in panes:
        name = Plain(f" {pane.number} {pane.TAB} ") if pane is current else Plain(f"{pane.number} {pane.TAB}")
        segments: list[Segment] = [(name, "focus" if pane is current else "text")]
        if pane.alert is not None:
            segments += [(Plain(" "), "blank"), pane.alert]
        items.append(Item(tuple(segments), priority=0 if pane is current else pane.number, name=f"pane-{pane.number}"))
    return items


def footer_items(pane: Pane[Any], alone: bool, can_undo: bool, progress: Progress | None) -> list[Item]:
    """The keys that matter here; while something is under way at full speed, how far it is comes before them."""
    back = pane.way_back
    keys = [*_KEYS]
    if pane.OWN_KEY is not None and pane.has_own_key:
        keys.insert(3, pane.OWN_KEY)
    if can_undo:
        keys.insert(0, ("u", "undo", 0, "undo"))
    if progress is None and (back or alone):
        keys[keys.index(_ZOOM)] = ("esc", str(back) or "all panes", 1, "leave")
    items = [
        Item(((Plain(key), "accent"), (Plain(f" {word}"), "dim")), priority, name) for key, word, priority, name in keys
    ]
    if progress is None:
        return items
    # Esc takes back what is nearest, and the line must not promise anything else.
    key = "Esc" if back in ("", STOP) else "F5" if progress.what == "pass" else ""
    return [
        *progress_items(progress, key),
        *(replace(item, priority=item.priority + _LESSER) for item in items),
    ]

"""One line of the event stream: time, channel, type and what else the payload says."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from redis_dash.eventlog import Entry, Event, Mark
from redis_dash.secrets import HIDDEN, is_secret
from redis_dash.tui.figures import clock, nbytes
from redis_dash.tui.look import Hues, Role
from redis_dash.tui.spans import Span, measure
from redis_dash.tui.text import Plain, crop, pad, plain

_TYPE_KEYS = ("type", "event", "kind", "name")
_LEFT_OUT = frozenset({"at", "ts", "time", "timestamp"})
_MARK_ROLES: Mapping[str, Role] = {"gap": "warn", "action": "accent"}
_TIME_WIDTH = 10
_ROOMY = 32


class EventLine:
    """Draws entries; its columns widen as longer channels and types come by."""

    def __init__(self) -> None:
        self.hues = Hues()
        self.channel_width = 8
        self._type_width = 8

    def make_room(self, channels: list[bytes], most: int) -> bool:
        """Fit the channel column to these names; did it change?"""
        wanted = max([self.channel_width, *(len(plain(name, most)) for name in channels)])
        changed = wanted != self.channel_width
        self.channel_width = wanted
        return changed

    def paint(self, entry: Entry, width: int) -> list[Span]:
        """The spans of one entry."""
        if isinstance(entry, Mark):
            return _rule(entry, width)
        channel_width = min(self.channel_width, max(6, width // 5))
        gap: Span = (Plain("  " if width >= 70 else " "), "blank")
        spans: list[Span] = [(Plain(" "), "blank")]
        if width >= 40:
            spans += [(clock(entry.at), "dim"), gap]
        channel = plain(entry.channel, channel_width) or crop(Plain("(empty)"), channel_width)
        spans += [(pad(channel, channel_width), self.hues.of(entry.channel)), gap]
        return spans + self._payload(entry, gap, width - measure(spans) - 1)

    def _payload(self, entry: Event, gap: Span, room: int) -> list[Span]:
        fields = read_fields(entry)
        if fields is None:
            return _literal(entry, room)
        spans: list[Span] = []
        type_key = next((key for key in _TYPE_KEYS if isinstance(fields.get(key), str)), None)
        if type_key is not None:
            most = min(24, max(16 if room >= 30 else 8, room * 2 // 5))
            name = plain(str(fields[type_key]), most)
            self._type_width = min(most, max(self._type_width, measure(((name, "text"),))))
            spans += [(pad(name, self._type_width), "strong"), gap]
        for key, value in _in_order(fields, room - measure(spans)):
            if key == type_key or key in _LEFT_OUT:
                continue
            label = plain(key.removesuffix("_id") or key, 24)
            left = room - measure(spans) - measure(((label, "dim"),)) - 1
            shown = Plain(HIDDEN) if is_secret(key) else _value(value, 48 if isinstance(value, str) else 24)
            # Text may be cut, a number may not: 319… could be anything.
            if left < 4 or (left < len(shown) and not isinstance(value, str)):
                spans.append((Plain("…"), "dim"))
                break
            spans += [(label, "dim"), (Plain(" "), "blank"), (crop(shown, left), "text"), gap]
            if left <= len(shown):
                break  # the line is full, and the value's own ellipsis says so
        return spans


def _in_order(fields: dict[str, object], room: int) -> list[tuple[str, object]]:
    """As the application wrote them; where few will fit, amounts before ids: they are what people look for."""
    items = list(fields.items())
    return items if room >= _ROOMY else sorted(items, key=lambda item: not isinstance(item[1], float))


def _literal(entry: Event, room: int) -> list[Span]:
    """What is not a JSON object is shown as it is; of what was cut, the whole size."""
    if entry.size <= len(entry.payload):
        return [(plain(entry.payload, max(0, room)) or Plain("(empty)"), "text" if entry.payload else "dim")]
    return [(plain(entry.payload, max(0, room - 10)), "text"), (Plain(f"  {nbytes(entry.size)}"), "dim")]


def read_fields(event: Event) -> dict[str, object] | None:
    """The payload as a JSON object; None if it is something else, or was cut."""
    if event.size > len(event.payload) or event.payload.lstrip()[:1] != b"{":
        return None
    try:
        value = msgspec.json.decode(event.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _value(value: object, width: int) -> Plain:
    if isinstance(value, str):
        return plain(value, width) if value else Plain("''")
    if isinstance(value, float):
        return plain(f"{value:,.2f}" if abs(value) < 1e12 else repr(value), width)
    try:
        return plain(msgspec.json.encode(value), width)
    except (RecursionError, ValueError, msgspec.MsgspecError):
        return Plain("…")


def _rule(mark: Mark, width: int) -> list[Span]:
    """``── 12:04:33.0  reconnected, 1.2 s unknown ──────``."""
    role = _MARK_ROLES.get(mark.kind, "dim")
    text = plain(mark.text, max(0, width - _TIME_WIDTH - 10))
    used = _TIME_WIDTH + len(text) + 9
    return [
        (Plain(" ── "), "faint"),
        (clock(mark.at), "dim"),
        (Plain("  "), "blank"),
        (text, role),
        (Plain(" " + "─" * max(2, width - used)), "faint"),
    ]

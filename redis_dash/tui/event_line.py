"""One line of the event stream: time, channel, type, and other fields of the payload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from redis_dash.core.messages import Entry, Event, Mark
from redis_dash.tui.abbreviation import Abbreviations
from redis_dash.tui.formatting import clock, nbytes
from redis_dash.tui.segments import Segment, measure
from redis_dash.tui.text import Plain, crop, pad, plain
from redis_dash.tui.theme_styles import Hues, Role

if TYPE_CHECKING:
    from redis_dash.core.known_ids import KnownIds
    from redis_dash.dialects.messages import Message

_TYPE_KEYS = ("type", "event", "kind", "name")
_LEFT_OUT = frozenset({"at", "ts", "time", "timestamp"})
_MARK_ROLES: Mapping[str, Role] = {"gap": "warn", "action": "accent"}
_TIME_WIDTH = 10
_ROOMY = 32
_CHANNEL_WIDTH = 16
_LONGEST_NAME = 200
_MOST_PAINTED = 1000
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]{0,40}")


class Shown(NamedTuple):
    """The parts of an event that may be shown."""

    event: Event
    channel: Plain
    """The full name of the channel."""
    fields: dict[str, object] | None
    """The payload's fields, if it is a JSON object."""
    type_key: str | None
    """The field that holds the event's type."""
    type: Plain
    """The full type; empty if no field holds one."""
    framework: Plain
    """What wrote it; empty if that is not known."""
    kind: Plain
    """The same, with the format."""
    is_json: bool
    """Whether the payload is JSON, as published or decoded."""


@lru_cache(maxsize=256)  # a visible line is painted several times
def show(event: Event, session_globs: tuple[str, ...], ids: KnownIds | None, _version: int) -> Shown:
    """The event without secrets; ``version`` is that of the known session ids."""
    from redis_dash.core.known_ids import KnownIds  # imported here, for a quick start
    from redis_dash.redaction.redact import without_ids

    readable, message = _read(event, session_globs)
    masked = without_ids(readable, event.channel, ids or KnownIds(), has_sessions=bool(session_globs))
    return _parts(masked, message)


@lru_cache(maxsize=256)  # ids become known each second, and most messages hold none
def _read(event: Event, session_globs: tuple[str, ...]) -> tuple[Event, Message]:
    """The event with its payload decoded, without secrets except for known ids; and what is known of its format."""
    from redis_dash.dialects.messages import read_message  # imported here, for a quick start
    from redis_dash.redaction.redact import without_secrets

    message = read_message(event)
    if message.payload is not None:
        event = msgspec.structs.replace(event, payload=message.payload, size=len(message.payload))
    return without_secrets(event, session_globs), message


@lru_cache(maxsize=256)
def _parts(event: Event, message: Message) -> Shown:
    fields = read_fields(event)
    type_key = next((key for key in _TYPE_KEYS if fields and isinstance(fields.get(key), str)), None)
    text = plain(str(fields[type_key]), _LONGEST_NAME) if fields and type_key else Plain("")
    return Shown(
        event,
        plain(event.channel, _LONGEST_NAME) or Plain("(empty)"),
        fields,
        type_key,
        text,
        _words(message.framework),
        _words(message.kind),
        fields is not None or message.payload is not None,
    )


@lru_cache(maxsize=256)  # the same few words, over and over
def _words(text: str) -> Plain:
    return plain(text, _LONGEST_NAME)


class EventLine:
    """Paints entries; its columns widen as longer channels and types appear."""

    def __init__(self) -> None:
        self.hues = Hues()
        self.session_globs: tuple[str, ...] = ()
        self.known_ids: KnownIds | None = None
        """None before the first frame."""
        self._version = 0
        self._painted: dict[Event, Shown] = {}
        """What was painted of the latest events."""
        self._channel_width = 8
        self._type_width = 8
        self._channels, self._types = Abbreviations(), Abbreviations()

    def show(self, event: Event) -> Shown:
        """The event without secrets."""
        return show(event, self.session_globs, self.known_ids, self.known_ids.version if self.known_ids else 0)

    def hide(self, session_globs: tuple[str, ...], ids: KnownIds) -> bool:
        """Mask these from now on; return whether lines change."""
        before = self.session_globs, self.known_ids, self._version
        self.session_globs, self.known_ids, self._version = session_globs, ids, ids.version
        return before != (session_globs, ids, ids.version)

    def is_current(self, entry: Entry) -> bool:
        """Whether an entry would be painted as it was: no id is masked now that was not known then."""
        return isinstance(entry, Mark) or self._painted.get(entry) == self.show(entry)

    def make_room(self, entries: Iterable[Entry]) -> bool:
        """Fit the channel column to these names and learn them; return whether lines change."""
        before, is_news = self._channel_width, False
        for entry in entries:
            if isinstance(entry, Event):
                shown = self.show(entry)
                self._channel_width = max(self._channel_width, min(_CHANNEL_WIDTH, measure(((shown.channel, "text"),))))
                is_news |= self._channels.learn(shown.channel)
                is_news |= bool(shown.type) and self._types.learn(shown.type)
        return is_news or self._channel_width != before

    def know(self, channels: Iterable[str]) -> bool:
        """Learn the names of these channels; return whether lines change."""
        return sum(self._channels.learn(plain(channel, _LONGEST_NAME)) for channel in channels) > 0

    def name(self, channel: str, width: int) -> Plain:
        """The name of a channel in at most ``width`` cells."""
        return self._channels.fit(plain(channel, _LONGEST_NAME) or Plain("(empty)"), width)

    def paint(self, entry: Entry, width: int) -> list[Segment]:
        """The segments of one entry."""
        if isinstance(entry, Mark):
            return _rule(entry, width)
        channel_width = min(self._channel_width, max(6, width // 5))
        gap: Segment = (Plain("  " if width >= 70 else " "), "blank")
        segments: list[Segment] = [(Plain(" "), "blank")]
        if width >= 40:
            segments += [(clock(entry.at), "dim"), gap]
        if len(self._painted) >= _MOST_PAINTED:
            self._painted.clear()
        self._painted[entry] = shown = self.show(entry)
        channel = self._channels.fit(shown.channel, channel_width)
        segments += [(pad(channel, channel_width), self.hues.of(shown.event.channel)), gap]
        segments += self._payload(shown, gap, width - measure(segments) - 1)
        return segments if not shown.framework else segments + _at_the_end(shown, width - measure(segments) - 1)

    def _payload(self, shown: Shown, gap: Segment, room: int) -> list[Segment]:
        fields, type_key = shown.fields, shown.type_key
        if fields is None:
            return _literal(shown.event, room)
        segments: list[Segment] = []
        if shown.type:
            most = min(24, max(16 if room >= 30 else 8, room * 2 // 5))
            name = self._types.fit(shown.type, most)
            self._type_width = min(most, max(self._type_width, measure(((name, "text"),))))
            segments += [(pad(name, self._type_width), "strong"), gap]
        for key, value in _in_order(fields, room - measure(segments)):
            if key == type_key or key in _LEFT_OUT:
                continue
            label = plain(key.removesuffix("_id") or key, 24)
            left = room - measure(segments) - measure(((label, "dim"),)) - 1
            text = _value(value, 48 if isinstance(value, str) else 24)
            cells = measure(((text, "text"),))
            # Text may be cut, a number may not: 319… could be any number.
            if left < 4 or (left < cells and _is_number(value)):
                segments.append((Plain("…"), "dim"))
                break
            segments += [(label, "dim"), (Plain(" "), "blank"), (crop(text, left), "text")]
            if left < cells:
                break  # the line is full, and the value ends with its own ellipsis
            segments.append(gap)
        return segments[:-1] if segments and segments[-1] is gap else segments


def _at_the_end(shown: Shown, room: int) -> list[Segment]:
    """What wrote the message, at the right edge; nothing if it has no room beside the payload."""
    name: Segment = (shown.framework, "dim")
    free = room - measure((name,))
    return [(Plain(" " * free), "blank"), name] if free >= 2 else []


def _in_order(fields: dict[str, object], room: int) -> list[tuple[str, object]]:
    """The fields in the application's order; where few fit, amounts come before ids, which are less useful."""
    items = list(fields.items())
    return items if room >= _ROOMY else sorted(items, key=lambda item: not _is_amount(item[1]))


def _is_number(value: object) -> bool:
    """Whether it is a number, or a text that is one: in an entry of a stream all values are texts."""
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


def _is_amount(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and "." in value and _is_number(value))


def _literal(entry: Event, room: int) -> list[Segment]:
    """A payload that is no JSON object is shown as it is; a cut payload is followed by its full size."""
    if entry.size <= len(entry.payload):
        return [(plain(entry.payload, max(0, room)) or Plain("(empty)"), "text" if entry.payload else "dim")]
    return [(plain(entry.payload, max(0, room - 10)), "text"), (Plain(f"  {nbytes(entry.size)}"), "dim")]


def read_fields(event: Event) -> dict[str, object] | None:
    """The payload as a JSON object; None if it is something else or was cut."""
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


def _rule(mark: Mark, width: int) -> list[Segment]:
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

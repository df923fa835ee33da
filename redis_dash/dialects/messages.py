"""Names the kind of a message or of an entry, and decodes it as plain data: nothing in it is loaded or run.

Frameworks are recognised by the name of the channel or by the form of the message. Only messages that are on the screen
are decoded, since most are never looked at.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from redis_dash.core.decoding import text
from redis_dash.core.messages import Event
from redis_dash.decoders.decode import decode
from redis_dash.decoders.decoded import Decoded, Opaque, UndecodableError
from redis_dash.dialects import socket_io

FORMATS: Mapping[str, str] = {
    "json": "JSON",
    "msgpack": "MessagePack",
    "pickle": "pickle, read as data",
    "php": "PHP",
    "php session": "PHP session",
    "java": "Java",
    "ruby marshal": "Ruby Marshal",
    "integer": "number",
    "float": "number",
}
"""The formats as they are shown; others by their name."""
_AS_WRITTEN = ("integer", "float", "text", "json")
"""Formats that are text already: a message in one of them is shown as it was published."""
DEEPEST = 20


class Message(NamedTuple):
    """What a message is, and its content."""

    framework: str = ""
    """What wrote it: ``Celery event``; empty if that is not known."""
    format: str = ""
    """``JSON``; why it cannot be decoded, if it cannot."""
    payload: bytes | None = None
    """The decoded content as JSON; None if it is shown as it was published."""

    @property
    def kind(self) -> str:
        """``Celery event, JSON``."""
        return ", ".join(filter(None, (self.framework, self.format)))


class _Kind(NamedTuple):
    name: str
    channel: re.Pattern[bytes]
    read: Callable[[object], object]
    """Returns what is to be shown of the decoded message; None if it is shown as it was published."""


def read_message(event: Event) -> Message:
    """What a message is. One of which only the beginning was kept is recognised by its channel alone."""
    kind = _kind_of(event.channel)
    if event.id:
        return _entry(event, kind)
    if event.channel.startswith((b"__keyspace@", b"__keyevent@")):  # a name of a key, or of a command
        return Message("keyspace notification")
    if event.size > len(event.payload):
        return Message(kind.name if kind else "")
    if fields := _sentinel(event.channel, event.payload):
        return Message("Sentinel", payload=_json(fields))
    try:
        decoded = _json_object(event.payload) or decode(event.payload)
    except UndecodableError as error:
        return Message(kind.name if kind else "", f"not decoded: {error}")
    *compressions, last = decoded.format.split(", ")
    shown_format = ", ".join((*compressions, FORMATS.get(last, last)))
    name, value = _named(kind, decoded.value)
    if value is None and (compressions or last not in _AS_WRITTEN):
        value = decoded.value
    return Message(name, shown_format, None if value is None else _json(value))


def _named(kind: _Kind | None, value: object) -> tuple[str, object]:
    """What wrote a message, and what is to be shown of it."""
    if kind is None:
        return _by_form(value)
    return socket_io.read_published(value) if kind.name == socket_io.BROADCAST else (kind.name, kind.read(value))


@lru_cache(maxsize=1024)
def _kind_of(channel: bytes) -> _Kind | None:
    return next((one for one in _BY_CHANNEL if one.channel.match(channel)), None)


def _json_object(payload: bytes) -> Decoded | None:
    """What most messages are, read in a tenth of the time; None if it is something else."""
    if payload[:1] != b"{":
        return None
    try:
        return Decoded("json", msgspec.json.decode(payload))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _entry(event: Event, kind: _Kind | None) -> Message:
    """An entry of a stream: fields that hold JSON objects, or binary formats, are decoded."""
    values = {name: _field(value) for name, value in event.fields}
    name = kind.name if kind else "RQ result" if event.channel.startswith(b"rq:results:") else ""
    if re.search(rb"bull.*:events\Z", event.channel) and {"event"} <= values.keys():
        name = "BullMQ event"
    if kind is not None and kind.name == socket_io.BROADCAST and event.size <= len(event.payload):
        name, content = socket_io.read_entry(values)
        values = content if isinstance(content, dict) else values
    if event.size > len(event.payload) or values == {name: text(value) for name, value in event.fields}:
        return Message(name, "entry of a stream")
    return Message(name, "entry of a stream", _json(values))


def _field(value: bytes) -> object:
    """A value of an entry: text stays text, also if it is a number."""
    try:
        decoded = decode(value)
    except UndecodableError:
        return text(value)
    is_text = decoded.format in _AS_WRITTEN and not isinstance(decoded.value, dict | list)
    return text(value) if is_text else decoded.value


# -- frameworks that name their channels -----------------------------------------------------------------------------


def _as_published(value: object) -> object:
    return None


def _envelope(value: object) -> object:
    """What is in a message of kombu: ``body`` is Base64 or text, in the format that ``content-type`` says."""
    match value:
        case {"body": str(body), "properties": {"body_encoding": "base64"}}:
            try:
                return _only_structures(base64.b64decode(body, validate=True))
            except binascii.Error:
                return None
        case {"body": str(body), "content-type": _}:
            return _only_structures(body.encode())
    return None


def _only_structures(raw: bytes) -> object:
    try:
        value = decode(raw).value
    except UndecodableError:
        return None
    return value if isinstance(value, dict | list) else None


def _channel(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_BY_CHANNEL = (
    _Kind(socket_io.BROADCAST, _channel(rb"socket\.io(?:-\d+)?(?:#|\Z)"), _as_published),
    _Kind(socket_io.REQUEST, _channel(rb"socket\.io-request#"), socket_io.read_request),
    _Kind(socket_io.RESPONSE, _channel(rb"socket\.io-response#"), _as_published),
    _Kind("Celery event", _channel(rb".{0,60}?/\d+\.celeryev(?:/|\Z)"), _envelope),
    _Kind("Celery control", _channel(rb".{0,60}?/\d+\.(?:[\w.]+\.)?pidbox\Z"), _envelope),
    _Kind("Celery result", _channel(rb".{0,60}?celery-task(?:set)?-meta-"), _as_published),
    _Kind("Django Channels", _channel(rb".{0,60}?(?:__group__|specific\.)"), _as_published),
    _Kind("Action Cable", _channel(rb"(?:.{1,60}:)?(?:action_cable/|_action_cable_internal\Z)"), _as_published),
    _Kind("Action Cable", _channel(rb".{0,200}Z2lkOi8v"), _as_published),
    _Kind("Spring Session event", _channel(rb".{0,60}?spring:session:event:"), _as_published),
)
"""The first one whose channel matches."""


# -- frameworks that are recognised by the form of a message ---------------------------------------------------------


def _by_form(value: object) -> tuple[str, object]:
    """What wrote a message, and what is to be shown of it; None if it is shown as it was published."""
    match value:
        case {"method": "emit" | "disconnect" | "enter_room" | "leave_room" | "close_room" | "callback", "host_id": _}:
            return "Socket.IO (Python)", None
        case {"event": str(), "data": _, "socket": _, **more} if not more:
            return "Laravel broadcast", None
        case {"body": str(), "content-encoding": _, "content-type": _, "properties": {}}:
            return "Celery message", _envelope(value)
        case str() if "<turbo-stream" in value:
            return "Turbo Streams", None
    return "", None


def _sentinel(channel: bytes, payload: bytes) -> dict[str, str] | None:
    """A message of Sentinel, word by word; None if it has another form."""
    if channel == b"__sentinel__:hello":
        match text(payload).split(","):
            case [ip, port, _, epoch, master, master_ip, master_port, _]:
                return {"sentinel": f"{ip}:{port}", "master": master, "address": f"{master_ip}:{master_port}"} | {
                    "epoch": epoch
                }
        return None
    if not channel.startswith((b"+", b"-")):
        return None
    match text(payload).split(" "):
        case [master, old_ip, old_port, new_ip, new_port] if channel == b"+switch-master":
            return {"master": master, "from": f"{old_ip}:{old_port}", "to": f"{new_ip}:{new_port}"}
        case ["sentinel" | "slave" | "master" as role, name, ip, port, *more] if more[:1] in ([], ["@"]):
            return {"role": role, "name": name, "address": f"{ip}:{port}"} | ({"master": more[1]} if more[1:] else {})
    return None


# -- as JSON ---------------------------------------------------------------------------------------------------------


def _json(value: object) -> bytes:
    return msgspec.json.encode(_plain(value, 0))


def _plain(value: object, depth: int) -> object:
    """The value as JSON can represent it."""
    if depth > DEEPEST:
        return "…"
    match value:
        case dict():
            return {_name(name): _plain(one, depth + 1) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one, depth + 1) for one in value]
        case bytes():
            return text(value)
        case Opaque():
            return {f"<{value.name}>": _plain(value.fields, depth + 1)} if value.fields else f"<{value.name}>"
        case bool() | None | str():
            return value
        case int() if -(2**63) <= value < 2**63:
            return value
        case float() if value - value == 0:
            return value
    return str(value)


def _name(name: object) -> str:
    return text(name) if isinstance(name, bytes) else str(name)

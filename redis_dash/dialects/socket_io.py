"""Messages between the servers of Socket.IO: broadcasts, and what its adapters ask of each other."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis_dash.decoders.decode import decode
from redis_dash.decoders.decoded import UndecodableError

BROADCAST, REQUEST, RESPONSE = "Socket.IO broadcast", "Socket.IO request", "Socket.IO response"
_REQUESTS = (
    "sockets",
    "all rooms",
    "remote join",
    "remote leave",
    "remote disconnect",
    "remote fetch",
    "server-side event",
    "broadcast",
    "broadcast with acknowledgement: clients",
    "broadcast with acknowledgement",
)
"""Requests of the Redis adapter, by their number."""
_BROADCAST, _SERVER_SIDE_EVENT = 3, 9
_MESSAGES = {
    1: (REQUEST, "first heartbeat"),
    2: (REQUEST, "heartbeat"),
    _BROADCAST: (BROADCAST, "broadcast"),
    4: (REQUEST, "remote join"),
    5: (REQUEST, "remote leave"),
    6: (REQUEST, "remote disconnect"),
    7: (REQUEST, "remote fetch"),
    8: (RESPONSE, "remote fetch"),
    _SERVER_SIDE_EVENT: (REQUEST, "server-side event"),
    10: (RESPONSE, "server-side event"),
    11: (RESPONSE, "broadcast with acknowledgement: clients"),
    12: (RESPONSE, "broadcast with acknowledgement"),
    13: (REQUEST, "adapter closed"),
}
"""Messages of the streams adapter and the sharded adapter, by their number, with what they are."""


class SocketIoMessage(NamedTuple):
    """What a message is, and what is to be shown of it."""

    framework: str
    content: object
    """None if it is shown as it was published."""


def read_published(value: Any) -> SocketIoMessage:
    """A message on a channel of broadcasts: ``[uid, packet, {rooms, except, flags}]``, or a map with a type."""
    match value:
        case [_, {"data": _} as packet, {**options}]:
            return SocketIoMessage(BROADCAST, _packet(packet, options))
        case {"uid": _, "nsp": _, "type": int(number)} if number in _MESSAGES:
            return _numbered(value, number)
    return SocketIoMessage(BROADCAST, None)


def read_entry(fields: Mapping[str, object]) -> SocketIoMessage:
    """An entry of the stream of the streams adapter; ``data`` is JSON, or MessagePack in Base64."""
    number = fields.get("type")
    if not isinstance(number, str) or not number.isdecimal() or int(number) not in _MESSAGES:
        return SocketIoMessage(BROADCAST, None)
    return _numbered({**fields, "data": _unpacked(fields.get("data"))}, int(number))


def read_request(value: object) -> object:
    """A request or a response between servers with the Redis adapter."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), int):
        return None
    number = value["type"]
    return value | {"type": _REQUESTS[number] if 0 <= number < len(_REQUESTS) else str(number)}


def _numbered(value: Mapping[str, Any], number: int) -> SocketIoMessage:
    framework, kind = _MESSAGES[number]
    namespace = {"namespace": value.get("nsp", "/")}
    match value.get("data"):
        case {"packet": {"data": _} as packet, "opts": {**options}} if number == _BROADCAST:
            return SocketIoMessage(framework, _packet(packet, options) | namespace)
        case {"packet": [str(), *_] as packet} if number == _SERVER_SIDE_EVENT:
            return SocketIoMessage(framework, {"type": kind, **_event(packet), **namespace})
    return SocketIoMessage(framework, {**value, "type": kind})


def _packet(packet: Mapping[str, Any], options: Mapping[Any, Any]) -> dict[str, object]:
    return _event(packet["data"]) | {
        "namespace": packet.get("nsp", "/"),
        "rooms": options.get("rooms") or [],
        "except": options.get("except") or [],
    }


def _event(data: object) -> dict[str, object]:
    if isinstance(data, list) and data and isinstance(data[0], str):
        return {"event": data[0], "data": data[1] if len(data) == 2 else data[1:]}
    return {"data": data}


def _unpacked(data: object) -> object:
    if not isinstance(data, str):
        return data
    try:
        return decode(base64.b64decode(data, validate=True), "msgpack").value
    except (binascii.Error, UndecodableError, ValueError):
        return data

"""What a server holds, as JSON: every key with its type, its time to live and its whole value."""

from __future__ import annotations

import base64
import re
from typing import Any

# The client of redis-py: its types leave open whether replies are bytes or text.
Client = Any
PRINTABLE = range(0x20, 0x7F)


def dump(redis: Client) -> list[dict[str, Any]]:
    """Return every key of the database, sorted by name. `pttl` is in milliseconds, -1 for a key that never expires."""
    found = []
    for name in sorted(redis.scan_iter(count=1000)):
        kind = redis.type(name).decode()
        left = redis.pttl(name)
        if left != -2:  # -2: it has expired since the scan
            found.append({"name": escaped(name), "type": kind, "pttl": left, "value": value(redis, name, kind)})
    return found


class Messages:
    """Hears what is published on any channel, from the moment it is made."""

    MOST = 20

    def __init__(self, redis: Client) -> None:
        self._pubsub = redis.pubsub()
        self._pubsub.psubscribe("*")
        self._pubsub.get_message(timeout=5)  # the server confirms the subscription

    def taken(self) -> list[Any]:
        """Return [channel, content] of the first messages, and end the subscription."""
        self._pubsub.ping()  # its reply comes after all that was published before
        heard = []
        while (message := self._pubsub.get_message(timeout=5)) is not None and message["type"] == "pmessage":
            heard.append([escaped(message["channel"]), coded(message["data"])])
        self._pubsub.close()
        return heard[: self.MOST]


def value(redis: Client, name: bytes, kind: str) -> Any:
    """Return the whole value: pairs for a hash, members with scores for a zset, [id, pairs] for a stream."""
    match kind:
        case "string":
            return coded(redis.get(name))
        case "hash":
            return [[coded(field), coded(content)] for field, content in sorted(redis.hgetall(name).items())]
        case "zset":
            return [[coded(member), score] for member, score in redis.zrange(name, 0, -1, withscores=True)]
        case "list":
            return [coded(item) for item in redis.lrange(name, 0, -1)]
        case "set":
            return [coded(member) for member in sorted(redis.smembers(name))]
        case "stream":
            return [
                [coded(entry), [[coded(field), coded(content)] for field, content in fields.items()]]
                for entry, fields in redis.xrange(name)
            ]
    raise ValueError(f"a key of type {kind}")


def coded(data: bytes) -> str | dict[str, str]:
    """Return bytes as text where all are printable ASCII, else as {"base64": text}."""
    if all(byte in PRINTABLE for byte in data):
        return data.decode("ascii")
    return {"base64": base64.b64encode(data).decode("ascii")}


def decoded(content: str | dict[str, str]) -> bytes:
    """Return the bytes that `coded` was given."""
    return content.encode("ascii") if isinstance(content, str) else base64.b64decode(content["base64"], validate=True)


def escaped(name: bytes) -> str:
    r"""Return the name of a key as printable ASCII: other bytes as \xNN, a backslash as \\."""
    return "".join("\\\\" if byte == 0x5C else chr(byte) if byte in PRINTABLE else f"\\x{byte:02x}" for byte in name)


def unescaped(text: str) -> bytes:
    """Return the bytes that `escaped` was given."""
    data = text.encode("ascii")
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", lambda found: bytes([int(found[1][1:] or b"5c", 16)]), data)


def server_time(redis: Client) -> float:
    """Return the server's clock in seconds since 1970."""
    seconds, microseconds = redis.time()
    return float(seconds) + float(microseconds) / 1e6

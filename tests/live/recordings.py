"""What real frameworks wrote, with what they knew of it: ``tests/recorded``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import redis

from frameworks.dump import decoded, unescaped

FOLDER = Path(__file__).parents[1] / "recorded"


def recordings(*kinds: str) -> list[str]:
    """The names of the recordings of these kinds: ``limits``, ``sessions``, ``caches``, ``bystander``."""
    return [path.stem for path in sorted(FOLDER.glob("*.json")) if recording(path.stem)["truth"]["kind"] in kinds]


def recording(name: str) -> dict[str, Any]:
    """One recording."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def replay(client: redis.Redis, name: str, prefix: bytes = b"") -> None:
    """Write all keys of a recording, with the lifetimes that they had, and with a prefix."""
    for key in recording(name)["keys"]:
        raw, value = prefix + unescaped(key["name"]), key["value"]
        match key["type"]:
            case "string":
                client.set(raw, decoded(value))
            case "hash":
                client.hset(raw, mapping={decoded(field): decoded(content) for field, content in value})
            case "zset":
                client.zadd(raw, {decoded(member): score for member, score in value})
            case "list":
                client.rpush(raw, *map(decoded, value))
            case "set":
                client.sadd(raw, *map(decoded, value))
            case "stream":
                for entry, fields in value:
                    client.xadd(raw, {decoded(field): decoded(content) for field, content in fields}, decoded(entry))
        if key["pttl"] > 0:
            client.pexpire(raw, key["pttl"])

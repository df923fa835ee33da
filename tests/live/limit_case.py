"""Keys of an application by hand, with what is to be shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import redis

IPV4, IPV6 = "203.0.113.9", "2001:db8::9"


class Key(NamedTuple):
    """One key of an application."""

    name: str
    type: str
    value: object
    ttl_s: float | None = None


class Truth(NamedTuple):
    """What is to be shown of one client."""

    client: str
    used: int | None
    """None if the key does not say it."""
    limit: int | None = None
    window_s: float | None = None
    blocked: bool = False
    reset_s: float | None = None
    left: int | None = None
    clear_s: float | None = None


class Case(NamedTuple):
    """The keys of one framework."""

    layout: str
    globs: dict[str, str]
    """What is recognised: the names of layouts by glob."""
    keys: Sequence[Key]
    truths: Sequence[Truth]


def text(name: str, value: object, ttl_s: float | None = None) -> Key:
    """A string."""
    return Key(name, "string", value, ttl_s)


def load(client: redis.Redis, keys: Sequence[Key]) -> None:
    """Write the keys with their lifetimes."""
    for key in keys:
        value: object = key.value
        if key.type == "string":
            client.set(key.name, value)  # type: ignore[arg-type]
        elif key.type == "list":
            client.rpush(key.name, *value)  # type: ignore[misc]
        elif key.type == "hash":
            client.hset(key.name, mapping=value)  # type: ignore[arg-type]
        elif key.type == "set":
            client.sadd(key.name, *value)  # type: ignore[misc]
        else:
            client.zadd(key.name, value)  # type: ignore[arg-type]
        if key.ttl_s is not None:
            client.pexpire(key.name, round(1000 * key.ttl_s))

"""What the version of a server means for a test."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import redis


def version(client: redis.Redis) -> tuple[int, ...]:
    """The version of Redis that the server has, or is compatible with."""
    return tuple(map(int, client.info("server")["redis_version"].split(".")))


def needs(client: redis.Redis, *least: int, what: str) -> None:
    """Skip the test on an older server, where ``what`` cannot exist."""
    if version(client) < least:
        pytest.skip(f"Redis {'.'.join(map(str, least))} introduced {what}")


def known_rules(client: redis.Redis, rules: Iterable[str]) -> list[str]:
    """The rules that the server takes: Redis 7.0 refuses those about subcommands that later servers have."""
    return [rule for rule in rules if "no-touch" not in rule or not (7,) <= version(client) < (7, 2)]


def read_rules(client: redis.Redis, rules: Iterable[str]) -> list[str]:
    """The rules as the server takes them: before Redis 7 a key that may be read may be written, too."""
    return list(rules) if version(client) >= (7,) else [rule.replace("%R~", "~") for rule in rules]


def removable(client: redis.Redis, rules: Iterable[str]) -> list[str]:
    """The rules that remove commands: before Redis 7 only whole commands can be removed, no subcommands."""
    return list(rules) if version(client) >= (7,) else [rule.partition("|")[0] for rule in rules]


def knows(client: redis.Redis, *least: int) -> bool:
    """Whether the server is as new as this."""
    return version(client) >= least

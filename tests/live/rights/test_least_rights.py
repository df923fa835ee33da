"""The lists of docs/rights.md are enough, and no rule of them can be left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.diagnosis.needs import READER, Needs, besides, topics
from redis_dash.sources import SOURCES
from tests.live.limited import allow
from tests.live.rights.least import BESIDES, CHECKS, TOPICS, fill_all, settings
from tests.live.rights.test_missing_rights import needs
from tests.live.versions import known_rules, version


def needed(name: str) -> Needs:
    given = settings(0)
    return (topics(given) | besides(given))[name]


def others(name: str, *, read_rules: bool) -> tuple[str, ...]:
    """What must be granted besides: a session can only be signed out where sessions are shown."""
    before = {"sign out": ("sessions",), "undo": ("sessions", "sign out")}.get(name, ())
    return tuple(rule for one in before for rule in needed(one).rules(read_rules=read_rules))


def pairs() -> Iterator[tuple[str, str]]:
    for name in CHECKS:
        for rule in needed(name).rules():
            yield name, rule


def test_each_list_has_its_check() -> None:
    assert [*TOPICS] == [source.topic for source in SOURCES] == [*topics(settings(0))]
    assert [*BESIDES] == [*besides(settings(0))]


@pytest.mark.parametrize("name", CHECKS)
async def test_the_list_is_enough(client: redis.Redis, server: EmbeddedServer, name: str) -> None:
    fill_all(client)
    has_read_rules = version(client) >= (7,)
    given = others(name, read_rules=has_read_rules)
    allow(client, "resetchannels", *known_rules(client, (*given, *needed(name).rules(read_rules=has_read_rules))))
    assert await CHECKS[name](client, server.port) == []


@pytest.mark.parametrize(("name", "left_out"), list(pairs()))
async def test_each_rule_is_necessary(client: redis.Redis, server: EmbeddedServer, name: str, left_out: str) -> None:
    has_read_rules = version(client) >= (7,)
    if left_out == "+client|no-touch" and version(client) < (7, 2):
        pytest.skip("the server does not know it")
    fill_all(client)
    left_out = left_out if has_read_rules else left_out.replace("%R~", "~")
    rules = [*others(name, read_rules=has_read_rules), *needed(name).rules(read_rules=has_read_rules)]
    allow(client, "resetchannels", *known_rules(client, (rule for rule in rules if rule != left_out)))
    assert await CHECKS[name](client, server.port) != []


async def test_dashboards_are_also_counted_by_their_channel(client: redis.Redis, server: EmbeddedServer) -> None:
    """A user who may receive messages needs no CLIENT LIST."""
    fill_all(client)
    has_read_rules = version(client) >= (7,)
    way = needed("cache").other_way
    assert way is not None
    rules = [*needed("events").rules(read_rules=has_read_rules), *way.needs.rules()]
    rules += [one for one in needed("cache").rules(read_rules=has_read_rules) if one.strip("+") not in way.replaces]
    allow(client, "resetchannels", *rules)
    assert await CHECKS["cache"](client, server.port) == []
    for left_out in way.needs.rules():
        allow(client, "resetchannels", *(one for one in rules if one != left_out))
        assert await CHECKS["cache"](client, server.port) != [], left_out


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in ("sign out", "undo")])
async def test_the_line_for_everything_is_enough(client: redis.Redis, server: EmbeddedServer, name: str) -> None:
    needs(client, 7)
    fill_all(client)
    allow(client, "resetchannels", *known_rules(client, READER))
    assert await CHECKS[name](client, server.port) == []
    assert client.execute_command("ACL", "DRYRUN", "w", "SET", "a", "1") != b"OK"  # type: ignore[no-untyped-call]

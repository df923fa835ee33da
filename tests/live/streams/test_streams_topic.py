"""Streams in the topic of events: in the snapshot, in the hub, on several nodes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import CountAfresh, FollowStreams
from redis_dash.hub import Hub
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.snapshot import take
from redis_dash.streams.reader import StreamReader
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import allow
from tests.live.streams.following import add
from tests.live.test_hub import Desk
from tests.live.two_nodes import two_nodes
from tests.live.versions import read_rules


class Announced(io.StringIO):
    """Calls a function when the snapshot begins to count."""

    def __init__(self, begun: Callable[[], object]) -> None:
        super().__init__()
        self._begun = begun

    def write(self, text: str) -> int:
        if text.startswith("redis-dash: watching"):
            self._begun()
        return super().write(text)


async def test_the_snapshot_counts_the_entries_of_its_time(server: EmbeddedServer, client: redis.Redis) -> None:
    """Those that were added just before the end are counted: it reads once more."""
    add(client, 0, 4)
    client.xgroup_create("orders", "shipping", "$")
    config = Config(url=server.url, streams=("orders", "missing"), refresh_s=0.1)
    document, code = await take(config, 0, ("events",), Announced(lambda: add(client, 4, 3)))
    topic = json.loads(document)["topics"]["events"]
    frame = topic["frame"]
    assert (code, topic["status"]) == (0, "ok")
    assert (frame["received"], frame["kept"], frame["overwritten"], frame["missed"]) == (3, 3, 0, 0)
    orders, missing = frame["streams"]
    assert (orders["stream"], orders["count"], orders["trouble"]) == ("orders", 3, "")
    assert [group["name"] for group in orders["groups"]] == ["shipping"]
    assert (missing["stream"], missing["count"], missing["trouble"]) == ("missing", 0, "there is no such key yet")


async def test_a_snapshot_begins_when_each_stream_is_read(
    server: EmbeddedServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nobody knows which entries are new."""
    answers = iter((False, False, False))
    asked: list[bool] = []

    def is_ready(_reader: StreamReader) -> bool:
        asked.append(next(answers, True))
        return asked[-1]

    monkeypatch.setattr(StreamReader, "is_ready", property(is_ready))
    await take(Config(url=server.url, streams=("orders",)), 0, ("events",), io.StringIO())
    assert asked == [False, False, False, True]


async def test_what_is_no_stream_and_a_missing_right_reduce_the_topic(
    server: EmbeddedServer, client: redis.Redis
) -> None:
    client.hset("orders", "a", "b")
    allow(client, "~o*", "&*", "+@all")
    config = Config(url=f"redis://w:pw@127.0.0.1:{server.port}/0", streams=("orders", "payments"))
    document, _ = await take(config, 0, ("events",), io.StringIO())
    topic = json.loads(document)["topics"]["events"]
    assert topic["status"] == "reduced"
    assert topic["note"] == "orders: no stream: the key is a hash; payments: not allowed to use this key"
    assert topic["remedy"].startswith("ACL SETUSER w ")
    assert topic["remedy"].endswith("~payments")


async def test_streams_are_shown_where_no_channel_may_be_received(server: EmbeddedServer, client: redis.Redis) -> None:
    allow(client, "~*", "resetchannels", "+@all")
    config = Config(url=f"redis://w:pw@127.0.0.1:{server.port}/0", streams=("orders",))
    add(client, 0, 1)
    document, code = await take(config, 0, ("events",), Announced(lambda: add(client, 1, 2)))
    topic = json.loads(document)["topics"]["events"]
    assert (code, topic["status"], topic["frame"]["received"]) == (0, "reduced", 2)
    assert topic["note"].startswith("no channels: not allowed")


async def test_where_neither_channels_nor_streams_may_be_read_both_are_told(
    server: EmbeddedServer, client: redis.Redis
) -> None:
    allow(client, "resetchannels", "+@all", "-xread")
    config = Config(url=f"redis://w:pw@127.0.0.1:{server.port}/0", streams=("orders",))
    document, _ = await take(config, 0, ("events",), io.StringIO())
    topic = json.loads(document)["topics"]["events"]
    assert topic["status"] == "off"
    assert "orders: not allowed to run XREAD, nor to use this key" in topic["note"]
    assert topic["remedy"].split()[3:] == ["&*", "+xread", *read_rules(client, ["%R~orders"])]


async def test_the_hub_follows_the_streams_of_a_kind(server: EmbeddedServer, client: redis.Redis) -> None:
    add(client, 0, 2)
    async with running(Hub(Config(url=server.url, refresh_s=0.1))) as hub:
        desk = Desk(hub)

        def kind() -> Any:
            frame = hub.keys().frame
            return next((one for one in frame.kinds if one.types), None) if frame else None

        await until(lambda: kind() is not None)
        assert kind().watched == ()
        hub.ask(FollowStreams(kind().id))
        await until(lambda: hub.follows_streams and kind().watched == (("events", 1),))
        add(client, 2, 3)
        await until(lambda: desk.all_are("ok") and desk.frame("events").received == 3)
        assert [(one.stream, one.count) for one in desk.frame("events").streams] == [("orders", 3)]
        hub.ask(CountAfresh())
        await until(lambda: desk.all_are("ok") and desk.frame("events").received == 0)


async def test_a_kind_can_be_followed_while_a_new_pass_has_not_found_it_yet(
    server: EmbeddedServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(client, 0, 2)
    async with running(Hub(Config(url=server.url, refresh_s=0.1))) as hub:

        def kind() -> Any:
            frame = hub.keys().frame
            return next((one for one in frame.kinds if one.types), None) if frame else None

        await until(lambda: kind() is not None)
        shown = kind()
        monkeypatch.setattr(KeyPatterns, "found", property(lambda patterns: ()))
        hub.ask(FollowStreams(shown.id))
        assert [stream.name for stream in hub._streams.streams] == [b"orders"]


async def test_streams_on_two_nodes() -> None:
    with two_nodes() as nodes:
        deployment = nodes.deployment()
        reader = StreamReader(deployment, MessageRing())
        keys = [f"orders:{number}" for number in range(6)]
        reader.follow(key.encode() for key in keys)
        await reader.read()
        for key in keys:
            add(nodes.client_of(key), 0, 2, key)
        await reader.read()
        assert [stream.received for stream in reader.streams] == [2] * len(keys)
        await deployment.close()


def test_not_more_than_a_fixed_number_is_followed() -> None:
    deployment: Callable[..., Any] = Deployment
    reader = StreamReader(deployment(Url("redis://127.0.0.1:1/0")), MessageRing())
    reader.follow(b"%d" % number for number in range(40))
    assert (len(reader.streams), reader.left_out) == (32, 8)

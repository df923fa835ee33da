"""Sessions of a pattern without a format: JSON, or a map in any other format of strings."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import msgspec
import pytest
import redis

from redis_dash.dialects.base import SessionPattern
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource

MakeContext = Callable[..., Context]
USER = {"user": "ann@example.com", "role": "admin"}


@pytest.mark.parametrize(
    "value",
    [
        msgspec.json.encode(USER),
        msgspec.msgpack.encode(USER),
        pickle.dumps(USER),
        b'user|s:15:"ann@example.com";role|s:5:"admin";',
    ],
    ids=["JSON", "MessagePack", "pickle", "PHP"],
)
async def test_a_map_is_read(make_context: MakeContext, client: redis.Redis, value: bytes) -> None:
    client.set("own:1", value, ex=60)
    source = SessionsSource(context := make_context(sessions=(SessionPattern("own:*"),)))
    await context.keyspace.pass_over()
    sample = await source.read()
    assert [(row.user, row.role) for row in sample.frame.rows] == [("ann@example.com", "admin")]
    assert (sample.status, sample.note) == ("ok", "")


@pytest.mark.parametrize("value", [b"7", b"hello", b"\x80\x04K\x01.", b"\xff\xfe\x00", msgspec.msgpack.encode([1])])
async def test_what_is_no_map_is_told_as_unknown(make_context: MakeContext, client: redis.Redis, value: bytes) -> None:
    client.set("own:1", value, ex=60)
    source = SessionsSource(context := make_context(sessions=(SessionPattern("own:*"),)))
    await context.keyspace.pass_over()
    sample = await source.read()
    assert "have a format that is not known here" in sample.note or "has a format that is not known here" in sample.note

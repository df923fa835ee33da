"""The format of a session whose value may not be read is that of its pattern: title, list and details say the same."""

from __future__ import annotations

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.session_dialects import UNKNOWN
from redis_dash.sources.sessions import SessionsSource
from tests.live.limited import allow, config, context
from tests.live.recordings import replay

STAR = "starsessions"


async def read(server: EmbeddedServer, pattern: SessionPattern) -> SessionsFrame:
    """The sessions of a pattern, as the user ``w`` sees them."""
    made = context(msgspec.structs.replace(config(server.port), sessions=(pattern,)))
    try:
        source = SessionsSource(made)
        await made.keyspace.pass_over()
        return (await source.read()).frame
    finally:
        await made.deployment.close()


@pytest.mark.parametrize(
    ("pattern", "rules", "format_"),
    [
        (SessionPattern("starsessions.*", STAR), ("-get", "-getrange"), STAR),
        (SessionPattern("starsessions.*"), ("-get", "-getrange"), UNKNOWN),
        (SessionPattern("starsessions.*", STAR), (), STAR),
    ],
)
async def test_sessions_that_may_not_be_read_have_the_format_of_their_pattern(
    client: redis.Redis, server: EmbeddedServer, pattern: SessionPattern, rules: tuple[str, ...], format_: str
) -> None:
    client.flushall()
    replay(client, STAR)
    allow(client, "~*", "&*", "+@all", *rules)
    frame = await read(server, pattern)
    assert frame.rows
    assert {row.dialect for row in frame.rows} == {format_}
    assert [one.name or UNKNOWN for one in frame.formats] == [format_]
    assert {row.is_readable for row in frame.rows} == {not rules}
    if rules:
        assert {row.shown_user for row in frame.rows} == {"(not readable)"}


async def test_a_value_of_another_type_is_not_said_to_be_of_the_pattern(
    client: redis.Redis, server: EmbeddedServer
) -> None:
    """HGETALL says that it is no hash; the command that may read it is refused."""
    client.set("own:1", '{"user": "ann"}')
    allow(client, "~*", "&*", "+@all", "-get", "-getrange")
    frame = await read(server, SessionPattern("own:*", "hash"))
    assert [(row.dialect, row.shown_user) for row in frame.rows] == [(UNKNOWN, "(not readable)")]


async def test_where_only_hgetall_is_refused_the_pattern_tells(client: redis.Redis, server: EmbeddedServer) -> None:
    client.hset("own:1", mapping={"user": "ann"})
    allow(client, "~*", "&*", "+@all", "-hgetall")
    frame = await read(server, SessionPattern("own:*", "hash"))
    assert [(row.dialect, row.shown_user) for row in frame.rows] == [("hash", "(not readable)")]

"""Which pattern of session keys is in which format is said of that pattern alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
import redis

from redis_dash.config import Config
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.snapshot import take
from redis_dash.sources import sessions as followed
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource

MakeContext = Callable[..., Context]

ID = "Kx9f2LqP7TzW4mNb"
EXPRESS = "Express (connect-redis)"
PATTERNS = (SessionPattern("sess:*", EXPRESS), SessionPattern("own:*"), SessionPattern("j:*", "json", user="mail"))


async def frame_of(make_context: MakeContext, *patterns: SessionPattern) -> SessionsFrame:
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    return (await source.read()).frame


def sign_in(client: redis.Redis, *prefixes: str) -> None:
    for prefix in prefixes:
        client.set(f"{prefix}:{ID}", json.dumps({"cookie": {"path": "/"}, "mail": "ann@example.com"}), ex=3600)


async def test_each_pattern_has_its_format_or_none(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, "sess", "own", "j")
    frame = await frame_of(make_context, *PATTERNS)
    assert [(one.keys, one.name) for one in frame.formats] == [("sess:*", EXPRESS), ("own:*", ""), ("j:*", "json")]


async def test_patterns_without_a_session_are_left_out(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, "j")
    frame = await frame_of(make_context, *PATTERNS)
    assert [(one.keys, one.name) for one in frame.formats] == [("j:*", "json")]


async def test_no_format_is_named_without_a_session(make_context: MakeContext, client: redis.Redis) -> None:
    assert (await frame_of(make_context, *PATTERNS)).formats == ()


async def test_all_patterns_are_named_where_some_sessions_are_not_followed(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is not followed may be of any pattern."""
    monkeypatch.setattr(followed, "FOLLOWED", 2)
    for number in range(10):
        client.set(f"sess:{ID}{number}", '{"cookie": {"path": "/"}}', ex=3600)
    client.set(f"own:{ID}", '{"mail": "ann@example.com"}', ex=5)
    frame = await frame_of(make_context, *PATTERNS)
    assert {row.dialect for row in frame.rows} == {EXPRESS}
    assert [one.keys for one in frame.formats] == ["sess:*", "own:*", "j:*"]


async def test_the_snapshot_names_the_patterns(redis_url: str, client: redis.Redis) -> None:
    sign_in(client, "sess", "own")
    config = Config(url=redis_url, sessions=PATTERNS)
    document, _ = await take(config, 0.0, ["sessions"], io.StringIO(), full=True)
    formats = json.loads(document)["topics"]["sessions"]["frame"]["formats"]
    assert [(one["keys"], one["name"]) for one in formats] == [("sess:*", EXPRESS), ("own:*", None)]


async def test_a_pattern_that_is_a_key_is_shown_without_the_id(make_context: MakeContext, client: redis.Redis) -> None:
    """What was recognised by one key may have that key as its pattern."""
    sign_in(client, "sess", "own")
    frame = await frame_of(make_context, SessionPattern(f"sess:{ID}", EXPRESS), SessionPattern("own:*"))
    assert [one.keys for one in frame.formats] == ["sess:Kx9f…", "own:*"]

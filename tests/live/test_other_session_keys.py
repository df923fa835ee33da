"""A key of another type that matches the pattern of sessions is told apart from the sessions."""

from __future__ import annotations

import json
from collections.abc import Callable

import redis

from redis_dash.core.certainty import at_least
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.dialects.base import SessionPattern
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from redis_dash.tui.panes.sessions import SessionsPane
from tests.tui.fakes import sessions

MakeContext = Callable[..., Context]


async def frame_of(make_context: MakeContext, *patterns: SessionPattern) -> SessionsFrame:
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    return (await source.read()).frame


def sign_in(client: redis.Redis, number: int) -> None:
    for index in range(number):
        client.set(f"session:Kx9f2LqP7TzW4mN{index}", json.dumps({"user": "ann@example.com"}), ex=3600)


def title(frame: SessionsFrame) -> list[str]:
    return ["".join(text for text, _ in piece) for piece in SessionsPane(2).answer(frame)]


async def test_a_hash_beside_sessions_is_no_session(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in(client, 5)
    client.hset("session:stats:daily", "logins", 7)
    frame = await frame_of(make_context, SessionPattern("session:*"))
    assert (frame.count.value, frame.other_type) == (6, 1)
    assert title(frame) == ["5 sessions", "1 other key"]
    exported = json.loads(json.dumps(frame.exported(), default=str))
    assert (exported["count"], exported["low"], exported["high"], exported["other_type"]) == (5, 5, 5, 1)
    client.hset("session:stats:weekly", "logins", 7)
    assert title(await frame_of(make_context, SessionPattern("session:*"))) == ["5 sessions", "2 other keys"]


async def test_keys_that_are_all_of_another_type_may_be_the_sessions(
    make_context: MakeContext, client: redis.Redis
) -> None:
    for number in range(3):
        client.hset(f"session:{number}", "user", "ann")
    assert title(await frame_of(make_context, SessionPattern("session:*"))) == ["3 sessions"]


def test_of_an_estimate_nothing_is_taken_away() -> None:
    """How many of the keys that are not followed have another type is not known."""
    frame = sessions(count=1_010_000, spread=10_000)
    assert title(SessionsFrame(frame.count, frame.rows, other_type=3)) == title(frame)


def test_of_a_lower_bound_only_what_was_read_as_a_session_is_left() -> None:
    """As while a primary of a cluster is missing: keys count of which some may have gone, or were not read yet."""
    frame = SessionsFrame(at_least(371, 700), sessions().rows, other_type=193, read=175)
    assert (frame.sessions.value, frame.sessions.low, frame.sessions.high) == (175, 175, 507)
    assert title(frame)[:2] == ["175+ sessions", "193 other keys"]
    assert SessionsFrame(at_least(371), (), other_type=193, read=180).sessions.value == 178

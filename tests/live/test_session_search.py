"""Sessions are found among all sessions: by user, field or the beginning of the id."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis

from redis_dash.core.commands import StopSearch
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.searching import found, searching, sign_in_many

MakeContext = Callable[..., Context]


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("user123@", "user123@example.com"),
        ("USER2999@EXAMPLE", "user2999@example.com"),
        ("email=user77@", "user77@example.com"),
        ("02001-01", "user2001@example.com"),
    ],
)
async def test_one_session_is_found_among_many(
    make_context: MakeContext, client: redis.Redis, text: str, user: str
) -> None:
    sign_in_many(client, 3000)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search(text)
        result = await found(source)
    assert [row.user for row in result.rows] == [user]
    assert (result.found, result.read, result.coverage, result.running, result.note) == (1, 3000, 1.0, False, "")
    assert result.rows[0].ttl_known


async def test_a_search_finds_what_is_escaped_in_the_value(make_context: MakeContext, client: redis.Redis) -> None:
    client.set("session:1-0123456789", json.dumps({"email": "jörg@example.com"}))
    client.set("session:2-0123456789", json.dumps({"email": "jorg@example.com", "path": "a/b"}).replace("/", "\\/"))
    client.set("session:3-0123456789", json.dumps({"email": "Jörg2@example.com"}, ensure_ascii=False))
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search("JÖRG")
        assert {row.user for row in (await found(source)).rows} == {"jörg@example.com", "Jörg2@example.com"}
        search("a/b")
        assert [row.user for row in (await found(source)).rows] == ["jorg@example.com"]


async def test_secrets_are_not_searched(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in_many(client, 10)
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search("abc")
        assert (await found(source)).found == 0


async def test_of_many_that_are_found_the_latest_are_kept(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.session_search.KEPT", 10)
    sign_in_many(client, 2000)
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search("plan=plan-3")
        result = await found(source)
        assert result.found == len(range(3, 2000, 7))
        assert result.rows[0].user == "user1998@example.com"
        assert 10 <= len(result.rows) <= 20
        client.delete("session:01998-0123456789")
        again = await found(source)
        assert again.rows[0].user == "user1991@example.com"
        assert again.found == result.found - 1
        search("")
        await until(lambda: source.progress() is None)
        assert (await source.read()).frame.search is None


async def test_a_search_can_be_stopped_and_keeps_what_it_found(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.throttle.FIRST_COUNT", 100)
    monkeypatch.setattr("redis_dash.keyspace.throttle.MOST_COUNT", 100)
    sign_in_many(client, 20_000)
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search("user1")
        await until(lambda: (progress := source.progress()) is not None and progress.found > 0)
        source.ask(StopSearch())
        result = await found(source)
    assert result.note == "stopped"
    assert 0 < result.coverage < 1
    assert result.rows


async def test_a_search_that_is_replaced_leaves_nothing_behind(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.throttle.FIRST_COUNT", 100)
    monkeypatch.setattr("redis_dash.keyspace.throttle.MOST_COUNT", 100)
    sign_in_many(client, 5000)
    source = SessionsSource(context := make_context())
    await context.keyspace.pass_over()
    async with searching(source) as search:
        for _ in range(5):
            search("plan=plan-2")
            await until(lambda: (progress := source.progress()) is not None and progress.found > 20)
            search("user4321@")
            result = await found(source)
            assert [row.user for row in result.rows] == ["user4321@example.com"]
            assert (result.found, result.read, result.coverage) == (1, 5000, 1.0)

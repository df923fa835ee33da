"""No session id is shown or exported, whatever the application writes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.commands import RevokeSession, ShowRanks
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources.base import Context
from redis_dash.sources.events import EventsSource
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.searching import found, searching

IDS = [f"Kx9f2LqP7TzW4mN{letter}" for letter in "abcdefg"]


@pytest.fixture
def values(client: redis.Redis) -> None:
    """Create sessions that repeat their id in every known way."""
    written: list[Callable[[str], object]] = [
        lambda sid: {"id": sid, "user": {"email": "ann@example.com"}},
        lambda sid: {"sub": sid},
        lambda sid: {"data": {"id": sid}},
        lambda sid: {"auth": {"id": sid}},
        lambda sid: {"user": f"session:{sid}", "role": sid, "cookie": f"s%3A{sid}.sig"},
        lambda sid: {sid: {"deep": sid}, "note": f"it is {sid}", "list": [sid]},
        lambda sid: {"email": sid, "name": "Ann"},
    ]
    for sid, value in zip(IDS, written, strict=True):
        client.set(f"session:{sid}", json.dumps(value(sid)), ex=1000)


def assert_hidden(*things: object) -> None:
    for thing in things:
        assert not [sid for sid in IDS if sid in str(thing)]


@pytest.mark.usefixtures("values")
async def test_the_export_holds_no_id(redis_url: str) -> None:
    talk = io.StringIO()
    config = Config(url=redis_url, sessions=("session:*",))
    document, code = await take(config, 0.0, ["sessions"], talk, full=True)
    rows = json.loads(document)["topics"]["sessions"]["frame"]["rows"]
    assert (code, len(rows)) == (0, len(IDS))
    assert {row["user"] for row in rows} == {"ann@example.com", "Ann", "(hidden)", ""}
    assert_hidden(document, talk.getvalue())


@pytest.mark.usefixtures("values")
async def test_rows_searches_and_marks_hold_no_id(redis_url: str, make_context: Callable[..., Context]) -> None:
    source = SessionsSource(context := make_context(sessions=("session:*",)))
    await context.keyspace.pass_over()
    frame: SessionsFrame = (await source.read()).frame
    assert len(frame.rows) == len(IDS)
    assert_hidden(frame.rows)
    async with searching(source) as search:
        search("ann@")
        assert_hidden(result := await found(source))
    assert [row.user for row in result.rows] == ["ann@example.com"]
    hub = Hub(Config(url=redis_url))
    for row in frame.rows:
        outcome = await hub.submit(RevokeSession(row))
        assert outcome.result == "deleted"
        assert_hidden(outcome, repr(outcome.undo), outcome.undo.user if outcome.undo else "")
    log = hub._subscriber.log
    assert_hidden(log.read(log.start, log.end))
    await hub.deployment.close()


@pytest.mark.own_errors(1)
async def test_an_error_reply_holds_no_key(deployment: Deployment) -> None:
    """Servers repeat the arguments of a failed command."""
    replies = await deployment.pipeline([(b"NOSUCHCOMMAND", f"session:{IDS[0]}".encode()) for _ in range(2)])
    assert {str(reply).replace("`", "'") for reply in replies} == {"ERR unknown command 'NOSUCHCOMMAND'"}
    assert_hidden(replies)


def repeat(client: redis.Redis, prefix: str = "session:") -> None:
    """Write keys and messages that hold the ids of sessions."""
    for sid in IDS[:2]:
        client.set(f"{prefix}{sid}", '{"user": "plain"}', ex=1500)
        client.set(f"ratelimit:{sid}", 5, ex=50)
        client.zadd("leaderboard:online", {sid: 2})


@pytest.mark.parametrize("prefix", ["session:", "session:web:"])
async def test_rows_of_other_topics_hold_no_id(
    make_context: Callable[..., Context], client: redis.Redis, prefix: str
) -> None:
    repeat(client, prefix)
    context = make_context()
    sessions, limits, boards = SessionsSource(context), RateLimitsSource(context), LeaderboardsSource(context)
    await context.keyspace.pass_over()
    await sessions.read()
    limited: RateLimitsFrame = (await limits.read()).frame
    assert [(row.identity, row.key) for row in limited.rows] == [("Kx9f…", "ratelimit:Kx9f…")] * 2
    ranked: LeaderboardsFrame = (await boards.read()).frame
    assert [row.member for row in ranked.boards[0].rows] == ["Kx9f…"] * 2
    assert len({row.masked for row in ranked.boards[0].rows}) == 2
    assert_hidden(limited, ranked)
    boards.ask(ShowRanks("leaderboard:online", member=IDS[0]))
    (board,) = (await boards.read()).frame.boards
    assert not board.missing
    assert_hidden(board.rows)


async def test_an_exports_limits_boards_and_channels_hold_no_id(redis_url: str, client: redis.Redis) -> None:
    repeat(client)
    topics = ["events", "sessions", "rate_limits", "leaderboards"]
    taking = asyncio.create_task(take(Config(url=redis_url), 0.5, topics, io.StringIO(), full=True))
    await until(lambda: client.pubsub_numpat() > 0)
    while not taking.done():
        client.publish(f"usr:{IDS[0]}", "hi")
        await asyncio.sleep(0.05)
    document, code = await taking
    frames = {topic: reading["frame"] for topic, reading in json.loads(document)["topics"].items()}
    assert code == 0
    assert [channel["channel"] for channel in frames["events"]["channels"]] == ["usr:Kx9f…"]
    assert len(frames["rate_limits"]["rows"]) == len(frames["leaderboards"]["boards"][0]["rows"]) == 2
    assert_hidden(document)


async def test_channels_hold_no_id(make_context: Callable[..., Context], client: redis.Redis) -> None:
    repeat(client)
    context = make_context()
    context.subscriber.connected = True
    context.subscriber.tried.set()
    sessions, events = SessionsSource(context), EventsSource(context)
    await context.keyspace.pass_over()
    await sessions.read()
    context.subscriber.counts.update({f"usr:{IDS[0]}".encode(): 1})
    frame: EventsFrame = (await events.read()).frame
    assert [channel.channel for channel in frame.channels] == ["usr:Kx9f…"]
    assert_hidden(frame.channels, frame.known_ids)


async def test_no_topic_holds_a_token_that_can_be_recognised_by_its_form(redis_url: str, client: redis.Redis) -> None:
    token, card = "sk_" + "live_4eC39HqLyjWDarjt", "4111 1111 1111 1111"
    client.set("session:Kx9f2LqP7TzW4mNb", json.dumps({"user": token, "role": card, "name": "Ann"}), ex=1000)
    client.set(f"ratelimit:{token}", 5, ex=50)
    client.set(f"ratelimit:{token}x", 5, ex=50)
    client.zadd("leaderboard", {card: 2, "Ann": 1})
    topics = ["events", "sessions", "rate_limits", "leaderboards"]
    taking = asyncio.create_task(take(Config(url=redis_url), 0.5, topics, io.StringIO(), full=True))
    await until(lambda: client.pubsub_numpat() > 0)
    while not taking.done():
        client.publish(f"of:{token}", "hi")
        await asyncio.sleep(0.05)
    document, code = await taking
    frames = {topic: reading["frame"] for topic, reading in json.loads(document)["topics"].items()}
    assert code == 0
    assert [row["user"] for row in frames["sessions"]["rows"]] == ["Ann"]
    assert [row["identity"] for row in frames["rate_limits"]["rows"]] == ["(hidden)"] * 2
    assert [row["member"] for row in frames["leaderboards"]["boards"][0]["rows"]] == ["(hidden)", "Ann"]
    assert [channel["channel"] for channel in frames["events"]["channels"]] == ["of:(hidden)"]
    assert token not in document
    assert card not in document


async def test_a_search_and_the_export_hold_no_id_behind_a_prefix(
    redis_url: str, client: redis.Redis, make_context: Callable[..., Context]
) -> None:
    for sid in IDS[:2]:
        client.set(f"session:x{sid}", json.dumps({"id": sid, "name": sid}), ex=1000)
    document, _ = await take(Config(url=redis_url), 0.0, ["sessions"], io.StringIO(), full=True)
    assert len(json.loads(document)["topics"]["sessions"]["frame"]["rows"]) == 2
    source = SessionsSource(context := make_context(sessions=("session:*",)))
    await context.keyspace.pass_over()
    async with searching(source) as search:
        search("xKx9f")
        result = await found(source)
    assert len(result.rows) == 2
    assert_hidden(document, result)

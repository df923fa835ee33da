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
from tests.live.tracking import listening

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


def repeat(client: redis.Redis, key: str = "session:%s") -> None:
    """Write keys and messages that hold the ids of sessions."""
    for sid in IDS[:2]:
        client.set(key.replace("%s", sid), '{"user": "plain"}', ex=1500)
        client.set(f"ratelimit:{sid}", 5, ex=50)
        client.zadd("leaderboard:online", {sid: 2})


KEYS = ["session:%s", "session:web:%s", "session:x%s", "session:sess_%s", "session:{u1}:%s", "session:%s:user-data-v2"]


@pytest.mark.parametrize("key", KEYS)
async def test_rows_of_other_topics_hold_no_id(
    make_context: Callable[..., Context], client: redis.Redis, key: str
) -> None:
    repeat(client, key)
    context = make_context()
    sessions, limits, boards = SessionsSource(context), RateLimitsSource(context), LeaderboardsSource(context)
    await context.keyspace.pass_over()
    await sessions.read()
    limited: RateLimitsFrame = (await limits.read()).frame
    assert [(row.identity, row.key) for row in limited.rows] == [("Kx9f…", "ratelimit:Kx9f…")] * 2
    ranked: LeaderboardsFrame = (await boards.read()).frame
    assert [row.member for row in ranked.boards[0].rows] == ["Kx9f…"] * 2
    assert len({row.whole_member for row in ranked.boards[0].rows}) == 2
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


async def test_the_key_of_a_leaderboard_holds_no_id(
    redis_url: str, client: redis.Redis, make_context: Callable[..., Context]
) -> None:
    for sid in IDS[:2]:
        client.set(f"session:{sid}", '{"user": "plain"}', ex=1500)
        client.zadd(f"leaderboard:{sid}", {"ann": 2, "bob": 1})
    context = make_context()
    sessions, boards = SessionsSource(context), LeaderboardsSource(context)
    await context.keyspace.pass_over()
    await sessions.read()
    frame: LeaderboardsFrame = (await boards.read()).frame
    assert [board.name for board in frame.boards] == ["leaderboard:Kx9f…"] * 2
    assert_hidden(frame)
    boards.ask(ShowRanks(frame.boards[1].key, first=2))
    assert [[row.member for row in board.rows] for board in (await boards.read()).frame.boards] == [
        ["ann", "bob"],
        ["bob"],
    ]
    document, _ = await take(Config(url=redis_url), 0.0, ["sessions", "leaderboards"], io.StringIO(), full=True)
    assert len(json.loads(document)["topics"]["leaderboards"]["frame"]["boards"]) == 2
    assert_hidden(document)


async def test_a_session_shows_no_id_of_another_one(client: redis.Redis, make_context: Callable[..., Context]) -> None:
    values = ({"user": "ann", "before": IDS[1], "role": f"of {IDS[1]}"}, {"user": f"x-{IDS[0]}", f"with {IDS[0]}": 1})
    for sid, value in zip(IDS, values, strict=False):
        client.set(f"session:{sid}", json.dumps(value), ex=1000)
    source = SessionsSource(context := make_context(sessions=("session:*",)))
    await context.keyspace.pass_over()
    frame: SessionsFrame = (await source.read()).frame
    assert {row.user for row in frame.rows} == {"ann", "x-Kx9f…"}
    assert_hidden(frame)
    client.set(f"session:{IDS[0]}", json.dumps({"user": "ann", "before": IDS[2]}), ex=1000)
    await source.read()
    client.set(f"session:{IDS[2]}", json.dumps({"user": "eve"}), ex=1000)  # the value was read before its id was known
    await context.keyspace.pass_over()
    await source.read()
    again: SessionsFrame = (await source.read()).frame
    assert len(again.rows) == 3
    assert_hidden(again)


async def test_the_name_of_a_channel_is_not_cut_within_an_id(make_context: Callable[..., Context]) -> None:
    context = make_context()
    context.known_ids.add([sid.encode() for sid in IDS])
    context.subscriber.connected = True
    context.subscriber.tried.set()
    events = EventsSource(context)
    for shift in range(20):
        name = "y" * shift + ("/" + IDS[0]) * 100
        context.subscriber.counts.clear()
        context.subscriber.counts.update({name.encode(): 1})
        frame: EventsFrame = (await events.read()).frame
        assert "Kx9f2" not in frame.channels[0].channel
        assert frame.channels[0].channel.endswith("…")


async def test_the_id_of_a_session_that_is_not_followed_is_known_when_it_is_written(
    client: redis.Redis, make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.sessions.FOLLOWED", 5)
    for number in range(50):
        client.set(f"session:{number:032x}", '{"user": "plain"}', ex=9000)
    source = SessionsSource(context := make_context(sessions=("session:*",)))
    async with listening(context.tracking):
        await context.keyspace.pass_over()
        await source.read()
        client.set(f"session:{IDS[0]}", '{"user": "plain"}', ex=100)
        frame: SessionsFrame = (await source.read()).frame
        assert not [row for row in frame.rows if row.id.startswith("Kx9f")]
        assert context.known_ids.mask(f"login {IDS[0]}") == "login Kx9f…"

"""Ids of sessions that were not read yet, or have ended, are not shown where clients and members are named."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash import watches
from redis_dash.config import Config, LimitPattern
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.reading import AnyReading
from redis_dash.discover import discover
from redis_dash.discovery.adopt import Adopted
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource
from tests.conftest import until
from tests.live.conftest import running
from tests.live.relay import relay

DICE = random.Random(11)
MakeContext = Callable[..., Context]


def made() -> str:
    """An id as express-session, connect and Flask-Session make them."""
    return base64.urlsafe_b64encode(DICE.randbytes(24)).decode()


SIGNED_IN, ENDED = [made() for _ in range(3)], [made() for _ in range(3)]
READABLE = [
    "203.0.113.9",
    "2001:db8::8a2e:370:7334",
    "ann@example.com",
    "u8f3a9c2d1b4e7x@shop.example.com",
    "user:maximilian_mustermann_1985",
    "1764007871123456",
    "order-20260131-000123",
]
ORDERS = [str(uuid.UUID(int=DICE.getrandbits(128), version=4)), DICE.randbytes(12).hex()]
"""They look generated, and have not as many characters as an id."""
SHOWN = sorted(f"{one[:4]}…" for one in (*SIGNED_IN, *ENDED))


def sign_in(client: redis.Redis, ids: Sequence[str] = SIGNED_IN, prefix: str = "session:") -> None:
    for sid in ids:
        client.set(f"{prefix}{sid}", json.dumps({"user": {"email": "ann@example.com"}}), ex=3000)


def count_clients(client: redis.Redis) -> None:
    """A limiter and a board with all of them, also those that are signed out."""
    for name in (*SIGNED_IN, *ENDED, *READABLE, *ORDERS):
        client.set(f"ratelimit:{name}", 5, ex=50)
        client.zadd("leaderboard:online", {name: 1})
    client.zadd(f"leaderboard:{ENDED[0]}", {"ann": 1})


def assert_hidden(*things: object) -> None:
    for thing in things:
        assert not [sid for sid in (*SIGNED_IN, *ENDED) if sid[:12] in str(thing) or sid[-12:] in str(thing)]


@contextlib.asynccontextmanager
async def before_sessions_are_read(context: Context) -> AsyncIterator[None]:
    """A first pass that waits at the first session; it is completed afterwards."""
    examine, waiting, go_on = context.keyspace.readers["sessions"], asyncio.Event(), asyncio.Event()

    async def wait(keys: Sequence[bytes]) -> None:
        waiting.set()
        await go_on.wait()
        await examine(keys)

    context.keyspace.readers["sessions"] = wait
    context.keyspace._begun = True  # as after a slice without sessions
    scanning = asyncio.create_task(context.keyspace.pass_over())
    try:
        await waiting.wait()
        yield
    finally:
        go_on.set()
        await scanning


async def names(limits: RateLimitsSource, boards: LeaderboardsSource) -> tuple[list[str], list[str]]:
    """The clients and the members as they are shown; no id is in the frames."""
    limited: RateLimitsFrame = (await limits.read()).frame
    ranked: LeaderboardsFrame = (await boards.read()).frame
    assert_hidden(limited, ranked, msgspec.json.encode(limited.exported()), msgspec.json.encode(ranked.exported()))
    for row in limited.rows:
        assert row.key == f"ratelimit:{row.identity}"
    (online,) = (board for board in ranked.boards if board.key == "leaderboard:online")
    rows = len(SHOWN) + len(READABLE) + len(ORDERS)
    assert len({row.whole_key or row.key for row in limited.rows}) == rows, "two masked clients are two"
    assert len({row.whole_member or row.member for row in online.rows}) == rows
    return sorted(row.identity for row in limited.rows), sorted(row.member for row in online.rows)


async def test_no_id_is_shown_before_and_after_the_sessions_are_read(
    make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    count_clients(client)
    context = make_context(sessions=("session:*",))
    limits, boards, sessions = RateLimitsSource(context), LeaderboardsSource(context), SessionsSource(context)
    async with before_sessions_are_read(context):
        for found in await names(limits, boards):
            assert found == sorted((*SHOWN, *READABLE, *(f"{order[:4]}…" for order in ORDERS)))
    await sessions.read()
    for found in await names(limits, boards):
        assert found == sorted((*SHOWN, *READABLE, *ORDERS))


async def test_a_row_stays_the_same_row_when_its_name_becomes_readable(
    make_context: MakeContext, client: redis.Redis
) -> None:
    """The cursor and the details find a row again by its identity."""
    sign_in(client)
    count_clients(client)
    context = make_context(sessions=("session:*",))
    limits, boards = RateLimitsSource(context), LeaderboardsSource(context)
    SessionsSource(context)

    async def rows() -> set[object]:
        limited, ranked = (await limits.read()).frame.rows, (await boards.read()).frame.boards
        return {row.whole_key or row.key for row in limited} | {
            row.whole_member or row.member for board in ranked for row in board.rows
        }

    async with before_sessions_are_read(context):
        before = await rows()
    assert await rows() == before


async def test_a_dashboard_shows_no_id_from_its_first_second_on(redis_url: str, client: redis.Redis) -> None:
    for number in range(3000):
        client.set(f"product:{number}", "x")
    sign_in(client)
    count_clients(client)
    readings: list[AnyReading] = []
    async with running(hub := Hub(Config(url=redis_url, refresh_s=0.1))):

        def is_read() -> bool:
            readings.extend(hub.drain())
            latest = {one.topic: one.frame for one in readings}
            return hub.passes > 1 and bool(getattr(latest.get("sessions"), "rows", None))

        await until(is_read)
    frames = [one.frame for one in readings if isinstance(one.frame, RateLimitsFrame | LeaderboardsFrame)]
    assert {type(frame) for frame in frames} == {RateLimitsFrame, LeaderboardsFrame}
    assert_hidden(frames, *(frame.exported() for frame in frames))


async def test_no_id_is_shown_while_it_is_not_known_which_keys_are_sessions(
    client: redis.Redis, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow link the first pass is complete before samples of all kinds of keys have been read."""
    monkeypatch.setattr(watches, "FIRST_LOOK_S", 0.2)
    value = {"cookie": {"originalMaxAge": 3_600_000, "httpOnly": True, "path": "/"}, "user": {"email": "ann"}}
    for sid in SIGNED_IN:
        client.set(f"sess:{sid}", json.dumps(value), ex=3000)
    count_clients(client)
    readings: list[AnyReading] = []
    async with relay(embedded_server.port) as link:
        link.delay_s = 0.15
        async with running(hub := Hub(Config(url=link.url, refresh_s=0.1))):

            def is_readable() -> bool:
                readings.extend(hub.drain())
                shown = {row.identity for frame in limits()[-1:] for row in frame.rows}
                return shown >= {*READABLE, *ORDERS, *SHOWN}

            def limits() -> list[RateLimitsFrame]:
                return [one.frame for one in readings if isinstance(one.frame, RateLimitsFrame) and one.frame.rows]

            await until(is_readable)
    assert_hidden(*(frame.exported() for frame in limits()))


async def test_an_export_holds_no_id_of_an_ended_session(redis_url: str, client: redis.Redis) -> None:
    sign_in(client)
    count_clients(client)
    document, code = await take(Config(url=redis_url), 0.0, (), io.StringIO(), full=True)
    topics = json.loads(document)["topics"]
    assert code == 0
    found = sorted(row["identity"] for row in topics["rate_limits"]["frame"]["rows"])
    assert found == sorted((*SHOWN, *READABLE, *ORDERS))
    assert_hidden(document)


async def test_ids_stay_known_when_further_keys_are_watched(redis_url: str, client: redis.Redis) -> None:
    """The hub watches other keys once it has recognised some; messages and limits show no id until they are read."""
    sign_in(client)
    hub = Hub(config := Config(url=redis_url))
    before = hub.watch
    await before.keyspace.pass_over()
    hub._watches._adopt(Adopted(msgspec.structs.replace(config, limits=(LimitPattern("rl:*"),)), {}))
    assert hub.watch is not before
    hub._subscriber.connected = True
    (events,) = (source for source in hub.watch.sources if source.topic == "events")
    frame = events.sample().frame  # type: ignore[attr-defined]
    assert frame.known_ids.mask(f"login {SIGNED_IN[0]} ok") == f"login {SIGNED_IN[0][:4]}… ok"
    await hub.deployment.close()


@pytest.mark.parametrize("unread", ["live", "ended"])
async def test_a_key_that_is_nothing_but_an_id_is_not_told(redis_url: str, client: redis.Redis, unread: str) -> None:
    """A single key of a limiter or a cache is a kind of its own: its name becomes a pattern and the name of a cache."""
    sign_in(client)
    bucket, page = (SIGNED_IN if unread == "live" else ENDED)[:2]
    client.set(bucket, int((time.time() + 30) * 1e9), ex=30)
    client.set(page, '{"ct": 1795878445.5, "v": 2}|"menu"')
    document, code = await take(Config(url=redis_url), 0.0, (), io.StringIO(), full=True)
    topics = json.loads(document)["topics"]
    assert code == 0
    assert [row["identity"] for row in topics["rate_limits"]["frame"]["rows"]] == [f"{bucket[:4]}…"]
    assert f"{bucket[:4]}…" in topics["rate_limits"]["scope"]["patterns"]
    assert [one["name"] for one in topics["cache"]["frame"]["groups"]] == [f"dogpile.cache (single key): {page[:4]}…"]
    assert_hidden(document)


@pytest.mark.parametrize("as_json", [False, True])
async def test_discover_tells_no_id_that_is_the_name_of_a_single_key(
    redis_url: str, client: redis.Redis, *, as_json: bool
) -> None:
    """It reads no sessions; of these ids one is a whole key, the other has so few digits that it may be a word."""
    ids = SIGNED_IN[0], "RJVZwW-LXrWWQqGrycJPXA"
    client.set(ids[0], int((time.time() + 30) * 1e9), ex=30)
    client.set(f"last-seen:{ids[1]}", "x")
    for number in range(20):
        client.set(f"celery-task-meta-v2:oauth2:{number}", "x")
    text, _ = await discover(Config(url=redis_url), as_json=as_json)
    assert not [sid for sid in ids if sid in text]
    assert "last-seen:RJVZ…" in text
    assert "celery-task-meta-v2:oauth2:*" in text

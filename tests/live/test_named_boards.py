"""A board that is configured by its full name needs no scan; similar boards and members are distinguished."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config
from redis_dash.core.commands import ShowRanks
from redis_dash.core.errors import MissingRightError
from redis_dash.core.frames.leaderboards import LeaderboardsFrame
from redis_dash.core.reading import Reading
from redis_dash.hub import Hub
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from tests.live.conftest import running

MakeContext = Callable[..., Context]


async def boards_of_a_poor_user(redis_url: str, *globs: str) -> Reading[LeaderboardsFrame]:
    """The first reading of the leaderboards by a user without some rights."""
    url = redis_url.replace("redis://", "redis://poor:pw@")
    async with running(Hub(Config(url=url, leaderboards=globs, refresh_s=0.1))) as hub:
        readings = {reading.topic: reading for reading in await hub.read_all()}
        return readings["leaderboards"]


@pytest.mark.parametrize(
    ("globs", "status", "note"),
    [
        (("leaderboard",), "ok", ""),
        (("leaderboard", "leaderboard:*"), "reduced", "only boards of a known name: .*SCAN"),
        (("leaderboard:*",), "off", "SCAN"),
    ],
)
async def test_without_the_right_to_scan(
    redis_url: str,
    client: redis.Redis,
    make_poor: Callable[..., Deployment],
    globs: tuple[str, ...],
    status: str,
    note: str,
) -> None:
    client.zadd("leaderboard", {"ann": 1})
    client.zadd("leaderboard:weekly", {"ann": 1})
    make_poor("-scan")
    reading = await boards_of_a_poor_user(redis_url, *globs)
    assert reading.status == status
    assert re.search(note, reading.note)
    boards = reading.frame.boards if reading.frame is not None else ()
    assert [board.key for board in boards] == (["leaderboard"] if "leaderboard" in globs else [])


async def test_a_board_that_is_named_needs_no_pass(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd("leaderboard", {"ann": 1})
    sample = await LeaderboardsSource(make_context(leaderboards=("leaderboard",))).read()
    assert (sample.status, sample.note, sample.count and sample.count.certainty) == ("ok", "", "exact")
    assert [board.size for board in sample.frame.boards] == [1]


async def test_members_and_boards_that_look_alike_are_distinguished(
    make_context: MakeContext, client: redis.Redis
) -> None:
    alike = (b"\xff", b"\\xff", b"\\\xff", b"\\\\xff")
    for board in (b"leaderboard:\xff", b"leaderboard:\\xff"):
        client.zadd(board, {member: rank for rank, member in enumerate(alike)})
    context = make_context()
    source = LeaderboardsSource(context)
    await context.keyspace.pass_over()
    boards = (await source.read()).frame.boards
    assert len({board.key for board in boards}) == 2
    assert len({row.member for row in boards[0].rows}) == len(alike)
    for sought in boards:
        for row in boards[0].rows:
            source.ask(ShowRanks(sought.key, member=row.member))
            read = {board.key: board for board in (await source.read()).frame.boards}
            assert (read[sought.key].sought, read[sought.key].missing) == (row.member, False)
        (other,) = (board for key, board in read.items() if key != sought.key)
        assert sought is boards[1] or other.sought == ""


async def test_no_right_at_all_is_reported(
    make_context: MakeContext, client: redis.Redis, make_poor: Callable[..., Deployment]
) -> None:
    client.zadd("leaderboard", {"ann": 1})
    context = make_context(leaderboards=("leaderboard",))
    context.deployment = make_poor("-zcard")
    with pytest.raises(MissingRightError, match="not allowed to run ZCARD"):
        await LeaderboardsSource(context).read()

"""Keys that the configuration names, and that hold a byte that is not UTF-8."""

from __future__ import annotations

from collections.abc import Callable

import redis

from redis_dash.config import CachePattern
from redis_dash.core.globs import decoded
from redis_dash.sources.base import Context
from redis_dash.sources.cache import CacheSource
from redis_dash.sources.leaderboards import LeaderboardsSource

MakeContext = Callable[..., Context]


async def test_a_board_and_the_counters_of_a_cache_are_read(make_context: MakeContext, client: redis.Redis) -> None:
    client.zadd(b"board\xff", {"ann": 5})
    client.hset(b"stats\xff", mapping={"hits": 3, "misses": 1})
    cache = CachePattern("pages", "page:*", stats=decoded(b"stats\xff"))
    context = make_context(leaderboards=(decoded(b"board\xff"),), caches=(cache,))
    await context.keyspace.pass_over()
    boards = (await LeaderboardsSource(context).read()).frame.boards
    assert [(board.key, [row.member for row in board.rows]) for board in boards] == [("board\\xff", ["ann"])]
    caches = (await CacheSource(context).read()).frame.groups
    assert [(one.name, one.hits, one.misses) for one in caches] == [("pages", 3, 1)]

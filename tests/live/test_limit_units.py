"""What the rate limits pane counts is called one word until it is known what the keys are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis

from redis_dash.sources.base import Context
from redis_dash.sources.rate_limits import KEY_GROUP, RateLimitsSource
from redis_dash.tui.panes.rate_limits import RateLimitsPane

MakeContext = Callable[..., Context]


async def titles(context: Context) -> list[str]:
    """The title while the first pass has seen some keys, and after it."""
    source, pane, words = RateLimitsSource(context), RateLimitsPane(3), list[str]()
    examine = context.keyspace.readers[KEY_GROUP]

    async def look(keys: Sequence[bytes]) -> None:
        await examine(keys)
        if context.keyspace.has_begun:  # until then sources wait for this reader
            words.append("".join(text for text, _ in pane.answer((await source.read()).frame)[-1]))

    context.keyspace.readers[KEY_GROUP] = look
    await context.keyspace.pass_over()
    return [*words, "".join(text for text, _ in pane.answer((await source.read()).frame)[-1])]


async def test_keys_are_called_keys_until_all_have_been_seen(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(40):
        client.set(f"ratelimit:login:ann{number}", 3, ex=60)
        client.set(f"ratelimit:search:ann{number}", 3, ex=60)
    client.mset({f"cart:{number}": "x" for number in range(5000)})
    early, *_, last = await titles(make_context())
    assert early.split()[-1] == "keys", early
    assert last.split()[-1] in ("clients", "counters"), last

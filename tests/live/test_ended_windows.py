"""What is said to be blocked or near a limit is so when the frame is taken, although windows end during the reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis

from redis_dash.client.info import Info
from redis_dash.config import LimitPattern
from redis_dash.core.certainty import Count
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.sources.base import Context, Sample
from redis_dash.sources.limit_rows import Clock
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.tui.panes import limit_text
from tests.conftest import until
from tests.live.test_sources import accept

MakeContext = Callable[..., Context]
LIMITS = (LimitPattern("ratelimit:*", "10/60"),)


def block(client: redis.Redis, name: str, for_ms: int) -> str:
    """Block a client of a fixed window."""
    key = f"ratelimit:{name}"
    client.set(key, 10, px=for_ms)
    return key


def end_during_the_count(context: Context, monkeypatch: pytest.MonkeyPatch, ended: Callable[[], bool]) -> None:
    """Let windows end after the clients were read and before they are counted."""
    info_after = context.keyspace.counts.info_after

    async def later(moment: float) -> Info | None:
        await until(ended)
        return await info_after(moment)

    monkeypatch.setattr(context.keyspace.counts, "info_after", later)


async def test_a_window_that_ends_during_the_reading_is_not_counted_as_blocked(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(client, "long", 60_000)
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    key = block(client, "short", 400)
    await context.keyspace.pass_over()
    end_during_the_count(context, monkeypatch, lambda: not client.exists(key))
    frame = (await source.read()).frame
    assert frame.blocked.value == 1, frame.blocked
    assert frame.blocked.certainty != "exact" or len(frame.rows) == 1


async def test_a_row_whose_window_ends_last_of_all_is_not_blocked_either(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The title of the pane counts the same rows as blocked that are shown as blocked."""
    block(client, "long", 60_000)
    source = RateLimitsSource(context := make_context(limits=LIMITS))
    await context.keyspace.pass_over()
    key = block(client, "short", 800)
    await context.keyspace.pass_over()
    as_read = source._sample

    def late(count: Count, *, all_read: bool) -> Sample[RateLimitsFrame]:
        while client.exists(key):
            pass
        return as_read(count, all_read=all_read)

    monkeypatch.setattr(source, "_sample", late)
    frame = (await source.read()).frame
    assert {row.identity: (row.blocked, row.has_ended) for row in frame.rows} == {
        "long": (True, False),
        "short": (False, True),
    }
    assert (frame.blocked.value, frame.blocked.certainty, frame.near.value) == (1, "at_least", 0)


def fall_before_the_sample(
    source: RateLimitsSource, monkeypatch: pytest.MonkeyPatch, fallen: Callable[[], bool]
) -> None:
    """Let requests leave their windows last of all, after everything was read."""
    as_read = source._sample

    def late(count: Count, *, all_read: bool) -> Sample[RateLimitsFrame]:
        while not fallen():
            pass
        return as_read(count, all_read=all_read)

    monkeypatch.setattr(source, "_sample", late)


def in_window(client: redis.Redis, name: str) -> int:
    """How many requests the window of a client holds by now, in the last 60 seconds."""
    seconds, microseconds = client.time()
    return int(client.zcount(f"ratelimit:{name}", seconds + microseconds / 1e6 - 60, "+inf"))


@pytest.mark.parametrize(
    ("used", "leave", "is_near"),
    [
        pytest.param(19, 1, True, id="one of 19 leaves"),
        pytest.param(16, 1, False, id="one of 16 leaves"),
        pytest.param(19, 4, False, id="4 of 19 leave at once"),
        pytest.param(20, 1, True, id="one of 20 leaves"),
        pytest.param(20, 5, False, id="5 of 20 leave at once"),
        pytest.param(25, 6, True, id="the limit-th newest of 25 leaves"),
    ],
)
async def test_a_sliding_window_that_falls_last_of_all_stays_near_its_limit_if_enough_is_left(
    make_context: MakeContext,
    client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    used: int,
    leave: int,
    *,
    is_near: bool,
) -> None:
    """Title and row agree, and say no more than what is certain without another reading."""
    accept(client, "9", [59.0 + number / 1e4 for number in range(leave)] + [n / 10 for n in range(used - leave)])
    source = RateLimitsSource(context := make_context(limits=(LimitPattern("ratelimit:*", "20/60"),)))
    await context.keyspace.pass_over()
    fall_before_the_sample(source, monkeypatch, lambda: in_window(client, "9") <= used - leave)
    frame = (await source.read()).frame
    (row,) = frame.rows
    assert (row.used, row.has_ended, row.blocked) == (used, True, False)
    assert limit_text.word(row) == ("near" if is_near else "")
    assert (frame.blocked.value, frame.near.value) == (0, int(is_near))
    assert limit_text.explained(row, "").startswith("near: " if is_near else "not blocked: ")
    assert "left" not in limit_text.explained(row, "")


async def test_before_the_first_pass_at_least_counts_no_window_that_has_ended(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.mset({f"other:{number}": "x" for number in range(20_000)})
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    async for part in context.keyspace.walk():
        context.keyspace._add(part)
        break
    context.keyspace._begun = True
    accept(client, "9", [59.6, *(number / 10 for number in range(9))])  # the oldest request leaves the window soon
    keys = [block(client, "1", 60_000), "ratelimit:9"]
    await source.examine([key.encode() for key in keys])

    def ended() -> bool:
        seconds, microseconds = client.time()
        return client.zcount("ratelimit:9", seconds + microseconds / 1e6 - 60, "+inf") < 10

    end_during_the_count(context, monkeypatch, ended)
    frame = (await source.read()).frame
    assert (frame.blocked.value, frame.blocked.certainty) == (1, "at_least")
    assert (frame.near.value, frame.near.certainty) == (1, "at_least")


async def test_at_least_counts_only_clients_that_were_read_just_now(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.sources.rate_limits.FOLLOWED", 20)
    monkeypatch.setattr("redis_dash.sources.rate_limits.OTHERS_AT_ONCE", 5)
    keys = [block(client, f"{number}", 60_000) for number in range(60)]
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    await source.read()
    fuller = [key for key in keys if key.encode() not in source._rows][:15]
    for key in fuller:
        client.set(key, 11, px=60_000)
    await source.examine([key.encode() for key in fuller])
    assert len(source._rows) == 35  # more than are read in one poll
    client.delete(*keys)
    for _ in range(3):
        frame = (await source.read()).frame
        assert frame.blocked.value == 0, frame.blocked


async def test_a_client_that_the_scan_reads_beside_the_poll_is_not_left_out(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(limits=LIMITS)
    source = RateLimitsSource(context)
    await context.keyspace.pass_over()
    accept(client, "9", [number / 10 for number in range(10)])
    clock, waits = source._clock, asyncio.Event()
    scan: list[asyncio.Task[None]] = []

    async def early() -> Clock:
        """The scan takes the time before the poll begins, and its replies come after the poll has chosen its keys."""
        taken = await clock()
        if asyncio.current_task() in scan:
            waits.set()
            await until(lambda: source._began > 0)
        elif source._began:
            await scan[0]
        return taken

    monkeypatch.setattr(source, "_clock", early)
    scan.append(asyncio.create_task(source.examine([b"ratelimit:9"])))
    await waits.wait()
    frame = (await source.read()).frame
    assert [row.blocked for row in frame.rows] == [True]
    assert frame.blocked.holds(1), frame.blocked


async def test_a_key_that_outlives_its_window_blocks_nobody_for_certain(
    make_context: MakeContext, client: redis.Redis
) -> None:
    """Of django-ratelimit: the key lives longer than its window, whose end it does not say."""
    for name, used in (("a", 12), ("b", 8), ("c", 3)):
        client.set(f":1:rl:{name * 64}", used, px=50_000)
    limits = (LimitPattern(":1:rl:*", "10/60", "django-ratelimit"),)
    source = RateLimitsSource(context := make_context(limits=limits))
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert [(row.used, row.limit, row.blocked, row.may_be_over) for row in frame.rows] == [
        *((12, 10, False, True), (8, 10, False, True), (3, 10, False, True))
    ]
    assert [(count.value, count.certainty) for count in (frame.blocked, frame.near)] == [(0, "at_least")] * 2
    exported = frame.rows[0].exported()
    assert (exported["used"], exported["held"], exported["may_be_over"]) == (None, 12, True)
    client.delete(f":1:rl:{'a' * 64}", f":1:rl:{'b' * 64}")
    frame = (await source.read()).frame
    assert (frame.blocked.value, frame.near.value) == (0, 0)
    assert "at_least" not in (frame.blocked.certainty, frame.near.certainty)

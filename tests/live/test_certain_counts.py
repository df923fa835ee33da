"""Counts while data changes, rights are missing or little is known: only true values are called exact."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info
from redis_dash.core.certainty import Count
from redis_dash.core.errors import SourceError
from redis_dash.keyspace.counts import KeyCounts
from redis_dash.keyspace.scan import Keyspace
from redis_dash.sources import key_groups
from redis_dash.sources.base import Context
from redis_dash.sources.leaderboards import LeaderboardsSource
from redis_dash.sources.sessions import SessionsSource
from tests.live.searching import found, searching, sign_in_many
from tests.live.test_scan import count, fill
from tests.live.test_sources import sign_in
from tests.live.tracking import listening

MakeContext = Callable[..., Context]
MakePoor = Callable[..., Deployment]


def poor_context(make_context: MakeContext, poor: Deployment, **settings: object) -> Context:
    """A context whose user lacks some rights, see ``make_poor``."""
    context = make_context(**settings)
    context.deployment = poor
    config = context.config
    context.keyspace = Keyspace(poor, key_groups(config), config.budget, config.refresh_s)
    return context


# -- the scan --------------------------------------------------------------------------------------------------------


async def test_a_pass_that_was_cut_begins_afresh(deployment: Deployment, client: redis.Redis) -> None:
    """The server's keys are replaced while the connection is lost: the old cursor is invalid."""
    keyspace = Keyspace(deployment, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 8000, 0)
    cuts: list[int] = []

    async def cut(keys: Sequence[bytes]) -> None:
        if not cuts:
            cuts.append(keyspace.done)
            await deployment.close()
            client.flushdb()
            fill(client, 8000, 0)
            await deployment.connect()

    keyspace.readers["sessions"] = cut
    await keyspace.pass_over()
    size = await count(keyspace)
    assert cuts[0] < 8000
    assert (keyspace.done, size.value, size.certainty) == (8000, 8000, "exact")


async def test_without_the_databases_size_the_share_is_computed_from_the_cursor(
    make_poor: MakePoor, client: redis.Redis
) -> None:
    keyspace = Keyspace(make_poor("-dbsize"), {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 20_000, 0)
    shares = []

    async def examine(keys: Sequence[bytes]) -> None:
        size = await count(keyspace)
        shares.append(size.coverage)
        assert size.certainty == "estimated"
        assert size.value == pytest.approx(20_000, rel=0.15)
        assert size.low <= size.value <= (size.high or 0)

    keyspace.readers["sessions"] = examine
    await keyspace.pass_over()
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert (await count(keyspace)).value == 20_000


async def test_a_write_after_the_pass_takes_exact_back_at_once(deployment: Deployment, client: redis.Redis) -> None:
    keyspace = Keyspace(deployment, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    fill(client, 5, 3000)
    await keyspace.pass_over()
    assert (await count(keyspace)).certainty == "exact"
    client.get("session:1")
    assert (await count(keyspace)).certainty == "exact"
    client.set("session:admin", "x")
    size = await count(keyspace)
    assert (size.certainty, size.value, size.holds(6)) == ("counted", 5, True)


async def test_on_a_node_of_a_cluster_nothing_is_exact(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "ann")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    info_after = context.keyspace.counts.info_after

    async def of_a_node(moment: float) -> object:
        info = await info_after(moment)
        assert info is not None
        return info._replace(partial="one node of a cluster")

    monkeypatch.setattr(context.keyspace.counts, "info_after", of_a_node)
    size = (await source.read()).frame.count
    assert (size.value, size.certainty, size.high) == (1, "at_least", None)


# -- sessions --------------------------------------------------------------------------------------------------------


async def test_sessions_that_the_application_renews_do_not_end_by_our_clock(
    make_context: MakeContext, client: redis.Redis
) -> None:
    key = sign_in(client, "ann")
    client.pexpire(key, 400)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    assert (await source.read()).frame.rows[0].ttl_s == pytest.approx(0.2, abs=0.2)
    client.persist(key)
    began = time.monotonic()
    while time.monotonic() < began + 0.5:  # longer than the reported lifetime
        frame = (await source.read()).frame
        assert (frame.count.value, len(frame.rows)) == (1, 1)


async def test_without_the_right_to_get_sessions_are_counted_and_said_not_to_be_read(
    make_context: MakeContext, make_poor: MakePoor, client: redis.Redis
) -> None:
    sign_in_many(client, 30)
    context = poor_context(make_context, make_poor("-get", "-getrange"))
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert (sample.status, sample.frame.count.value) == ("reduced", 30)
    assert "not allowed to run GET" in sample.note
    async with searching(source) as search:
        search("user7")
        result = await found(source)
        assert result.coverage < 1
        assert "not allowed to run GET" in result.note


async def test_values_in_no_known_form_are_said_to_be_so(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(5):
        client.set(f"session:{number:020}", b"\x80\x04pickle")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.status == "reduced"
    assert "5 listed" in sample.note


async def test_keys_of_another_name_are_known_to_exist(make_context: MakeContext, client: redis.Redis) -> None:
    for number in range(300):
        client.set(f"sess:{number}", "x")
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    sample = await source.read()
    assert sample.frame.count.value == 0
    assert sample.scope is not None
    assert (sample.scope.patterns, sample.scope.keys) == (("session:*",), 300)


@pytest.mark.parametrize(
    ("error", "told"),
    [("MASTERDOWN Link with MASTER is down", "this replica has lost its primary"), ("BUSY Redis is busy", "BUSY")],
)
async def test_what_is_wrong_with_the_whole_server_turns_no_row_into_nobody(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, error: str, told: str
) -> None:
    sign_in_many(client, 20)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    before = (await source.read()).frame.rows
    pipeline = context.deployment.pipeline

    async def refuse(commands: Sequence[tuple[bytes, ...]]) -> list[object]:
        from redis_dash.core.resp import ReplyError

        replies = await pipeline(commands)
        return [ReplyError(error) if command[0] == b"GET" else reply for command, reply in zip(commands, replies)]  # noqa: B905

    monkeypatch.setattr(context.deployment, "pipeline", refuse)
    with pytest.raises(SourceError, match=told):
        await source.read()
    monkeypatch.setattr(context.deployment, "pipeline", pipeline)
    assert [row.user for row in (await source.read()).frame.rows] == [row.user for row in before]


async def test_a_search_that_was_cut_says_so(make_context: MakeContext, client: redis.Redis) -> None:
    sign_in_many(client, 5000)
    context = make_context()
    source = SessionsSource(context)
    await context.keyspace.pass_over()
    async with searching(source) as search:
        examine, cuts = context.deployment.pipeline, list[int]()

        async def cut(commands: Sequence[tuple[bytes, ...]]) -> list[object]:
            progress = source.progress()  # a poll may read, too, before the search has begun
            if not cuts and progress is not None and 0 < progress.done < progress.total / 2:
                cuts.append(1)
                await context.deployment.close()
                await context.deployment.connect()
            return await examine(commands)

        context.deployment.pipeline = cut  # type: ignore[assignment,method-assign]
        search("nobody-has-this")
        result = await found(source)
    assert cuts
    assert result.coverage < 1
    assert "connection" in result.note


async def test_sessions_that_come_and_go_while_the_first_pass_is_slow(
    make_context: MakeContext, client: redis.Redis
) -> None:
    """Each key is created after the pass has passed its place, or deleted after it was found: the number is stable."""
    seen = [count for turn in range(5) for count in await counts_of_a_moving_pass(make_context, client, turn)]
    assert len(seen) > 25
    held = sum(count.holds(400) for count in seen)
    assert held >= 0.8 * len(seen), seen  # each interval holds in 95 of 100 passes; those of one pass hang together
    assert all(count.coverage < 1 or count.certainty != "estimated" for count in seen)


async def counts_of_a_moving_pass(make_context: MakeContext, client: redis.Redis, turn: int) -> list[Count]:
    """The counts during a pass over 400 sessions and others, of which 20 are replaced after each slice."""
    client.flushdb()
    client.mset({f"other:{turn}:{number}": "x" for number in range(20_000)})
    client.mset({f"session:{turn}{number:020}": "{}" for number in range(400)})
    context = make_context()
    counts, seen = context.keyspace.counts, list[Count]()
    counts.tracking = context.tracking
    source, living, number = SessionsSource(context), list(range(400)), 400
    examine = source.examine

    async def examine_and_move(keys: Sequence[bytes]) -> None:
        nonlocal number
        await examine(keys)
        pipe = client.pipeline(transaction=False)
        for _ in range(20):
            pipe.delete(f"session:{turn}{living.pop(0):020}")
            pipe.set(f"session:{turn}{number:020}", "{}")
            living.append(number)
            number += 1
        pipe.execute()
        if context.keyspace.has_begun:  # until then sources wait for this reader
            seen.append((await source.read()).frame.count)

    context.keyspace.readers["sessions"] = examine_and_move
    async with listening(context.tracking):
        await context.keyspace.pass_over()
    return seen


async def test_boards_of_a_first_pass_that_goes_on_are_not_counted_yet(
    make_context: MakeContext, client: redis.Redis
) -> None:
    client.mset({f"other:{number}": "x" for number in range(20_000)})
    for number in range(15):
        client.zadd(f"leaderboard:{number}", {"ann": 1})
    context = make_context()
    source, seen = LeaderboardsSource(context), list[Count]()

    async def examine(keys: Sequence[bytes]) -> None:
        if context.keyspace.has_begun:  # until then sources wait for this reader
            seen.append((await source.read()).frame.count)

    context.keyspace.readers["leaderboards"] = examine
    await context.keyspace.pass_over()
    assert seen
    assert all(count.coverage < 1 for count in seen)


async def test_an_info_from_before_the_end_of_a_pass_proves_nothing(
    deployment: Deployment, client: redis.Redis
) -> None:
    fill(client, 50, 0)
    counts = KeyCounts(deployment, {"sessions": ()})
    await counts.begin()
    counts.add({"sessions": [b"session:%d" % number for number in range(50)]}, 50, 50, 0.5)
    info = await counts.info_after(time.monotonic())
    client.flushdb()
    counts.end(still=True)
    assert counts.count_asked("sessions", 50, info).certainty != "exact"
    assert counts.count("sessions", info).certainty != "exact"


async def test_a_key_group_has_no_more_keys_than_the_database(deployment: Deployment, client: redis.Redis) -> None:
    fill(client, 100, 5000)
    keyspace = Keyspace(deployment, {"sessions": ("session:*",)}, budget=1.0, rest_s=0.01)
    await keyspace.pass_over()
    client.flushdb()
    fill(client, 3, 0)
    size = await keyspace.counts.count_now("sessions")
    assert size.holds(3)
    assert size.high is not None
    assert size.high <= 3


async def test_at_rest_a_pass_that_ends_beside_an_info_leaves_the_count_exact(
    deployment: Deployment, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client, 50, 0)
    counts = KeyCounts(deployment, {"sessions": ()})
    await counts.begin()
    counts.add({"sessions": [b"session:%d" % number for number in range(50)]}, 50, 50, 0.5)

    async def end() -> None:
        counts.end(still=True)

    monkeypatch.setattr(counts, "synchronise", end)
    count = counts.count("sessions", await counts.info_after(time.monotonic()))
    assert (count.value, count.certainty) == (50, "exact")


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_pass_during_the_reading_leaves_boards_exact_only_at_rest(
    make_context: MakeContext, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, is_deleted: bool
) -> None:
    client.zadd("leaderboard:a", {"ann": 1})
    client.zadd("leaderboard:b", {"ann": 1})
    context = make_context()
    source, counts = LeaderboardsSource(context), context.keyspace.counts
    await context.keyspace.pass_over()
    assert (await source.read()).frame.count.certainty == "exact"
    info_after = counts.info_after

    async def after_a_pass(_moment: float) -> Info | None:
        if is_deleted:
            client.delete("leaderboard:a")
        await context.keyspace.pass_over()
        return await info_after(time.monotonic())

    monkeypatch.setattr(counts, "info_after", after_a_pass)
    count = (await source.read()).frame.count
    assert (count.value, count.certainty) == ((2, "counted") if is_deleted else (2, "exact"))
    assert count.holds(1 if is_deleted else 2)

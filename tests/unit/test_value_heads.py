"""GET with bounded replies: the commands that replace it, and the replies of GET that result."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from redis_dash.client.own_lookups import OwnLookups
from redis_dash.client.value_heads import FIRST_AT_ONCE, LEAST_AT_ONCE, MOST_AT_ONCE, MOST_BYTES, TOO_LARGE, ValueHeads
from redis_dash.core.resp import Command, ReplyError

HEAD = b"%d" % MOST_BYTES


async def settled(heads: ValueHeads, commands: list[Command], replies: list[object], *later: object) -> list[object]:
    """The replies of GET, if the next commands get the replies in ``later``."""

    async def exchange(again: Sequence[Command]) -> list[object]:
        assert len(again) == len(later)
        return list(later)

    return await heads.as_get(commands, replies, exchange)


async def test_the_head_is_asked_for() -> None:
    heads = ValueHeads(OwnLookups())
    commands: list[Command] = [(b"GET", b"a"), (b"PTTL", b"a")]
    assert heads.bounded(commands) == [(b"GETRANGE", b"a", b"0", HEAD), (b"PTTL", b"a")]
    assert await settled(heads, commands, [b"value", 12]) == [b"value", 12]


async def test_whether_an_empty_value_is_there_is_asked_and_counted_right() -> None:
    own = OwnLookups()
    heads = ValueHeads(own)
    commands: list[Command] = [(b"GET", b"none"), (b"GET", b"empty")]
    own.count(heads.bounded(commands), [b"", b""])
    again = [command for key in (b"none", b"empty") for command in ((b"EXISTS", key), (b"GETRANGE", key))]
    own.count(again, [0, b"", 1, b""])
    assert await settled(heads, commands, [b"", b""], 0, b"", 1, b"") == [None, b""]
    assert (own.hits, own.misses) == (3, 3)


async def test_a_value_that_comes_meanwhile_is_read() -> None:
    assert await settled(ValueHeads(OwnLookups()), [(b"GET", b"a")], [b""], 1, b"value") == [b"value"]


async def test_of_a_large_value_only_the_length_is_asked_again() -> None:
    heads = ValueHeads(OwnLookups())
    get: list[Command] = [(b"GET", b"large")]
    (reply,) = await settled(heads, get, [b"x" * (MOST_BYTES + 1)])
    assert isinstance(reply, bytes)
    assert len(reply) == MOST_BYTES + 1
    assert heads.bounded(get) == [(b"STRLEN", b"large")]
    assert await settled(heads, get, [10**8]) == [TOO_LARGE]
    assert await settled(heads, get, [5], b"small") == [b"small"]
    assert heads.bounded(get) == [(b"GETRANGE", b"large", b"0", HEAD)]


async def test_without_the_right_to_a_head_the_whole_value_is_read() -> None:
    heads = ValueHeads(OwnLookups())
    get: list[Command] = [(b"GET", b"a")]
    assert await settled(heads, get, [ReplyError("NOPERM no getrange")], b"value") == [b"value"]
    assert heads.bounded(get) == get
    (refused,) = await settled(
        ValueHeads(OwnLookups()), get, [ReplyError("NOPERM no getrange")], ReplyError("NOPERM no get")
    )
    assert str(refused) == "NOPERM no get"


async def test_another_error_stands_in_its_place() -> None:
    (reply,) = await settled(ValueHeads(OwnLookups()), [(b"GET", b"a")], [ReplyError("WRONGTYPE")])
    assert str(reply) == "WRONGTYPE"


@pytest.mark.parametrize(("bytes_per_s", "at_once"), [(1e9, MOST_AT_ONCE), (2e5, 1e5), (1e3, LEAST_AT_ONCE)])
def test_so_many_at_once_as_come_in_half_a_second(bytes_per_s: float, at_once: float) -> None:
    heads = ValueHeads(OwnLookups())
    assert heads.number < 100
    for _ in range(10):
        heads.observe([b"x" * 2000] * 50, 50 * 2000 / bytes_per_s)
    assert heads.number == pytest.approx(at_once / 2000, rel=0.1)


def test_a_few_bytes_say_nothing_of_the_link() -> None:
    heads = ValueHeads(OwnLookups())
    for _ in range(20):
        heads.observe([b"x" * 100], 0.3)
    assert heads.number == FIRST_AT_ONCE // 100

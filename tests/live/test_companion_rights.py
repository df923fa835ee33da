"""What our user may not do with companion keys is told before, and told again when it was not done."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.dialects.companions import Companion
from tests.live.companions import (
    FILLS,
    ID,
    IN_LIST,
    KEY,
    MEMBER_OF,
    OTHER,
    USERS_KEY,
    MakeContext,
    everything,
    frame_of,
    pattern,
    row_of,
    sign_in,
)


@pytest.mark.parametrize(
    ("without", "no_change", "no_undo"),
    [
        ((), "", ""),
        (("-srem",), "not allowed to run SREM", ""),
        (("-sadd",), "", "not allowed to run SADD"),
        (("-dump",), "not allowed to run DUMP", ""),
        (("-eval",), "not allowed to run EVAL", "not allowed to run EVAL"),
        (("-acl",), "", ""),
    ],
)
async def test_what_will_not_be_done_is_told_before_and_after(
    client: redis.Redis,
    make_poor: Callable[..., Deployment],
    make_context: MakeContext,
    without: tuple[str, ...],
    no_change: str,
    no_undo: str,
) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, ID, OTHER)
    client.set(f"data:{ID}", "x")
    wanted = pattern(Companion(MEMBER_OF, "{id}"), Companion("data:{id}"))
    poor = make_poor(*without)
    frame = await frame_of(poor, make_context, wanted)
    assert (frame.no_companions, frame.no_companion_undo) == (no_change, no_undo)
    outcome = await carry_out(poor, RevokeSession(frame.rows[0]), (wanted,))
    assert (outcome.result, client.exists(KEY)) == ("deleted", 0)
    kept = bool(client.sismember(USERS_KEY, ID)), bool(client.exists(f"data:{ID}"))
    assert kept == ("-srem" in without or "-eval" in without, "-dump" in without or "-eval" in without)
    assert ("stays as it was" in outcome.detail) == any(kept)
    assert "user_script" not in outcome.detail
    if outcome.undo is None:
        assert "-dump" in without
        return
    undone = await carry_out(poor, outcome.undo)
    assert undone.result == "restored"
    assert bool(client.sismember(USERS_KEY, ID)) == ("-sadd" not in without)
    assert ("is not put back: not allowed to run" in undone.detail) == ("-sadd" in without)
    assert "user_script" not in undone.detail


async def test_a_companion_that_may_not_be_written_is_told(
    client: redis.Redis, redis_url: str, make_context: MakeContext
) -> None:
    """EVAL refuses all keys if one of them is refused: then a transaction deletes the session alone."""
    sign_in(client)
    client.sadd(USERS_KEY, ID)
    client.acl_setuser("limited", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["app:s:*"])
    limited = Deployment(Url(redis_url.replace("redis://", "redis://limited:pw@")))
    try:
        frame = await frame_of(limited, make_context, IN_LIST)
        assert frame.no_companions == "no right to write these keys"
        outcome = await carry_out(limited, RevokeSession(frame.rows[0]), (IN_LIST,))
    finally:
        await limited.close()
        client.acl_deluser("limited")
    assert (outcome.result, client.smembers(USERS_KEY)) == ("deleted", {ID.encode()})
    assert outcome.detail.endswith(f"{USERS_KEY} stays as it was: not all of these keys may be written")


async def test_the_servers_reason_is_told_without_the_place_in_our_script(
    client: redis.Redis, deployment: Deployment, make_context: MakeContext
) -> None:
    sign_in(client)
    client.sadd(USERS_KEY, ID, OTHER)
    wanted = pattern(Companion(MEMBER_OF, "{id}"))
    frame = await frame_of(deployment, make_context, wanted)
    undo = (await carry_out(deployment, RevokeSession(frame.rows[0]), (wanted,))).undo
    assert undo is not None
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(SourceError, match=r"^OOM [^:]*$"):
            await carry_out(deployment, undo)
    finally:
        client.config_set("maxmemory", 0)
    assert (await carry_out(deployment, undo)).result == "restored"


# The rights that docs/configuration.md lists, besides those that the README lists for a session.
READ_RIGHTS = "+get +getrange +strlen +exists +pttl +type +ping +info +acl|whoami +acl|dryrun"
SESSION_RIGHTS = "+eval +dump +restore +del"
COMPANION_RIGHTS = {
    "set": "+srem +sadd",
    "sorted set": "+zscore +zrem +zadd",
    "hash": "+hget +hdel +hsetnx",
    "list": "+lrange +lrem +linsert +rpush",
    "end of a list": "+lrange +lrem +linsert +rpush",
    "only score": "+zscore +zrem +zadd +exists +pexpireat",
}


@pytest.mark.parametrize("kind", list(COMPANION_RIGHTS))
async def test_the_documented_rights_suffice(
    kind: str, redis_url: str, deployment: Deployment, make_context: MakeContext, client: redis.Redis
) -> None:
    sign_in(client)
    FILLS[kind](client)
    before = everything(client)
    row = await row_of(deployment, make_context, IN_LIST)
    rights = f"{READ_RIGHTS} {SESSION_RIGHTS} {COMPANION_RIGHTS[kind]}".split()
    documented = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    assert set(COMPANION_RIGHTS[kind].split()) <= set(re.findall(r"\+[a-z]+", documented))
    client.acl_setuser("exact", enabled=True, passwords=["+pw"], commands=["-@all", *rights], keys=["*"])
    exact = Deployment(Url(redis_url.replace("redis://", "redis://exact:pw@")))
    try:
        outcome = await carry_out(exact, RevokeSession(row), (IN_LIST,))
        assert "stays as it was" not in outcome.detail
        assert outcome.undo is not None
        assert "not put back" not in (await carry_out(exact, outcome.undo)).detail
    finally:
        await exact.close()
        client.acl_deluser("exact")
    assert everything(client) == before

"""Refused writes: the outcome is reported with the server's reason, and nothing is half done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.actions.carry_out import carry_out
from redis_dash.actions.write_rights import WriteRights, write_rights
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Node
from redis_dash.config import Url
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from tests.conftest import until
from tests.live.relay import relay
from tests.live.signed_in import one_row, row_of
from tests.live.versions import knows, needs

MakePoor = Callable[..., Deployment]


async def own_lookups(deployment: Deployment) -> tuple[int, int]:
    """The lookups that the server counted, and those that we counted as our own."""
    info = await deployment.info(max_age_s=0)
    return int(info.values["keyspace_hits"]) + int(info.values["keyspace_misses"]), info.own_hits + info.own_misses


async def node_of(deployment: Deployment) -> Node:
    await deployment.connect()
    return deployment.nodes[0]


@pytest.mark.parametrize(
    "without",
    [
        (),
        ("-multi",),
        ("-multi", "-exec", "-watch", "-unwatch", "-discard"),
        ("-eval",),
        ("-eval", "-unwatch"),
        ("-eval", "-discard"),
        ("-@scripting",),
    ],
)
async def test_either_a_script_or_a_transaction_will_do(
    client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...]
) -> None:
    key, row = one_row(client)
    value = client.get(key)
    poor = make_poor(*without)
    outcome = await carry_out(poor, RevokeSession(row))
    assert (outcome.result, client.exists(key)) == ("deleted", 0)
    assert await poor.one(b"PING") == b"PONG"
    assert outcome.undo is not None
    assert (await carry_out(poor, outcome.undo)).result == "restored"
    assert client.get(key) == value


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (("-eval", "-multi"), "EVAL or MULTI"),
        (("-eval", "-watch"), "EVAL or WATCH"),
        (("-eval", "-exec"), "EVAL or EXEC"),
        (("-eval", "-exec", "-discard"), "EVAL or EXEC"),
        (("-del",), "DEL"),
        (("-eval", "-del"), "DEL"),
        (("-eval", "-del", "-discard"), "DEL"),
        (("-get",), "GET"),
        (("-eval", "-get"), "GET"),
        (("-eval", "-get", "-unwatch"), "GET"),
    ],
)
async def test_one_step_or_nothing(
    client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...], expected: str
) -> None:
    key, row = one_row(client)
    poor = make_poor(*without)
    is_untold = not knows(client, 7) and not {"-multi", "-discard"}.isdisjoint(without) and "EVAL or" in expected
    hint = r" \(\+eval allows it\)" if is_untold else ""  # earlier servers tell rights only within transactions
    with pytest.raises(SourceError, match=f"not deleted: not allowed to run {expected}{hint}$") as caught:
        await carry_out(poor, RevokeSession(row))
    assert "user_script" not in str(caught.value)
    assert client.exists(key)
    assert await poor.one(b"PING") == b"PONG"  # the connection is in no transaction
    assert client.set("session:other", "x")


@pytest.mark.parametrize("without", [("-dump",), ("-pttl",), ("-eval", "-dump")])
async def test_what_cannot_be_brought_back_is_reported(
    client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...]
) -> None:
    key, row = one_row(client)
    outcome = await carry_out(make_poor(*without), RevokeSession(row))
    assert (outcome.result, outcome.undo, client.exists(key)) == ("deleted", None, 0)
    assert "cannot be brought back" in outcome.detail
    assert without[-1][1:] in outcome.detail


async def test_no_undo_is_offered_that_would_be_refused(client: redis.Redis, make_poor: MakePoor) -> None:
    key, row = one_row(client)
    outcome = await carry_out(make_poor("-restore"), RevokeSession(row))
    assert (outcome.result, outcome.undo, client.exists(key)) == ("deleted", None, 0)
    assert "cannot be brought back (RESTORE is not allowed)" in outcome.detail


async def test_where_the_server_does_not_tell_an_undo_is_offered(client: redis.Redis, make_poor: MakePoor) -> None:
    _, row = one_row(client)
    outcome = await carry_out(make_poor("-acl"), RevokeSession(row))
    assert outcome.undo is not None
    assert "brought back" not in outcome.detail


@pytest.mark.parametrize(
    ("without", "expected"), [((), True), (("-restore",), False), (("-dump",), False), (("-acl",), None)]
)
async def test_whether_there_is_an_undo_is_found_out_without_a_write(
    client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...], expected: bool | None
) -> None:
    key, _ = one_row(client)
    if expected is None and not knows(client, 7):
        expected = True  # earlier servers tell it in a transaction, which needs no right to ACL
    before = client.dump(key), client.info("persistence")["rdb_changes_since_last_save"]
    assert (await write_rights(await node_of(make_poor(*without)), key)).undo is expected
    assert (client.dump(key), client.info("persistence")["rdb_changes_since_last_save"]) == before


@pytest.mark.parametrize(
    "rules",
    [
        (),
        ("-restore",),
        ("-dump", "-eval"),
        ("-del",),
        ("-eval", "-watch"),
        ("-eval", "-exec"),
        ("-eval", "-exec", "-del"),
        ("resetkeys", "~other:*"),
        ("resetkeys", "~other:*", "-eval", "-watch"),
    ],
)
async def test_before_redis_7_a_discarded_transaction_tells_the_same(
    client: redis.Redis, make_poor: MakePoor, rules: tuple[str, ...]
) -> None:
    needs(client, 7, what="what it is compared with")
    key, _ = one_row(client)
    node = await node_of(make_poor())
    client.execute_command("ACL", "SETUSER", "poor", *rules)  # type: ignore[no-untyped-call]
    before = client.dump(key), client.info("persistence")["rdb_changes_since_last_save"]
    told = await write_rights(node, key)
    node.handshake.has_read_rules = False
    assert await write_rights(node, key) == told
    refused = client.info("errorstats")["errorstat_NOPERM"]["count"] if "-del" in rules else 0
    assert await write_rights(node, key) == told
    if "-del" in rules:  # it is not asked about again at once
        assert client.info("errorstats")["errorstat_NOPERM"]["count"] == refused
    assert (client.dump(key), client.info("persistence")["rdb_changes_since_last_save"]) == before
    assert await node.pipeline([(b"PING",)]) == [b"PONG"]  # the connection is in no transaction


@pytest.mark.parametrize("without", ["-multi", "-discard"])
async def test_without_a_transaction_earlier_servers_do_not_tell(
    client: redis.Redis, make_poor: MakePoor, without: str
) -> None:
    key, _ = one_row(client)
    node = await node_of(make_poor(without, "-restore"))
    node.handshake.has_read_rules = False
    assert await write_rights(node, key) == WriteRights()
    assert node.connects == 1


@pytest.mark.parametrize("without", [(), ("-eval",)])
async def test_of_a_key_of_another_type_nothing_is_left(
    client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...]
) -> None:
    key = b"session:Kx9f2LqP7TzW4mNb"
    client.rpush(key, *"abc")
    outcome = await carry_out(make_poor(*without, "-dump"), RevokeSession(row_of(key, None)))
    assert (outcome.result, client.exists(key)) == ("deleted", 0)


@pytest.mark.parametrize("without", [(), ("-eval",)])
async def test_our_lookups_stay_ours(client: redis.Redis, make_poor: MakePoor, without: tuple[str, ...]) -> None:
    _, row = one_row(client)
    poor = make_poor(*without)
    counted, ours = await own_lookups(poor)
    await carry_out(poor, RevokeSession(row))
    later, ours_later = await own_lookups(poor)
    assert later - counted == ours_later - ours > 0


# -- a server in trouble ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server whose settings must not affect other tests."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def troubled(own_server: EmbeddedServer) -> Iterator[redis.Redis]:
    """A client of that server; its settings are restored afterwards."""
    with redis.Redis(port=own_server.port) as client:
        client.acl_setuser("plain", enabled=True, passwords=["+pw"], commands=["+@all", "-eval"], keys=["*"])
        yield client
        client.replicaof("NO", "ONE")
        client.config_set("maxmemory", 0)
        client.config_set("replica-serve-stale-data", "yes")
        client.flushall()


@pytest.fixture
async def as_user(own_server: EmbeddedServer) -> AsyncIterator[Callable[[str], Deployment]]:
    made: list[Deployment] = []

    def connect(user: str) -> Deployment:
        made.append(Deployment(Url(own_server.url.replace("redis://", f"redis://{user}:pw@" if user else "redis://"))))
        return made[-1]

    yield connect
    for deployment in made:
        await deployment.close()


@pytest.mark.parametrize("user", ["", "plain"])
async def test_out_of_memory_one_can_still_sign_out(
    troubled: redis.Redis, as_user: Callable[[str], Deployment], user: str
) -> None:
    key, row = one_row(troubled)
    troubled.config_set("maxmemory", 1)
    deployment = as_user(user)
    outcome = await carry_out(deployment, RevokeSession(row))
    assert (outcome.result, troubled.exists(key)) == ("deleted", 0)
    assert "not in one step" not in outcome.detail or user
    assert outcome.undo is not None
    with pytest.raises(SourceError, match="OOM"):
        await carry_out(deployment, outcome.undo)
    troubled.config_set("maxmemory", 0)
    assert (await carry_out(deployment, outcome.undo)).result == "restored"


@pytest.mark.parametrize("changed", [False, True])
async def test_a_server_that_takes_no_transaction_while_it_is_out_of_memory(
    troubled: redis.Redis, own_server: EmbeddedServer, changed: bool
) -> None:
    """Redis 7 does so, but accepts a single DEL."""
    needs(troubled, 7, what="transactions that are refused when they begin")
    key, row = one_row(troubled)
    async with relay(own_server.port) as way:
        deployment = Deployment(Url(way.url.replace("redis://", "redis://plain:pw@")))
        await deployment.connect()

        def meanwhile() -> None:
            if changed:
                troubled.set(key, '{"email": "eve@example.com"}')

        way.answer("DEL", b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", meanwhile)
        outcome = await carry_out(deployment, RevokeSession(row))
        await deployment.close()
    assert outcome.result == ("changed since, not deleted" if changed else "deleted")
    assert troubled.exists(key) == changed
    assert ("not in one step" in outcome.detail) != changed


@pytest.mark.parametrize("user", ["", "plain"])
async def test_a_replica_tells_that_it_is_one(
    troubled: redis.Redis, as_user: Callable[[str], Deployment], user: str
) -> None:
    key, row = one_row(troubled)
    troubled.replicaof("127.0.0.1", "1")
    with pytest.raises(SourceError, match=r"^not deleted: READONLY [^:]*\.?$"):
        await carry_out(as_user(user), RevokeSession(row))
    assert troubled.exists(key)


@pytest.mark.parametrize("user", ["", "plain"])
@pytest.mark.parametrize("known", [True, False])
async def test_a_server_that_does_not_answer_about_a_key_has_not_said_what_it_is(
    troubled: redis.Redis, as_user: Callable[[str], Deployment], user: str, known: bool
) -> None:
    """This is also true for a session in no known dialect."""
    key, row = one_row(troubled)
    deployment = as_user(user)
    await deployment.connect()
    troubled.replicaof("127.0.0.1", "1")
    troubled.config_set("replica-serve-stale-data", "no")
    with pytest.raises(SourceError, match="not deleted: this replica has lost its primary"):
        await carry_out(deployment, RevokeSession(row if known else row_of(key, b"\x80")))
    troubled.replicaof("NO", "ONE")
    assert troubled.exists(key)


async def test_a_busy_server_tells_that_it_is(
    troubled: redis.Redis, own_server: EmbeddedServer, as_user: Callable[[str], Deployment]
) -> None:
    key, row = one_row(troubled)
    deployment = as_user("")
    await deployment.connect()
    troubled.config_set("lua-time-limit", 1)
    endless = redis.Redis(port=own_server.port)

    def hold() -> None:
        with contextlib.suppress(redis.RedisError):
            endless.eval("while true do end", 0)

    def is_busy() -> bool:
        try:
            troubled.get("x")
        except redis.exceptions.ResponseError as error:
            return "BUSY" in str(error)
        return False

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        await until(is_busy)
        with pytest.raises(SourceError, match="not deleted: BUSY"):
            await carry_out(deployment, RevokeSession(row))
    finally:
        troubled.script_kill()
        holding.join()
        endless.close()
    assert troubled.exists(key)

"""A deployment of two nodes: each command goes to the node of its key, and figures are those of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client import backoff
from redis_dash.client.command_key import key_of
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info, whole
from redis_dash.client.node import Node
from redis_dash.client.own_lookups import CALIBRATED, PROBES, UNCOUNTED
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, MissingRightError
from redis_dash.core.resp import Command
from tests.live.relay import relay
from tests.live.two_nodes import TwoNodes, by_checksum, two_nodes
from tests.live.versions import knows

KEYS = [b"key:%d" % number for number in range(100)]


@pytest.fixture(scope="module")
def servers() -> Iterator[TwoNodes]:
    with two_nodes() as both:
        yield both


@pytest.fixture
def nodes(servers: TwoNodes) -> TwoNodes:
    """Both servers, emptied."""
    for client in servers.clients:
        client.flushall()
        client.config_resetstat()
    return servers


@pytest.fixture
async def both(nodes: TwoNodes) -> AsyncIterator[Deployment]:
    deployment = nodes.deployment()
    yield deployment
    await deployment.close()


def write(nodes: TwoNodes) -> None:
    for key in KEYS:
        nodes.client_of(key).set(key, key)


# -- where a command goes --------------------------------------------------------------------------------------------


async def test_each_command_goes_to_the_node_of_its_key_and_replies_keep_their_order(
    nodes: TwoNodes, both: Deployment
) -> None:
    write(nodes)
    assert await both.pipeline([(b"GET", key) for key in KEYS]) == KEYS
    commands: list[Command] = [command for key in KEYS for command in ((b"STRLEN", key), (b"TYPE", key), (b"GET", key))]
    assert await both.pipeline(commands) == [reply for key in KEYS for reply in (len(key), b"string", key)]
    assert await both.one(b"GET", KEYS[0]) == KEYS[0]
    asked = [client.info("commandstats")["cmdstat_getrange"]["calls"] for client in nodes.clients]
    here = sum(map(by_checksum, KEYS))
    assert 0 < here < len(KEYS)
    assert [asked[1], asked[0]] == pytest.approx([2 * here, 2 * (len(KEYS) - here)], abs=2)


async def test_a_command_without_one_key_is_refused(both: Deployment) -> None:
    for command in ((b"PING",), (b"INFO",), (b"EXISTS", b"a", b"b"), (b"DEL", b"a", b"b"), (b"EVAL", b"1", b"0")):
        with pytest.raises(ValueError, match="does not have one key"):
            await both.pipeline([(b"GET", b"a"), command])


async def test_a_command_without_a_key_goes_to_the_first_or_to_each(nodes: TwoNodes, both: Deployment) -> None:
    nodes.clients[1].set("only", "here")
    assert await both.on_each([(b"DBSIZE",), (b"PING",)]) == [[0, b"PONG"], [1, b"PONG"]]
    assert await both.on_first(b"DBSIZE") == 0


NO_KEY = (
    "no key arguments|Invalid (command|number of arguments) specified|wrong number of arguments for 'command.getkeys'"
)
"""The last words are those of Redis 7.0 for a command without arguments, those before of 6.2."""


def test_the_key_of_every_listed_command_is_the_one_that_the_server_names(nodes: TwoNodes) -> None:
    """Of the others the server says that they have none."""
    known: list[Command] = [(name, b"k", *PROBES.get(name, ())) for name in CALIBRATED]
    known += [
        (b"DEL", b"k"),
        (b"WATCH", b"k"),
        (b"RESTORE", b"k", b"0", b"x"),
        (b"EVAL", b"return 1", b"1", b"k"),
        (b"XREAD", b"COUNT", b"1", b"STREAMS", b"k", b"0"),
        (b"XINFO", b"STREAM", b"k"),
    ]
    for command in known:
        assert nodes.clients[0].command_getkeys(*command) == [key_of(command).decode()]
    arguments = {
        b"CLUSTER": [b"SLOTS"],
        b"CLIENT": [b"ID"],
        b"ACL": [b"WHOAMI"],
        b"PUBSUB": [b"NUMSUB"],
        b"PUBLISH": [b"c", b"m"],
    }
    with_one = {b"SCAN": [b"0"], b"SELECT": [b"0"], b"SUBSCRIBE": [b"c"], b"PSUBSCRIBE": [b"c"], b"AUTH": [b"pw"]}
    for name in UNCOUNTED.difference(command[0] for command in known):
        command = (name, *(arguments | with_one).get(name, []))
        with pytest.raises(redis.ResponseError, match=NO_KEY):
            nodes.clients[0].command_getkeys(*command)
        with pytest.raises(ValueError, match="does not have one key"):
            key_of(command)


# -- figures ---------------------------------------------------------------------------------------------------------


async def test_info_adds_both_nodes(nodes: TwoNodes, both: Deployment) -> None:
    write(nodes)
    nodes.clients[1].set("short", "x", ex=100)
    info = await both.info(max_age_s=-1)
    assert info.values["db0"].startswith("keys=101,expires=1,avg_ttl=")
    assert [whole(one.values, "tcp_port") for one in info.nodes] == [server.port for server in nodes.servers]
    assert whole(info.values, "used_memory") == sum(whole(one.values, "used_memory") for one in info.nodes)
    assert info.values["maxmemory"] == "0"
    assert info.values["role"] == "master"
    assert "tcp_port" not in info.values  # no rule says what it means for both


async def test_a_limit_of_memory_is_one_only_if_each_node_has_one(nodes: TwoNodes, both: Deployment) -> None:
    nodes.clients[0].config_set("maxmemory", 100_000_000)
    try:
        assert (await both.info(max_age_s=-1)).values["maxmemory"] == "0"
        nodes.clients[1].config_set("maxmemory", 50_000_000)
        assert (await both.info(max_age_s=-1)).values["maxmemory"] == "150000000"
    finally:
        for client in nodes.clients:
            client.config_set("maxmemory", 0)


async def test_the_hit_rate_is_the_applications_on_both_nodes(nodes: TwoNodes, both: Deployment) -> None:
    write(nodes)

    async def application() -> tuple[int, int]:
        return (await both.info(max_age_s=-1)).application

    before = await application()
    await both.pipeline([(b"PTTL", key) for key in [*KEYS, b"none", b"neither"]])
    await both.pipeline([(b"GET", key) for key in KEYS])
    assert await application() == before
    for key in KEYS[:30]:
        nodes.client_of(key).get(key)
    for client in nodes.clients:
        client.get("nothing")
    assert await application() == (before[0] + 30, before[1] + 2)


async def test_a_reset_on_one_node_restarts_the_comparison(nodes: TwoNodes, both: Deployment) -> None:
    write(nodes)
    for key in KEYS:
        nodes.client_of(key).get(key)
    before = await both.info(max_age_s=-1)
    assert before.since is None
    nodes.clients[1].config_resetstat()
    after = await both.info(max_age_s=-1)
    assert after.began != before.began
    assert after.since is None  # the other node has counted before, too
    assert after.reset_in_part is not None
    assert after.application == (len(KEYS) - sum(map(by_checksum, KEYS)), 0)


async def test_the_applications_commands_are_those_on_both(nodes: TwoNodes, both: Deployment) -> None:
    def foreign(earlier: Info, later: Info) -> int:
        ran = whole(later.values, "total_commands_processed") - whole(earlier.values, "total_commands_processed")
        return ran - (later.own_commands[1] - earlier.own_commands[0])

    first = await both.info(max_age_s=-1)
    await both.pipeline([(b"GET", key) for key in KEYS])
    second = await both.info(max_age_s=-1)
    assert foreign(first, second) == 0
    for client in nodes.clients:
        for _ in range(250):
            client.echo("x")
    assert foreign(second, await both.info(max_age_s=-1)) == 500


async def test_the_cost_is_that_on_both(nodes: TwoNodes, both: Deployment) -> None:
    await both.pipeline([(b"GET", key) for key in KEYS])
    await both.price()
    one, other = (node.watching_cost() for node in both.nodes)
    cost = both.watching_cost()
    assert one.commands > 30
    assert other.commands > 30
    assert cost.commands == one.commands + other.commands
    assert cost.server_ms == one.server_ms + other.server_ms > 0
    assert both.spent_s == pytest.approx(sum(node.cost.spent_s or 0.0 for node in both.nodes))
    most = max(node.cost.spent_s or 0.0 for node in both.nodes)
    assert (both.most_spent_s(), both.most_spent_s()) == (most, most)
    assert not both.lacks_price(b"GETRANGE")
    await both.nodes[1].pipeline([(b"SCAN", b"0")])
    assert both.lacks_price(b"SCAN")  # and not on the node that did not run it
    await both.price()
    assert not both.lacks_price(b"SCAN")
    own, theirs = both.watching_cost().commands, nodes.total("total_commands_processed")
    await both.pipeline([(b"PTTL", key) for key in KEYS])
    assert both.watching_cost().commands - own == 100
    assert nodes.total("total_commands_processed") - theirs == 100 + 2  # and the two INFOs of ``total``


async def test_the_price_of_a_command_is_that_on_the_slowest(nodes: TwoNodes, both: Deployment) -> None:
    nodes.clients[1].mset({b"many:%d" % number: b"" for number in range(5000)})
    prices = []
    for node in both.nodes:
        await node.pipeline([(b"SCAN", b"0", b"COUNT", b"5000")])
        prices.append(both.usec(b"SCAN"))  # none while one is not known
        await both.price()
        prices.append(both.usec(b"SCAN"))
    quick, slow = (node.cost.usec(b"SCAN") for node in both.nodes)
    assert quick is not None
    assert slow is not None
    assert quick < slow
    assert prices == [None, quick, None, slow]


async def test_the_ping_is_that_of_the_slowest(nodes: TwoNodes) -> None:
    async with relay(nodes.servers[1].port) as slow:
        slow.delay_s = 0.05
        both = Deployment(nodes.urls[0], [Node(nodes.urls[0]), Node(Url(slow.url))], by_checksum)
        ping_ms = await both.ping_ms()
        await both.close()
    assert ping_ms is not None
    assert ping_ms >= 50


# -- one of them is away ---------------------------------------------------------------------------------------------


async def test_one_that_cannot_be_reached_is_named_whatever_is_asked(nodes: TwoNodes) -> None:
    with EmbeddedServer() as server:
        gone = Url(server.url)
    both = Deployment(nodes.urls[0], [Node(nodes.urls[0]), Node(gone)], by_checksum)
    named = f"^{gone}: connection refused$"
    for asked in (both.info, both.ping_ms, both.price, both.connect):
        with pytest.raises(AwayError, match=named):
            await asked()
    for commands in ([(b"GET", key) for key in KEYS], []):
        with pytest.raises(AwayError, match=named):
            await both.pipeline(commands)
    assert both.trouble == f"{gone}: connection refused"
    assert both.unreachable
    here = [key for key in KEYS if by_checksum(key) == 0]
    assert await both.pipeline([(b"GET", key) for key in here]) == [None] * len(here)
    await both.close()


async def test_a_node_that_is_there_again_is_reached_at_once(nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 60.0)
    with EmbeddedServer() as other:
        both = Deployment(nodes.urls[0], [Node(nodes.urls[0]), Node(Url(other.url))], by_checksum)
        other.stop()
        with pytest.raises(AwayError):
            await both.connect()
        other.start()
        with pytest.raises(AwayError):
            await both.connect()  # attempts are spaced out
        both.connect_now()
        await both.connect()
        assert [node.connects for node in both.nodes] == [1, 1]
        await both.close()


async def test_rules_for_reading_must_be_known_to_each_node(nodes: TwoNodes) -> None:
    """The rule that is shown must be valid on all nodes."""
    both = nodes.deployment()
    known = [both.has_read_rules]
    for node in both.nodes:
        await node.connect()
        known.append(both.has_read_rules)
    assert known == [False, False, knows(nodes.clients[0], 7)]
    await both.close()


async def test_a_right_that_is_missing_on_one_node_is_told(nodes: TwoNodes, both: Deployment) -> None:
    nodes.clients[1].acl_setuser("default", commands=["-info"], enabled=True, nopass=True)
    try:
        with pytest.raises(MissingRightError, match=r"^not allowed to run INFO$"):
            await both.info()
    finally:
        nodes.clients[1].acl_setuser("default", commands=["+@all"], enabled=True, nopass=True)


async def test_what_one_server_spent_is_its_own_figure_also_when_its_price_falls(redis_url: str) -> None:
    """The sum holds estimates: if it could only grow, the scan would be slowed more and more."""
    one = Deployment(Url(redis_url))
    cost = one.nodes[0].cost
    for calls, usec in ((10, 1000), (20, 1010), (30, 5000)):
        cost.count([(b"GET", b"a")] * 10)
        assert one.most_spent_s() == one.spent_s
        cost.price({b"GET": (calls, usec)}, 0.0)
        assert one.most_spent_s() == pytest.approx(one.spent_s)

"""Topologies and redirects, as servers tell them."""

from __future__ import annotations

import pytest

from redis_dash.client.address import Address
from redis_dash.client.cluster.redirects import Redirect, redirect_of, with_asking
from redis_dash.client.cluster.topology import Shard, read_topology
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.resp import ReplyError

ASKED = Address("10.0.0.9", 7009)
INFO = b"cluster_state:ok\r\ncluster_current_epoch:6\r\n"


def test_owners_replicas_and_the_rest() -> None:
    slots = [
        [0, 5460, [b"10.0.0.1", 7000, b"id1", []], [b"10.0.0.4", 7003, b"id4", []]],
        [5461, 10922, [b"10.0.0.2", 7001, b"id2", [b"hostname", b"two.example.com"]]],
        [10924, 16383, [b"10.0.0.1", 7000, b"id1", []], [b"10.0.0.4", 7003, b"id4", []]],
    ]
    topology = read_topology([slots, INFO], ASKED)
    one, two = Address("10.0.0.1", 7000), Address("10.0.0.2", 7001)
    assert topology.shards == (Shard(one, (Address("10.0.0.4", 7003),)), Shard(two))
    assert [topology.owner(slot) for slot in (0, 5460, 5461, 10923, 16383)] == [one, one, two, None, one]
    assert topology.slots == {one: 5461 + 5460, two: 5462}
    assert topology.uncovered == 1
    assert (topology.epoch, topology.is_up, topology.names) == (6, True, {two: "two.example.com"})


def test_slots_of_primaries_that_are_suspected_or_failed_are_failing() -> None:
    assert read_topology([[], INFO + b"cluster_slots_pfail:3\r\ncluster_slots_fail:5461\r\n"], ASKED).failing == 5464


@pytest.mark.parametrize("host", [b"", None])
def test_a_server_that_leaves_out_its_host_is_the_one_that_was_asked(host: bytes | None) -> None:
    topology = read_topology([[[0, 16383, [host, 7000, b"id"]]], INFO], ASKED)
    assert topology.owner(5) == Address("10.0.0.9", 7000)


def test_a_server_whose_host_is_not_known_yet_is_nobody() -> None:
    topology = read_topology([[[0, 16383, [b"?", 7000, b"id"]]], INFO], ASKED)
    assert topology.uncovered == 16384


@pytest.mark.parametrize("host", [b"h:1/0?ssl_cert_reqs=none#", b"x@h", b"a b", b"h" * 300, b"\xff", b"a..b", b":::::"])
def test_a_host_that_would_change_the_url_is_nobody(host: bytes) -> None:
    assert read_topology([[[0, 16383, [host, 7000, b"id"]]], INFO], ASKED).uncovered == 16384
    moved = ReplyError(f"MOVED 5 {host.decode('latin-1')}:7000")
    assert getattr(redirect_of(moved, ASKED), "address", None) is None


@pytest.mark.parametrize("reply", [b"text", 5, [[1]], [[b"a", b"b", [b"h", 1]]], [[0, 1, None]], [0]])
def test_another_form_is_told(reply: object) -> None:
    with pytest.raises(SourceError, match="unknown form"):
        read_topology([reply, INFO], ASKED)


def test_a_missing_right_is_told_with_its_rule() -> None:
    refused = ReplyError("NOPERM User app has no permissions to run the 'cluster|slots' command")
    with pytest.raises(MissingRightError) as error:
        read_topology([refused, INFO], ASKED)
    assert error.value.rules == ("+cluster|slots",)


def test_slots_that_were_given_to_others() -> None:
    topology = read_topology([[[0, 16383, [b"10.0.0.1", 7000]]], INFO], ASKED)
    before = topology.owners
    topology.give(Shard(Address("10.0.0.2", 7001)), 7, 8)
    assert topology.owners != before
    assert topology.slots == {Address("10.0.0.1", 7000): 16382, Address("10.0.0.2", 7001): 2}


@pytest.mark.parametrize(
    ("text", "redirect"),
    [
        ("MOVED 3999 127.0.0.1:6381", Redirect("MOVED", 3999, Address("127.0.0.1", 6381))),
        ("MOVED 3999 :6381", Redirect("MOVED", 3999, Address("10.0.0.9", 6381))),
        ("ASK 1 ::1:7000", Redirect("ASK", 1, Address("::1", 7000))),
        ("ASK 1 two.example.com:7000", Redirect("ASK", 1, Address("two.example.com", 7000))),
        ("MOVED 3999 ?:6381", Redirect("TRYAGAIN")),
        ("TRYAGAIN Multiple keys request during rehashing of slot", Redirect("TRYAGAIN")),
        ("CLUSTERDOWN The cluster is down", Redirect("CLUSTERDOWN")),
        ("MOVED x", None),
        ("MOVEDX 1 a:1", None),
        ("ERR no such key", None),
    ],
)
def test_redirects(text: str, redirect: Redirect | None) -> None:
    assert redirect_of(ReplyError(text), ASKED) == redirect


def test_what_is_no_error_is_no_redirect() -> None:
    assert redirect_of(b"MOVED 1 a:1", ASKED) is None
    assert with_asking([(b"GET", b"a"), (b"TYPE", b"a")])[::2] == [(b"ASKING",)] * 2

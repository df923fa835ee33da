"""What sentinels answer, in whatever form, and whose answer counts."""

from __future__ import annotations

import pytest

from redis_dash.client.address import Address
from redis_dash.client.sentinel.views import Member, View, names_of, newest, read_view
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.resp import ReplyError

WHERE = [b"10.0.0.1", b"6379"]
NOPERM = ReplyError("NOPERM User x has no permissions to run the 'sentinel|master' command")


def facts(**values: str) -> list[bytes]:
    return [part.encode() for name, value in values.items() for part in (name.replace("_", "-"), value)]


def sentinel(number: int, flags: str = "sentinel") -> list[bytes]:
    return facts(ip=f"10.0.0.{number}", port="26379", runid=f"id{number}", flags=flags)


def test_all_that_a_sentinel_tells() -> None:
    replica = facts(ip="10.0.0.2", port="6379", flags="slave", slave_repl_offset="120", master_link_status="err")
    primary = facts(flags="master,o_down,failover_in_progress", config_epoch="7")
    view = read_view([WHERE, primary, [sentinel(2), sentinel(3, "s_down,sentinel")], [replica], b"id1"])
    assert view == View(
        Address("10.0.0.1", 6379),
        "id1",
        7,
        True,
        True,
        (Member(Address("10.0.0.2", 26379), "id2", True), Member(Address("10.0.0.3", 26379), "id3", False)),
        (Member(Address("10.0.0.2", 6379), "", True, 120, False),),
    )
    assert view.is_of_majority
    alone = read_view([WHERE, primary, [sentinel(2, "s_down"), sentinel(3, "sentinel,disconnected")], [], b"id1"])
    assert alone.is_of_majority is False


def test_a_user_who_may_ask_for_nothing_but_the_address() -> None:
    view = read_view([WHERE, NOPERM, NOPERM, NOPERM, NOPERM])
    assert view == View(Address("10.0.0.1", 6379))
    assert view.is_of_majority is None
    with pytest.raises(MissingRightError):
        read_view([NOPERM] * 5)


@pytest.mark.parametrize("word", ["command", "subcommand"])
def test_a_server_that_is_no_sentinel(word: str) -> None:
    with pytest.raises(SourceError, match="this is no sentinel"):
        read_view([ReplyError(f"ERR unknown {word} 'sentinel', with args beginning with: ")] * 5)


def test_a_name_that_is_not_known() -> None:
    assert read_view([None, ReplyError("ERR No such master with that name"), [], [], b"id"]).address is None
    assert names_of([facts(name="a"), facts(ip="1"), facts(name="b")]) == ("a", "b")
    assert names_of(NOPERM) == ()


@pytest.mark.parametrize(
    "where",
    [
        b"OK",
        5,
        [],
        [b"10.0.0.1"],
        [b"10.0.0.1", b"0"],
        [b"10.0.0.1", b"99999999"],
        [b"10.0.0.1", "²".encode()],
        [b"h/0?ssl_cert_reqs=none#", b"1"],
        [b"x@h", b"1"],
        [b"a..b", b"1"],
        [b":::::", b"1"],
        [b"", b"1"],
        [b"\x1b[31m", b"1"],
        [None, b"1"],
        [[b"h"], b"1"],
    ],
)
def test_an_address_in_another_form(where: object) -> None:
    with pytest.raises(SourceError, match="in an unknown form"):
        read_view([where, [], [], [], b"id"])


@pytest.mark.parametrize("odd", [b"x", 3, None, [b"odd"], [1, 2, 3], [[None]], [facts(ip="a b", port="1")], [[b"ip"]]])
def test_whatever_else_is_odd_is_left_out(odd: object) -> None:
    view = read_view([WHERE, odd, odd, odd, odd])
    assert (view.address, view.replicas, view.is_down) == (Address("10.0.0.1", 6379), (), False)
    assert view.others in (None, ())


def test_the_answer_of_the_newest_failover_counts() -> None:
    old, new = Address("10.0.0.1", 6379), Address("10.0.0.2", 6379)
    assert newest([View(old, epoch=3), View(new, epoch=4), View(old, epoch=3)]) == View(new, epoch=4)
    assert newest([View(old, epoch=3), View(new, epoch=3), View(new, epoch=3)]) == View(new, epoch=3)
    assert newest([View(None, epoch=9), View(old)]) == View(old)
    assert newest([View(None)]) is newest([]) is None

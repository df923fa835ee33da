"""Which answers of sentinels move the primary, and what becomes of a connection that is being opened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import pytest

from redis_dash.client.address import Address
from redis_dash.client.connection import Connection
from redis_dash.client.sentinel import primary as module
from redis_dash.client.sentinel.primary import Primary
from redis_dash.client.sentinel.views import Member, View
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError
from redis_dash.core.resp import Command, ReplyError
from tests.conftest import until

OLD, NEW = Address("10.0.0.1", 6379), Address("10.0.0.2", 6379)

WELL = View(OLD, epoch=1)
UP, DOWN = (Member(Address("10.0.0.9", 26379), "id", is_up) for is_up in (True, False))


class Told:
    """The sentinels of a primary, whose answers are given."""

    def __init__(self, known: int = 3) -> None:
        self.answers: Sequence[View] = ()
        self.known, self.trouble = known, ""

    @property
    def reached(self) -> int:
        return len(self.answers)

    async def ask(self) -> Sequence[View]:
        return self.answers

    ask_again = ask


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def primary(told: Told) -> Primary:
    primary = Primary(Url("redis+sentinel://ann:pw@h/mymaster/2"), asyncio.Event())
    primary.sentinels = told  # type: ignore[assignment]
    return primary


async def after(primary: Primary, told: Told, *views: View) -> Address | None:
    told.answers = views
    primary._asked_at = 0.0
    await primary.refresh()
    return primary.address


async def test_an_answer_from_before_the_failover_does_not_lead_back(primary: Primary, told: Told) -> None:
    assert await after(primary, told, View(OLD, epoch=1), View(OLD, epoch=1)) == OLD
    assert primary.url.reveal() == "redis://ann:pw@10.0.0.1:6379/2"
    assert await after(primary, told, View(OLD, epoch=1), View(NEW, epoch=2), View(OLD, epoch=1)) == NEW
    assert primary.url.reveal() == "redis://ann:pw@10.0.0.2:6379/2"
    assert await after(primary, told, View(OLD, epoch=1)) == NEW
    assert await after(primary, told) == NEW
    assert (primary.switches, primary._changed.is_set()) == (1, True)
    begun_anew = [View(OLD, epoch=0)] * 3  # each of them was told to forget what it knew
    assert await after(primary, told, *begun_anew) == OLD


async def test_the_selected_database_stays(primary: Primary, told: Told) -> None:
    await after(primary, told, View(OLD, epoch=1))
    primary.url = primary.url.with_database(5)
    await after(primary, told, View(NEW, epoch=2))
    assert primary.url.database == 5


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ([WELL, WELL, WELL], ""),
        ([WELL, WELL, WELL._replace(is_down=True)], ""),
        ([WELL, WELL._replace(is_down=True)], "the sentinels cannot reach 10.0.0.1:6379"),
        ([WELL, WELL, WELL._replace(is_failing_over=True)], "the sentinels are failing over"),
        (
            [WELL, WELL._replace(address=NEW, epoch=2)],
            "10.0.0.2:6379 is the primary now; look again before you repeat it",
        ),
        ([WELL], "1 of 3 sentinels can be asked, too few to know that 10.0.0.1:6379 still is the primary"),
        ([WELL._replace(others=(UP, UP))], ""),
        ([WELL._replace(others=(UP, DOWN))], ""),
        ([WELL._replace(others=(DOWN, DOWN))], "1 of 3 sentinels can be asked, too few to know that"),
        ([], "no sentinel has answered in time"),
    ],
)
async def test_what_is_known_before_a_write(primary: Primary, told: Told, views: list[View], said: str) -> None:
    async def is_primary(commands: Sequence[Command]) -> list[object]:
        return [[b"role", b"master"]]

    await after(primary, told, WELL, WELL, WELL)
    told.answers = views
    with contextlib.nullcontext() if not said else pytest.raises(SourceError, match=f"^nothing was written: {said}"):
        await primary.before_write(is_primary)


async def test_why_no_sentinel_can_be_asked_is_told_before_a_write(primary: Primary, told: Told) -> None:
    await after(primary, told, WELL, WELL, WELL)
    told.answers, told.trouble = (), "no sentinel can be asked: connection refused"
    with pytest.raises(SourceError, match=f"^nothing was written: {told.trouble}$"):
        await primary.before_write(lambda _: asyncio.sleep(0, []))


@pytest.mark.parametrize(
    ("replies", "is_replica"),
    [
        ([[b"role", b"replica"]], True),
        ([[b"server", b"redis", b"role", b"slave"]], True),
        ([ReplyError("ERR unknown command 'HELLO'"), [b"slave", b"10.0.0.2", 6379]], True),
        ([ReplyError("ERR unknown command 'HELLO'"), [b"master", 0, []]], False),
        ([ReplyError("ERR unknown command 'HELLO'"), ReplyError("ERR unknown command 'ROLE'")], False),
    ],
)
async def test_the_role_of_a_server(primary: Primary, told: Told, replies: list[object], is_replica: bool) -> None:
    """One that tells it in no way is taken for what the sentinels say that it is."""
    coming = iter(replies)

    async def ask(commands: Sequence[Command]) -> list[object]:
        return [next(coming)]

    await after(primary, told, WELL, WELL, WELL)
    with pytest.raises(SourceError, match="says that it is a replica") if is_replica else contextlib.nullcontext():
        await primary.before_write(ask)


async def test_a_pause_before_the_next_attempt_ends_when_something_has_changed(primary: Primary, told: Told) -> None:
    """It may have become half a minute."""
    ended = list[str]()
    primary.connect_now = lambda: ended.append("now")
    told.trouble = "no sentinel can be asked"
    await after(primary, told)
    assert (primary.trouble, ended) == ("no sentinel can be asked", [])
    told.trouble = ""
    await after(primary, told, View(OLD, epoch=1))
    await after(primary, told, View(OLD, epoch=1))
    assert len(ended) == 1
    primary._heard(b"master other 10.0.0.1 6379")
    assert (len(ended), primary.wanted.is_set()) == (1, False)
    primary._heard(b"master mymaster 10.0.0.1 6379")
    assert (len(ended), primary.wanted.is_set()) == (2, True)
    await after(primary, told, View(NEW, epoch=2))
    assert len(ended) == 3


async def test_connecting_to_a_machine_that_is_gone_ends_when_another_server_is_the_primary(
    primary: Primary, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers there, so that it would last until it times out."""

    async def nobody_answers(url: Url, connection: Connection) -> None:
        async with asyncio.timeout(30):
            await asyncio.Event().wait()

    monkeypatch.setattr(module, "open_connection", nobody_answers)
    told.answers, began = [View(OLD, epoch=1)], time.monotonic()
    opening = asyncio.create_task(primary.open(Connection()))
    await until(lambda: primary.address is not None)
    await after(primary, told, View(NEW, epoch=2))
    with pytest.raises(AwayError, match=r"^10\.0\.0\.2:6379 is the primary now$"):
        await opening
    assert time.monotonic() - began < 20

"""Which answers of sentinels move the primary, and what becomes of a connection that is being opened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from redis_dash.client.address import Address
from redis_dash.client.connection import Connection
from redis_dash.client.sentinel import primary as module
from redis_dash.client.sentinel.primary import Primary
from redis_dash.client.sentinel.views import View
from redis_dash.config import Url
from redis_dash.core.errors import AwayError
from tests.conftest import until

OLD, NEW = Address("10.0.0.1", 6379), Address("10.0.0.2", 6379)


class Told:
    """The sentinels of a primary, whose answers are given."""

    def __init__(self, known: int = 3) -> None:
        self.views: Sequence[View] = ()
        self.known, self.trouble = known, ""

    @property
    def reached(self) -> int:
        return len(self.views)

    async def ask(self, *, patiently: bool) -> Sequence[View]:
        return self.views


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def primary(told: Told) -> Primary:
    primary = Primary(Url("redis+sentinel://ann:pw@h/mymaster/2"), asyncio.Event())
    primary.sentinels = told  # type: ignore[assignment]
    return primary


async def after(primary: Primary, told: Told, *views: View) -> Address | None:
    told.views = views
    await primary.refresh(patiently=True)
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


async def test_connecting_to_a_machine_that_is_gone_ends_when_another_server_is_the_primary(
    primary: Primary, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers there, so that it would last until it times out."""

    async def nobody_answers(url: Url, connection: Connection) -> None:
        async with asyncio.timeout(30):
            await asyncio.Event().wait()

    monkeypatch.setattr(module, "open_connection", nobody_answers)
    told.views, began = [View(OLD, epoch=1)], time.monotonic()
    opening = asyncio.create_task(primary.open(Connection()))
    await until(lambda: primary.address is not None)
    await after(primary, told, View(NEW, epoch=2))
    with pytest.raises(AwayError, match=r"^10\.0\.0\.2:6379 is the primary now$"):
        await opening
    assert time.monotonic() - began < 20

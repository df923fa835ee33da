"""At full speed the readers work on a slice while the next one comes: one at a time, and never beyond a pass's end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.core.errors import SourceError
from redis_dash.keyspace.scan import Keyspace
from tests.conftest import until
from tests.live.test_scan import KEY_GROUPS, at_work, fill


@pytest.fixture
def keyspace(deployment: Deployment, client: redis.Redis) -> Keyspace:
    fill(client, 12_000, 8000)
    return Keyspace(deployment, KEY_GROUPS, budget=1.0, rest_s=0.01)


class Gate:
    """A reader that waits in each slice until it is opened."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.is_open = asyncio.Event()
        self.at_once = self.most_at_once = 0
        self.done = 0
        """Keys that the pass had seen when the latest slice was given to this reader."""
        self.seen: list[bytes] = []
        self._keyspace = keyspace

    async def read(self, keys: Sequence[bytes]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.done = self._keyspace.done
        try:
            await self.is_open.wait()
            await asyncio.sleep(0)
            self.seen += keys
        finally:
            self.at_once -= 1


def scans(client: redis.Redis) -> int:
    """How often SCAN was called."""
    stats = client.info("commandstats")
    return int(stats["cmdstat_scan"]["calls"]) if "cmdstat_scan" in stats else 0


async def test_at_full_speed_the_next_slice_comes_while_a_reader_works(keyspace: Keyspace, client: redis.Redis) -> None:
    gate = Gate(keyspace)
    keyspace.readers["sessions"] = gate.read
    keyspace.full_speed = True
    before = scans(client)
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: gate.at_once == 1)
    await until(lambda: scans(client) == before + 3)  # one is read, one has come, one is asked for
    for _ in range(3):  # three round trips, in which further slices would come
        await keyspace.counts.info_after(asyncio.get_running_loop().time())
    assert (scans(client), gate.at_once) == (before + 3, 1)
    assert keyspace.done == gate.done  # what has come is counted only when the keys before it are read
    gate.is_open.set()
    await going
    assert len(gate.seen) == 12_000
    assert set(gate.seen) == {b"session:%d" % number for number in range(12_000)}
    assert (gate.most_at_once, keyspace.passes) == (1, 1)


async def test_within_the_budget_no_slice_is_asked_for_while_a_reader_works(
    keyspace: Keyspace, client: redis.Redis
) -> None:
    gate = Gate(keyspace)
    keyspace.readers["sessions"] = gate.read
    before = scans(client)
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: gate.at_once == 1)
    for _ in range(3):
        await keyspace.counts.info_after(asyncio.get_running_loop().time())
    assert (scans(client), keyspace.done) == (before + 1, gate.done)
    gate.is_open.set()
    await going
    assert len(gate.seen) == 12_000


async def test_all_readers_of_a_slice_work_at_the_same_time(keyspace: Keyspace) -> None:
    gates = Gate(keyspace), Gate(keyspace)
    keyspace.readers |= {"sessions": gates[0].read, "limits": gates[1].read}
    keyspace.full_speed = True
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: all(gate.at_once == 1 for gate in gates))
    for gate in gates:
        gate.is_open.set()
    await going
    assert [len(gate.seen) for gate in gates] == [12_000, 8000]


async def test_a_pass_is_complete_only_when_its_last_slice_is_read(keyspace: Keyspace, client: redis.Redis) -> None:
    client.flushall()
    fill(client, 10, 0)
    gate = Gate(keyspace)
    keyspace.readers["sessions"] = gate.read
    keyspace.full_speed = True
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: gate.at_once == 1)
    for _ in range(3):
        await keyspace.counts.info_after(asyncio.get_running_loop().time())
    assert (keyspace.passes, keyspace.full_speed) == (0, True)
    gate.is_open.set()
    await going
    assert (keyspace.passes, keyspace.full_speed, len(gate.seen)) == (1, False, 10)


async def test_a_stopped_or_renewed_hurry_leaves_no_reader_behind(keyspace: Keyspace) -> None:
    gate = Gate(keyspace)
    keyspace.readers["sessions"] = gate.read
    keyspace.full_speed = True
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: gate.at_once == 1)
    keyspace.set_full_speed(on=False)
    gate.is_open.set()
    await until(lambda: keyspace.passes == 1)
    await going
    assert (len(gate.seen), gate.at_once) == (12_000, 0)
    gate.is_open.clear()
    keyspace.full_speed = True
    going = asyncio.create_task(keyspace.pass_over())
    await until(lambda: gate.at_once == 1)
    going.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await going
    assert gate.at_once == 0


@pytest.mark.own_errors(1)
async def test_the_failure_of_a_reader_at_full_speed_is_told_and_the_scan_goes_on(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.keyspace.scan.RETRY_S", 0.01)
    errors: list[Exception] = [ZeroDivisionError(), SourceError("refused")]
    told: list[str] = []

    async def broken(keys: Sequence[bytes]) -> None:
        if errors:
            raise errors.pop()
        told.append(keyspace.trouble)

    keyspace.readers["sessions"] = broken
    keyspace.set_full_speed(on=True)
    async with at_work(keyspace):
        await until(lambda: keyspace.trouble == "refused")
        await until(lambda: keyspace.passes > 0)
    assert told


async def test_a_hurry_is_not_paid_back(keyspace: Keyspace, deployment: Deployment) -> None:
    """Neither SCAN nor what the readers have asked, in the last slice either."""

    async def ask(keys: Sequence[bytes]) -> None:
        await deployment.pipeline([(b"STRLEN", key) for key in keys])

    keyspace.readers["sessions"] = ask
    keyspace.full_speed = True
    await keyspace.pass_over()
    throttle = keyspace._throttle
    assert (throttle._spent_s, throttle._scan_spent_s) == (keyspace._spent_s, keyspace._scan_spent_s)

"""The workload: repeatable choices, and a life that the truth can be compared with."""

import asyncio
import ipaddress
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.redis_client import close_client, open_client
from demo_server.process.embedded import EmbeddedServer
from demo_server.workload.journey import plan_journey
from demo_server.workload.people import ADDRESSES, BURST_ADDRESS, EVERYBODY, GREEDY_ADDRESS
from tests.demo.living import LivingDemo, living_demo
from tests.demo.waiting import until


def test_journeys_depend_on_seed_and_number_only() -> None:
    assert [plan_journey(7, number) for number in range(200)] == [plan_journey(7, number) for number in range(200)]
    assert [plan_journey(7, number) for number in range(20)] != [plan_journey(8, number) for number in range(20)]
    # Nor on the hash seed of the process.
    code = "from demo_server.workload.journey import plan_journey; print([plan_journey(7, n) for n in range(50)])"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_addresses_are_forty_and_reserved_for_documentation() -> None:
    networks = [ipaddress.ip_network(text) for text in ("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    everybody = {*ADDRESSES, GREEDY_ADDRESS}
    assert len(everybody) == 40
    for address in (*everybody, BURST_ADDRESS):
        assert any(ipaddress.ip_address(address) in network for network in networks), address


def test_journeys_follow_a_zipf_law_and_do_everything() -> None:
    journeys = [plan_journey(1, number) for number in range(4000)]
    visits = Counter(journey.visitor.address for journey in journeys)
    assert [address for address, _ in visits.most_common(2)] == list(ADDRESSES[:2])
    assert visits[ADDRESSES[0]] > 3 * visits[ADDRESSES[38]] > 0
    calls = Counter(f"{call.method} {call.path.split('/')[1].split('?')[0]}" for j in journeys for call in j.calls)
    assert set(calls) == {
        "POST login", "POST logout", "POST orders", "POST scores", "PUT products",
        "GET products", "GET leaderboard", "GET profile", "GET summarize", "GET views",
    }  # fmt: skip
    products = Counter(call.path for j in journeys for call in j.calls if call.path.startswith("/products/"))
    assert products.most_common(1)[0][0] == "/products/1"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingDemo]:
    """One lively demo for the tests below, which leave it running."""
    with living_demo(tmp_path_factory.mktemp("demo"), "--seed", "7", "--rate", "60") as living:
        yield living


@pytest.fixture
async def control(demo: LivingDemo) -> AsyncIterator[Redis]:
    """A client of the demo's Redis; the workload listens, and is not paused."""
    client = open_client(demo.redis_url)

    async def is_heard() -> bool:
        return await client.publish(keys.CONTROL, json.dumps({"scenario": "resume"})) == 1

    await until(is_heard, what="a workload that listens")
    yield client
    await close_client(client)


async def play(control: Redis, scenario: str) -> None:
    assert await control.publish(keys.CONTROL, json.dumps({"scenario": scenario})) == 1


async def paused(demo: LivingDemo, control: Redis) -> dict[str, Any]:
    """The truth when nothing happens any more. The limiter's window goes on, so it is not part of the comparison."""
    await play(control, "pause")
    quiet_since = 0
    before: dict[str, Any] = {}
    for _ in range(100):
        truth = await asyncio.to_thread(demo.truth)
        still = {name: part for name, part in truth.items() if name != "rate_limits"}
        quiet_since = quiet_since + 1 if still == before else 0
        before = still
        if quiet_since == 12:  # longer than the slowest request, a summary, takes
            return truth
        await asyncio.sleep(0.05)
    raise AssertionError("the workload does not pause")


async def test_all_topics_live_at_once(demo: LivingDemo, control: Redis) -> None:
    def lively() -> bool:
        truth = demo.truth()
        channels = truth["channels"]
        return (
            truth["sessions"] > 10
            and truth["leaderboard"]["players"] > 10
            and all(channels[name] > 0 for name in ("orders", "payments", "sessions", "security"))
            and truth["caches"]["product"]["hits"] > 0
            and truth["caches"]["llm"]["hits"] > 0
            and truth["rate_limits"][GREEDY_ADDRESS]["refused"] > 0
        )

    await until(lively, within=60, what="life in all topics")


async def test_the_truth_is_what_redis_holds(demo: LivingDemo, control: Redis) -> None:
    truth = await paused(demo, control)

    sessions = [key async for key in control.scan_iter(match="session:*", count=1000)]
    assert truth["sessions"] == len(sessions) > 0
    for prefix in keys.CACHES:
        stats = await control.hgetall(keys.cache_stats(prefix))
        assert {name: int(stats[name.encode()]) for name in ("hits", "misses")} == truth["caches"][prefix]
    board: list[Any] = await control.zrange(keys.LEADERBOARD, 0, 9, desc=True, withscores=True)
    assert truth["leaderboard"]["top"] == [[name.decode(), score] for name, score in board]
    assert truth["leaderboard"]["players"] == await control.zcard(keys.LEADERBOARD)

    async def windows() -> dict[str, int]:
        seconds, microseconds = await control.time()
        oldest = seconds + microseconds / 1e6 - 60
        limits = [bytes(key).decode() async for key in control.scan_iter(match="ratelimit:*", count=1000)]
        counts = {key.removeprefix("ratelimit:"): await control.zcount(key, f"({oldest}", "+inf") for key in limits}
        return {address: count for address, count in counts.items() if count}

    async def agrees() -> bool:
        """Requests leave the window between one look and the other, so the looks must enclose each other."""
        before = await windows()
        told = (await asyncio.to_thread(demo.truth))["rate_limits"]
        used = {address: client["used"] for address, client in told.items() if client["used"]}
        return before == used == await windows()

    await until(agrees, what="the same windows here and there")


async def test_pause_means_no_requests_at_all(demo: LivingDemo, control: Redis) -> None:
    await paused(demo, control)
    await control.config_resetstat()
    for scenario in ("burst", "stampede", "calm"):
        await play(control, scenario)  # not heeded while paused
    await asyncio.to_thread(demo.truth)
    until_quiet = await paused(demo, control)
    assert "cmdstat_evalsha" not in await control.info("commandstats")
    await play(control, "resume")

    def goes_on() -> bool:
        return bool(demo.truth()["caches"] != until_quiet["caches"])

    await until(goes_on)


async def test_a_stampede_computes_once(demo: LivingDemo, control: Redis) -> None:
    before = await paused(demo, control)
    entries = {key async for key in control.scan_iter(match="llm:*", count=1000)}
    await play(control, "resume")
    await play(control, "stampede")

    def stampeded() -> bool:
        return bool(demo.truth()["caches"]["llm"]["hits"] >= before["caches"]["llm"]["hits"] + 150)

    await until(stampeded, within=30)
    after = await paused(demo, control)
    fresh = {key async for key in control.scan_iter(match="llm:*", count=1000)} - entries
    assert after["caches"]["llm"]["misses"] - before["caches"]["llm"]["misses"] == len(fresh)


async def test_a_burst_is_blocked(demo: LivingDemo, control: Redis) -> None:
    await play(control, "burst")

    def blocked() -> bool:
        burst = demo.truth()["rate_limits"].get(BURST_ADDRESS)
        return bool(burst == {"used": 100, "accepted": 100, "refused": 50})

    await until(blocked, within=30)


async def test_prices_change_and_people_sign_in(demo: LivingDemo, control: Redis) -> None:
    before = await paused(demo, control)
    await play(control, "resume")
    await play(control, "price-change")
    await play(control, "login-wave")

    def happened() -> bool:
        channels = demo.truth()["channels"]
        return bool(
            channels["products"] >= before["channels"]["products"] + 10
            and channels["sessions"] >= before["channels"]["sessions"] + 25
        )

    await until(happened, within=30)
    # A browser has one session at most, however often it signs in.
    assert demo.truth()["sessions"] <= len(EVERYBODY)


async def test_flush_cache_deletes_cached_answers_and_nothing_else(demo: LivingDemo, control: Redis) -> None:
    await paused(demo, control)
    everything = {bytes(key) async for key in control.scan_iter(count=1000)}
    cached = {key for key in everything if key.startswith((b"llm:", b"product:"))}
    assert cached
    await play(control, "flush-cache")

    async def flushed() -> bool:
        left = {bytes(key) async for key in control.scan_iter(count=1000)}
        return not left & cached

    await until(flushed)
    left = {bytes(key) async for key in control.scan_iter(count=1000)}
    gone = everything - cached - left
    assert all(key.startswith((b"ratelimit:", b"fence:", b"lock:")) for key in gone), gone  # they expire by themselves


async def test_bad_messages_are_ignored_with_a_line(demo: LivingDemo, control: Redis) -> None:
    for nonsense in ("", "not json", "[]", '{"scenario": 3}', '{"scenario": "flushall"}', b"\xff\xfe"):
        assert await control.publish(keys.CONTROL, nonsense) == 1

    def complained() -> bool:
        return demo.stderr.read_text().count("not a scenario") >= 6

    await until(complained)
    assert "Traceback" not in demo.stderr.read_text()


async def test_the_workload_survives_an_outage(tmp_path: Path) -> None:
    with EmbeddedServer() as server, living_demo(tmp_path, "--redis-url", server.url, "--rate", "40") as demo:
        await until(lambda: demo.truth()["channels"]["sessions"] > 5)
        server.stop()

        def noticed() -> bool:
            return "the circuit is open" in demo.stderr.read_text()

        await until(noticed)
        server.start()
        before = demo.truth()["channels"]
        client = open_client(server.url)

        async def alive() -> bool:
            now = demo.truth()["channels"]
            return bool(now["payments"] > before["payments"] and now["sessions"] > before["sessions"])

        await until(alive, within=30)

        async def heard() -> bool:
            return await client.publish(keys.CONTROL, '{"scenario": "pause"}') == 1

        await until(heard)
        await close_client(client)
        assert len(demo.everybody()) == 3  # API, workload, guardian of the database

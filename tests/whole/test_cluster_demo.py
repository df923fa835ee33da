"""The demo on its own cluster: the dashboard's figures are the application's, also while the cluster changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from redis_dash.demo import CLUSTER_SCENARIOS
from redis_dash.hub import Hub
from tests.conftest import until
from tests.demo.deployed import play, played
from tests.demo.living import LivingDemo, living_demo
from tests.live.conftest import running
from tests.whole.agreement import settled
from tests.whole.resting import assert_exact_at_rest, assert_nothing_lost, at_rest, certain, config
from tests.whole.watching import Watch


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingDemo]:
    """A busy demo with repeatable choices."""
    folder = tmp_path_factory.mktemp("demo")
    with living_demo(folder, "--cluster", "--seed", "7", "--rate", "40", DEMO_LLM_SECONDS="0.2") as demo:
        yield demo


async def test_at_rest_every_figure_is_exact(demo: LivingDemo) -> None:
    await assert_exact_at_rest(demo)


async def test_every_message_is_received_once(demo: LivingDemo) -> None:
    before = (await at_rest(demo))["channels"]
    async with running(hub := Hub(config(demo))):
        await until(lambda: hub.subscribed)
        for scenario in ("resume", "login-wave", "price-change"):
            play(demo, scenario)
        await until(lambda: hub.received > 60, within_s=60)
        play(demo, "pause")
        after = (await asyncio.to_thread(settled, demo.truth))["channels"]
        gained = {channel: after[channel] - before[channel] for channel in after if after[channel] > before[channel]}
        await until(lambda: hub.received >= sum(gained.values()) + 4)
        (events,) = [reading.frame for reading in await hub.read_all() if reading.topic == "events"]
    assert events is not None
    counted = {channel.channel: channel.count for channel in events.channels}
    assert counted.pop("demo:control") == 4
    assert counted == gained
    assert (events.dropped, events.gaps) == (0, ())


@pytest.mark.parametrize("scenario", CLUSTER_SCENARIOS)
async def test_no_exact_figure_is_wrong_while_the_cluster_changes(demo: LivingDemo, scenario: str) -> None:
    truth = await at_rest(demo)
    async with running(hub := Hub(config(demo))):
        watch = Watch(hub, truth)
        await watch.until_exact()
        said = await watch.during(played(demo, scenario))
        assert "failed" not in said
        assert hub.errors == 0
    assert not watch.wrong
    assert watch.seen == {"sessions", "leaderboards", "cache", "rate_limits"}
    assert any(note.startswith("2 of 3 primaries") for note in watch.notes) == (scenario == "kill-node")
    later = await certain(demo, None if scenario == "reshard" else truth["exact_since"])
    assert_nothing_lost(truth, later)
    assert (later["exact_since"] == truth["exact_since"]) == (scenario == "reshard")

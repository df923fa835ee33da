"""The demo where Sentinel watches: the dashboard's figures are the application's, also when its primary changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from redis_dash.demo import SENTINEL_SCENARIOS
from redis_dash.hub import Hub
from tests.demo.deployed import played
from tests.demo.living import LivingDemo, living_demo
from tests.live.conftest import running
from tests.whole.resting import assert_exact_at_rest, assert_nothing_lost, at_rest, certain, config
from tests.whole.watching import Watch


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingDemo]:
    """A busy demo with repeatable choices."""
    folder = tmp_path_factory.mktemp("demo")
    with living_demo(folder, "--sentinel", "--seed", "7", "--rate", "40", DEMO_LLM_SECONDS="0.2") as demo:
        yield demo


async def test_at_rest_every_figure_is_exact(demo: LivingDemo) -> None:
    await assert_exact_at_rest(demo)


@pytest.mark.parametrize("scenario", SENTINEL_SCENARIOS)
async def test_no_exact_figure_is_wrong_while_the_primary_changes(demo: LivingDemo, scenario: str) -> None:
    truth = await at_rest(demo)
    async with running(hub := Hub(config(demo))):
        watch = Watch(hub, truth)
        await watch.until_exact()
        said = await watch.during(played(demo, scenario))
        assert "failed" not in said
        assert hub.errors == 0
    assert not watch.wrong
    assert watch.seen == {"sessions", "leaderboards", "cache", "rate_limits"}
    later = await certain(demo, truth["exact_since"])
    assert later["exact_since"] > truth["exact_since"]
    assert_nothing_lost(truth, later)

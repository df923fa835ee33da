"""``python -m tests.deployments``: the demo under load, a dashboard that watches, and servers that change."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from demo_server.process.cluster_scenarios import ClusterScenarios
from demo_server.process.embedded_cluster import EmbeddedCluster
from demo_server.process.embedded_sentinel import EmbeddedSentinel
from demo_server.process.sentinel_scenarios import SentinelScenarios
from redis_dash.config import Config
from redis_dash.demo import CONFIGURATION
from tests.conftest import until
from tests.demo.living import living_demo
from tests.deployments.acts import Servers, Times, lose_a_primary
from tests.deployments.events import Messages
from tests.deployments.servers import ClusterServers, SentinelServers
from tests.deployments.truths import Recorder
from tests.deployments.verdicts import Verdicts
from tests.live.test_hub import Desk
from tests.moving.observer import Observer
from tests.moving.report import table
from tests.moving.tally import Tally

Scenario = Callable[[], str]


async def watch(
    url: str, servers: Servers, scenarios: Mapping[str, Scenario], options: argparse.Namespace
) -> tuple[Tally, list[Times], Messages]:
    """Run everything on one deployment."""
    times, acts = list[Times](), list[tuple[float, str]]()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        demo = stack.enter_context(living_demo(folder, "--redis-url", url, "--rate", str(options.rate), "--seed", "7"))
        recorder = stack.enter_context(Recorder(demo.http_url))
        watched = f"{url}?read_from_replicas=true" if options.read_from_replicas else url
        observer = Observer(Config(url=watched, **CONFIGURATION))
        running = asyncio.create_task(observer.run())
        try:
            desk = Desk(observer)
            await until(lambda: observer.subscribed and desk.all_are("ok"))
            messages = Messages(demo, observer)
            await messages.begin()
            await _wait(options.seconds, desk, acts, "under load")
            for turn in range(options.rounds):
                for name, scenario in scenarios.items():
                    acts.append((time.time(), name))
                    _say(f"{name}: {await _beside(scenario, desk)}")
                    await _wait(options.seconds, desk, acts, f"after {name}")
                acts.append((time.time(), "kill"))
                times.append(await lose_a_primary(servers, desk, recorder))
                _say(f"kill {turn + 1}: {_told(times[-1])}")
                await _wait(options.seconds, desk, acts, "after the kill")
            await messages.settle()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    verdicts = Verdicts(recorder, acts)
    for seen in observer.seen:
        verdicts.judge(seen)
    return verdicts.tally, times, messages


async def _beside(scenario: Scenario, desk: Desk) -> str:
    """Play a scenario while the mailbox is drained."""
    playing = asyncio.create_task(asyncio.to_thread(scenario))
    while not playing.done():
        desk.statuses()
        await asyncio.sleep(0.05)
    return await playing


async def _wait(seconds: float, desk: Desk, acts: list[tuple[float, str]], what: str) -> None:
    """Let the dashboard watch for a while."""
    _say(f"{seconds:g} s {what}")
    acts.append((time.time(), what))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        desk.statuses()
        await asyncio.sleep(0.05)


def _told(times: Times) -> str:
    return (
        f"told after {times.noticed:.2f} s, failover after {times.promoted:.2f} s; from then on /truth is exact after "
        f"{times.certain:.2f} s, all figures are right after {times.right:.2f} s (until then: {times.last})"
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """Run everything; returns the exit status: 1 if a figure is wrong or something took too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployments", description=__doc__)
    parser.add_argument("--only", choices=("cluster", "sentinel"), action="append", help="default: both")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of all that can happen (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="between two events (default: %(default)s)")
    parser.add_argument("--read-from-replicas", action="store_true", help="the dashboard reads replicas")
    options = parser.parse_args()
    tallies: dict[str, Tally] = {}
    good = True
    for kind in options.only or ("cluster", "sentinel"):
        if kind == "cluster":
            with EmbeddedCluster(node_timeout=2.0) as cluster:
                scenarios = ClusterScenarios(cluster).by_name()
                chosen = {name: scenarios[name] for name in ("failover", "reshard")}
                found = asyncio.run(watch(cluster.url, ClusterServers(cluster), chosen, options))
        else:
            with EmbeddedSentinel() as watched:
                chosen = {"failover": SentinelScenarios(watched).failover}
                found = asyncio.run(watch(watched.url, SentinelServers(watched), chosen, options))
        tally, times, messages = found
        tallies[kind] = tally
        for number, one in enumerate(times, start=1):
            _say(f"{kind}, kill {number}: {_told(one)}")
        _say(f"{kind}: {messages.told()}")
        good = good and not tally.wrong and all(one.good for one in times) and messages.good
    sys.stdout.write(table(tallies) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

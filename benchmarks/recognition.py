"""What recognising frameworks adds: to a full-speed pass over two million keys, and to the first reading after a start.

    python -m benchmarks.recognition [--keys 2000000] [--rounds 7]

The same pass of the same ``Keyspace`` over the same keys, in turns: once with the learning of the kinds of keys, once
without; no source reads values, which takes most of the time of a dashboard's pass. The same in a database of a
thousand kinds. Time counts, and the CPU of this process, which other programs disturb less. The look at samples of each
kind, which follows the first pass, is told by itself. Then a dashboard without any configuration, which looks for keys
of frameworks before its first reading, in turns with one whose sessions, limits, caches and leaderboards are
configured, which does not: from the start on until there are sessions.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from redis import Redis

from benchmarks.harness import Figure, median, options_of, private_server, say
from benchmarks.keyspaces import fill
from benchmarks.many_kinds import fill_kinds
from benchmarks.report import show
from benchmarks.scan import BUDGET, WATCHED
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.discovery.discovery import Discovery
from redis_dash.hub import Hub
from redis_dash.keyspace.scan import Keyspace
from redis_dash.sources import key_groups

MOST_ADDED = 1.15
VISIBLE_MS = 100.0
"""A shorter delay is not noticed."""


def figures(quick: bool) -> list[Figure]:
    """Passes and starts."""
    return measure(100_000, 2) if quick else measure(2_000_000, 7)


def measure(keys: int, rounds: int) -> list[Figure]:
    """On a private server."""
    with private_server() as (url, admin):
        fill(admin, keys)
        usual = passes(url, rounds, "four kinds")
        configured, unconfigured = starts(url, rounds)
        admin.flushall()
        many = passes_of_many_kinds(url, admin, keys, rounds)
    without = "without recognition"
    return [
        Figure("a full-speed pass that recognises", "s", *usual.seconds, without, at_most=MOST_ADDED),
        Figure("its CPU", "s", *usual.cpu, without),
        Figure("a look at four kinds, CPU", "ms", usual.look_ms),
        Figure("the same with a thousand kinds", "s", *many.seconds, without, at_most=MOST_ADDED),
        Figure("its CPU", "s", *many.cpu, without),
        Figure("a look at a thousand kinds, CPU", "ms", many.look_ms),
        Figure("first sessions, unconfigured", "ms", unconfigured, configured, "all topics configured"),
        Figure("what that adds", "ms", unconfigured - configured, at_most=VISIBLE_MS),
    ]


class Passes(NamedTuple):
    """With recognition, and without."""

    seconds: tuple[float, float]
    cpu: tuple[float, float]
    look_ms: float
    """CPU of the look at samples after the pass."""


def passes_of_many_kinds(url: str, admin: Redis, keys: int, rounds: int) -> Passes:
    """The same as ``passes``."""
    fill_kinds(admin, keys, 1000)
    return passes(url, rounds, "a thousand kinds")


def passes(url: str, rounds: int, what: str) -> Passes:
    """The medians of some rounds."""
    took: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for number in range(rounds):
        for recognises in (True, False) if number % 2 else (False, True):
            took[recognises].append(asyncio.run(one_pass(url, recognises=recognises)))
        ours, plain = (took[one][-1] for one in (True, False))
        say(f"{what} {number + 1}/{rounds}: with {ours[0]:.2f} s, without {plain[0]:.2f} s")
        say(f"CPU: with {ours[1]:.3f} s, without {plain[1]:.3f} s; the look {ours[2] * 1000:.0f} ms")
    with_it, without = ([median(column) for column in zip(*took[one], strict=True)] for one in (True, False))
    return Passes((with_it[0], without[0]), (with_it[1], without[1]), with_it[2] * 1000)


async def one_pass(url: str, *, recognises: bool) -> tuple[float, float, float]:
    """Seconds and CPU seconds of the pass, once connected, and CPU seconds of the look after it."""
    deployment = Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(Config(**WATCHED)), BUDGET, rest_s=1.0)
    discovery = Discovery(deployment)
    try:
        await deployment.connect()
        began, cpu = time.monotonic(), time.process_time()
        if recognises:
            keyspace.learning = discovery.learning
        keyspace.set_full_speed(True)
        await keyspace.pass_over()
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        looked = time.process_time()
        if recognises:
            await discovery.look()
        return seconds, cpu, time.process_time() - looked
    finally:
        await deployment.close()


def starts(url: str, rounds: int) -> tuple[float, float]:
    """Milliseconds until there are sessions, with and without a configuration."""
    configured, unconfigured = [], []
    for _ in range(rounds):
        configured.append(asyncio.run(first_sessions(Config(url=url, **WATCHED))))
        unconfigured.append(asyncio.run(first_sessions(Config(url=url))))
    say(f"first sessions: configured {median(configured):.0f} ms, unconfigured {median(unconfigured):.0f} ms")
    return median(configured), median(unconfigured)


async def first_sessions(config: Config) -> float:
    """Milliseconds."""
    hub = Hub(config)
    began = time.monotonic()
    task = asyncio.create_task(hub.run())
    while not _has_sessions(hub):  # noqa: ASYNC110 - as a front end does
        await asyncio.sleep(0.002)
    took = time.monotonic() - began
    task.cancel()
    await asyncio.wait([task])
    return took * 1000


def _has_sessions(hub: Hub) -> bool:
    readings = [one for one in hub.drain() if one.topic == "sessions"]
    return any(one.frame is not None and one.frame.rows for one in readings)


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.keys, options.rounds))


if __name__ == "__main__":
    main()

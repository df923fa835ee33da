"""A pass over two million keys, the first estimate, and how often the interval holds the truth.

    python -m benchmarks.scan [--keys 2000000] [--rounds 5] [--keyspaces 300]

Four key groups in one database. Ours is ``Keyspace.pass_over`` at full speed, in this process, once connected: every
key classified and counted. In turns with it the whole of ``valkey-cli --scan --count 1000 > /dev/null``, and the first
pass of a dashboard from its start on, as ``snapshot --full`` makes it: its sources look at every session and every
limiter, too. That is measured again in a database whose keys are mostly sessions, there also beside the least that such
a pass has to do (``benchmarks.bare_pass``). ``--bigkeys`` runs once, since it takes long. The first estimate counts
from before connecting until every key group has one. For the intervals, databases of random size and mixture are
scanned up to a random slice.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import time
from contextlib import aclosing

from redis import Redis

from benchmarks.bare_pass import bare_pass
from benchmarks.harness import Figure, find_cli, median, options_of, private_server, say
from benchmarks.keyspaces import fill
from benchmarks.report import show
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, LimitPattern, Url
from redis_dash.core.commands import FullPass
from redis_dash.demo import CONFIGURATION
from redis_dash.hub import Hub
from redis_dash.keyspace.scan import Keyspace
from redis_dash.sources import key_groups

BUDGET = 0.01
WATCHED = CONFIGURATION | {"limits": (LimitPattern("ratelimit:*", "100/3600"),)}
"""The demo's settings, with a window as long as the limiters live: requests do not leave it during the benchmark."""
MOSTLY_SESSIONS = (*("session",) * 12, "limit", *("llm",) * 4, *("product",) * 3)
"""The kinds of keys, in turn."""
MIXTURE = """
for number = 1, tonumber(ARGV[1]) do
  local draw, kind = math.random(), 'other'
  if draw < tonumber(ARGV[2]) then kind = 'session' elseif draw < tonumber(ARGV[3]) then kind = 'ratelimit' end
  redis.call('SET', kind .. ':' .. redis.sha1hex(number .. ARGV[4]), '')
end
"""


def figures(quick: bool) -> list[Figure]:
    """Passes, first estimate, coverage of the interval."""
    return measure(100_000, 2, 20) if quick else measure(2_000_000, 5, 300)


def measure(keys: int, rounds: int, keyspaces: int) -> list[Figure]:
    """On a private server."""
    with private_server() as (url, admin):
        held = coverage(url, admin, keyspaces)
        fill(admin, keys)
        port = admin.get_connection_kwargs()["port"]
        ours, cli, first, reading = [], [], [], []
        for number in range(rounds):
            cli.append(run_cli(port, "--scan", "--count", "1000"))
            seconds, estimate = asyncio.run(full_pass(url))
            ours.append(seconds)
            first.append(estimate * 1000)
            reading.append(asyncio.run(full_pass_with_sources(url)))
            say(f"scan {number + 1}/{rounds}: ours {ours[-1]:.2f} s, cli {cli[-1]:.2f} s, estimate {first[-1]:.0f} ms")
            say(f"with sources {reading[-1]:.2f} s")
        bigkeys = run_cli(port, "--bigkeys")
        say(f"bigkeys {bigkeys:.1f} s")
        admin.flushall()
        fill(admin, keys, MOSTLY_SESSIONS)
        cli_of_sessions, of_sessions, bare = [], [], []
        for number in range(rounds):
            cli_of_sessions.append(run_cli(port, "--scan", "--count", "1000"))
            of_sessions.append(asyncio.run(full_pass_with_sources(url)))
            bare.append(bare_pass(port))
            say(f"sessions {number + 1}/{rounds}: ours {of_sessions[-1]:.2f} s, cli {cli_of_sessions[-1]:.2f} s")
            say(f"a bare loop {bare[-1]:.2f} s")
    scan, bar, loop = "valkey-cli --scan --count 1000", 2.5, "a bare loop that asks for each of them"
    return [
        Figure("a full-speed pass", "s", median(ours), median(cli), scan, at_most=1.05),
        Figure("a full-speed pass", "s", median(ours), bigkeys, "valkey-cli --bigkeys", at_most=1 / 3),
        Figure("a pass that reads sessions and limiters", "s", median(reading), median(cli), scan, at_most=bar),
        Figure("one with mostly sessions", "s", median(of_sessions), median(cli_of_sessions), scan, at_most=bar),
        Figure("one with mostly sessions", "s", median(of_sessions), median(bare), loop),
        Figure("that bare loop", "s", median(bare), median(cli_of_sessions), scan),
        Figure("first estimate of every key group", "ms", median(first), at_most=100),
        Figure("95 % interval holds the truth", "%", held * 100, at_least=93, note="and at most 99 %"),
    ]


def run_cli(port: int, *options: str) -> float:
    """Seconds."""
    began = time.monotonic()
    subprocess.run([find_cli(), "-p", str(port), *options], check=True, stdout=subprocess.DEVNULL, timeout=600)
    return time.monotonic() - began


async def full_pass(url: str) -> tuple[float, float]:
    """Seconds of a whole pass, and from before connecting to the first estimate."""
    began = time.monotonic()
    deployment = Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(Config(**CONFIGURATION)), BUDGET, rest_s=1.0)
    async with aclosing(keyspace.walk()) as walk:
        await anext(walk)
        first = time.monotonic() - began
    began = time.monotonic()
    keyspace.full_speed = True
    await keyspace.pass_over()
    seconds = time.monotonic() - began
    await deployment.close()
    return seconds, first


async def full_pass_with_sources(url: str) -> float:
    """Seconds until the dashboard's own pass at full speed is complete."""
    hub = Hub(Config(url=url, **WATCHED))
    task = asyncio.create_task(hub.run())
    began = time.monotonic()
    hub.ask(FullPass(on=True))
    while not hub.passes:  # noqa: ASYNC110 - as a front end does
        await asyncio.sleep(0.005)
    seconds = time.monotonic() - began
    task.cancel()
    await asyncio.wait([task])
    return seconds


# -- the interval ------------------------------------------------------------------------------------------------------


def coverage(url: str, admin: Redis, keyspaces: int) -> float:
    """Share of the intervals, taken at a random slice of each random database, that hold the truth."""
    rng, script, verdicts = random.Random(7), admin.register_script(MIXTURE), []
    for number in range(keyspaces):
        admin.flushall()
        size, few = rng.randint(5000, 40_000), rng.random() * 0.3
        script(args=[size, few, few + rng.random() * 0.5, number])
        truth = {"sessions": 0, "limits": 0}
        for key in admin.scan_iter(count=5000):
            kind = bytes(key).partition(b":")[0]
            name = {b"session": "sessions", b"ratelimit": "limits"}.get(kind)
            if name:
                truth[name] += 1
        estimates = asyncio.run(estimate_after(url, rng.randint(1, 4)))
        verdicts += [low <= truth[name] <= high for name, (low, high) in estimates.items()]
        if number % 50 == 49:
            say(f"interval {number + 1}/{keyspaces}: held in {sum(verdicts) / len(verdicts):.1%}")
    admin.flushall()
    return sum(verdicts) / len(verdicts)


async def estimate_after(url: str, slices: int) -> dict[str, tuple[int, int]]:
    """The intervals as they stand after so many slices."""
    deployment = Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(Config(**CONFIGURATION)), BUDGET, rest_s=1.0)
    done = taken = 0
    async with aclosing(keyspace.walk(_at_once)) as walk:
        async for part in walk:
            done += part.scanned
            keyspace.counts.add(part.keys, part.scanned, part.size, min(0.999, done / part.size))
            taken += 1
            if taken == slices:
                break
    await deployment.close()
    estimates = {}
    for name in ("sessions", "limits"):
        size = keyspace.counts.count(name, None)
        estimates[name] = size.low, size.high or 0
    return estimates


async def _at_once() -> None:
    """At the gentle slice size, without the rest."""


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keyspaces", type=int, default=300)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.keys, options.rounds, options.keyspaces))


if __name__ == "__main__":
    main()

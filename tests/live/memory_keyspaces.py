"""Random keyspaces whose memory is known key by key, to judge the memory that is told of each kind.

``python -m tests.live.memory_keyspaces 200`` prints how often the told interval held the truth.
"""

from __future__ import annotations

import asyncio
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.certainty import Count
from redis_dash.core.frames.keys import KeyKind
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.report import key_kinds
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.scan import Keyspace

LARGEST = 8_000_000
"""Bytes of one value."""


class Kind(NamedTuple):
    """One kind of keys to be written."""

    name: str
    shape: str
    """How sizes are distributed."""
    sizes: list[int]
    is_hash: bool = False


class Judged(NamedTuple):
    """What was told of one kind, and the truth."""

    shape: str
    memory: Count
    truth: int
    measured: int
    keys: int

    @property
    def verdict(self) -> str:
        """How the figure is told."""
        if self.memory.certainty == "estimated":
            return "interval"
        return "exact" if self.memory.certainty == "counted" else "at least"


def _constant(rng: random.Random, number: int) -> list[int]:
    size = rng.randint(1, 2000)
    return [size] * number


def _uniform(rng: random.Random, number: int) -> list[int]:
    least = rng.randint(1, 500)
    most = least * rng.randint(2, 20)
    return rng.choices(range(least, most + 1), k=number)


def _log_normal(rng: random.Random, number: int) -> list[int]:
    middle, spread = rng.randint(20, 500), rng.uniform(0.3, 2.5)
    return [int(middle * math.exp(rng.gauss(0, spread))) for _ in range(number)]


def _two_modes(rng: random.Random, number: int) -> list[int]:
    share, factor = 10 ** rng.uniform(-3, -0.3), 10 ** rng.uniform(0.3, 3)
    small = rng.choices(range(50, 61), k=number)
    return [int(size * factor) if rng.random() < share else size for size in small]


def _one_huge(rng: random.Random, number: int) -> list[int]:
    sizes = _uniform(rng, number)
    sizes[rng.randrange(number)] = int(sum(sizes) * 10 ** rng.uniform(-1, 1))
    return sizes


SHAPES: Mapping[str, Callable[[random.Random, int], list[int]]] = {
    "constant": _constant,
    "uniform": _uniform,
    "log-normal": _log_normal,
    "two modes": _two_modes,
    "one huge key": _one_huge,
}


def keyspace(rng: random.Random, keys: int) -> list[Kind]:
    """One to four kinds with so many keys together, about, and a kind of few keys."""
    kinds = [Kind("few", "few keys", _log_normal(rng, rng.randint(1, 15)))]
    parts = rng.randint(1, 4)
    for place in range(parts):
        shape = rng.choice(list(SHAPES))
        number = max(20, int(keys / parts * rng.uniform(0.2, 1.8)))
        is_hash = shape != "one huge key" and rng.random() < 0.3
        kinds.append(Kind(f"kind{'abcd'[place]}", shape, SHAPES[shape](rng, number), is_hash))
    return kinds


def write(client: redis.Redis, kinds: Iterable[Kind]) -> None:
    """Write the keys: strings, or hashes of fields with 20 bytes."""
    pipe = client.pipeline(transaction=False)
    for kind in kinds:
        for number, wanted in enumerate(kind.sizes):
            key, size = f"{kind.name}:{number}", min(max(wanted, 1), LARGEST)
            if kind.is_hash:
                pipe.hset(key, mapping={f"field{place}": 12 * "x" for place in range(min(size, 20_000) // 20 + 1)})
            elif size < 10_000:
                pipe.set(key, size * "x")
            else:
                pipe.setrange(key, size - 1, "x")
            if len(pipe) >= 1000:
                pipe.execute()
    pipe.execute()


def truth_of(client: redis.Redis, kind: Kind) -> int:
    """The sum over all keys, each with all its elements."""
    total = 0
    for begin in range(0, len(kind.sizes), 1000):
        pipe = client.pipeline(transaction=False)
        for number in range(begin, min(begin + 1000, len(kind.sizes))):
            pipe.memory_usage(f"{kind.name}:{number}", samples=0)
        total += sum(pipe.execute())
    return total


async def discovered(url: str, patterns: KeyPatterns | None = None) -> tuple[KeyKind, ...]:
    """What is found in a complete pass, when no more keys are measured."""
    deployment = Deployment(Url(url))
    discovery = Discovery(deployment, patterns)
    keys = Keyspace(deployment, {}, 0.01, 1.0)
    keys.learning = discovery.learning
    keys.set_full_speed(True)
    try:
        await deployment.connect()
        await keys.pass_over()
        await discovery.look()
        while await discovery.measure():
            pass
    finally:
        await deployment.close()
    return key_kinds(discovery, discovery.patterns.found)


async def judge(url: str, client: redis.Redis, kinds: list[Kind], patterns: KeyPatterns | None = None) -> list[Judged]:
    """Write a keyspace, let it be discovered, and compare."""
    client.flushall()
    write(client, kinds)
    found = await discovered(url, patterns)
    judged = []
    for kind in kinds:
        told = [one for one in found if one.name.startswith(f"{kind.name}:")]
        if len(told) == 1 and told[0].memory is not None:
            memory, measured = told[0].memory, told[0].measured
            judged.append(Judged(kind.shape, memory, truth_of(client, kind), measured, len(kind.sizes)))
    return judged


def table(judged: list[Judged]) -> str:
    """How often the truth was held, by shape and by how the figure is told."""
    shapes = list(dict.fromkeys(one.shape for one in judged))
    lines = [f"{'sizes':<14}{'exact':>14}{'interval':>16}{'at least':>16}"]
    for shape in [*shapes, "all"]:
        mine = [one for one in judged if shape in (one.shape, "all")]
        cells = []
        for verdict in ("exact", "interval", "at least"):
            told = [one for one in mine if one.verdict == verdict]
            held = sum(one.memory.holds(one.truth) for one in told)
            cells.append(f"{held}/{len(told)} {held / len(told):.1%}" if told else "–")
        lines.append(f"{shape:<14}{cells[0]:>14}{cells[1]:>16}{cells[2]:>16}")
    widths = sorted(
        (one.memory.high or 0) / max(1, one.memory.value) - 1 for one in judged if one.verdict == "interval"
    )
    if widths:
        lines.append(f"half of the intervals reach at most {widths[len(widths) // 2]:.1%} above their figure")
    measured = Counter(one.verdict for one in judged)
    lines.append(f"{len(judged)} kinds: {dict(measured)}")
    return "\n".join(lines)


async def judge_many(url: str, number: int, seed: int) -> list[Judged]:
    """Judge so many keyspaces of 1,000 to 80,000 keys."""
    judged: list[Judged] = []
    with redis.Redis.from_url(url) as client:
        for place in range(number):
            rng = random.Random(f"{seed} {place}")
            judged += await judge(url, client, keyspace(rng, int(10 ** rng.uniform(3.0, 4.9))))
    return judged


def main(number: int = 200, seed: int = 1, server: str = "") -> None:
    """Judge keyspaces on the embedded server, or with another program."""
    with EmbeddedServer(program=Path(server) if server else None) as embedded:
        judged = asyncio.run(judge_many(embedded.url, number, seed))
    missed = [f"missed: {one}" for one in judged if not one.memory.holds(one.truth)]
    sys.stdout.write("\n".join([table(judged), *missed, ""]))


if __name__ == "__main__":
    number, seed, server, *_ = [*sys.argv[1:], *("200", "1", "")[len(sys.argv) - 1 :]]
    main(int(number), int(seed), server)

"""Random keyspaces on a cluster whose sessions have hash tags of one primary, to judge the interval of their number.

``python -m tests.live.cluster.tagged_keyspaces 200`` prints how often it held the truth.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from contextlib import aclosing

from demo_server.process.embedded_cluster import EmbeddedCluster
from redis_dash.client.cluster.slots import SLOTS, slot_of
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.certainty import Count
from redis_dash.demo import CONFIGURATION
from redis_dash.keyspace.scan import Keyspace
from redis_dash.sources import key_groups

BATCH = 2000


def tags_of_one_primary(number: int, rng: random.Random) -> list[str]:
    """So many hash tags whose slots are all on the first primary."""
    found = dict[str, None]()
    while len(found) < number:
        tag = f"{rng.getrandbits(40):010x}"
        if slot_of(tag.encode()) < SLOTS // 3:
            found[tag] = None
    return list(found)


def write(cluster: EmbeddedCluster, rng: random.Random) -> int:
    """Write sessions, a few for each tag, among other keys; returns how many sessions there are.

    The others are spread over all primaries, or they have tags of their own, or the same tags as the sessions.
    """
    tags = tags_of_one_primary(rng.randint(30, 1500), rng)
    most = rng.randint(1, 12)
    sessions = [f"session:{{{tag}}}:{number}" for tag in tags for number in range(rng.randint(1, most))]
    others = rng.choice((_spread, _tagged, _beside))(rng, tags, most)
    owners = cluster.owners()
    by_server: dict[int, list[str]] = {number: [] for number in set(owners)}
    for key in sessions + others:
        by_server[owners[slot_of(key.encode())]].append(key)
    for number, keys in by_server.items():
        client = cluster.clients[number]
        client.flushall()
        for first in range(0, len(keys), BATCH):
            pipeline = client.pipeline(transaction=False)
            for key in keys[first : first + BATCH]:
                pipeline.set(key, "")
            pipeline.execute()
    return len(sessions)


def _spread(rng: random.Random, tags: list[str], most: int) -> list[str]:
    return [f"other:{rng.getrandbits(60):x}" for _ in range(rng.randint(2000, 20_000))]


def _tagged(rng: random.Random, tags: list[str], most: int) -> list[str]:
    own = [f"{rng.getrandbits(40):010x}" for _ in range(rng.randint(500, 2000))]
    return [f"other:{{{tag}}}:{number}" for tag in own for number in range(rng.randint(1, most))]


def _beside(rng: random.Random, tags: list[str], most: int) -> list[str]:
    beside = [f"other:{{{tag}}}:{number}" for tag in tags for number in range(rng.randint(0, most))]
    return beside + _tagged(rng, tags, most)


async def estimate(url: str, share: float) -> Count:
    """The number of sessions as it stands when this share has been scanned."""
    deployment = Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(Config(**CONFIGURATION)), budget=0.01, rest_s=1.0)
    done = 0
    try:
        await deployment.connect()
        await keyspace.counts.begin()
        async with aclosing(keyspace.walk(_at_once)) as walk:
            async for part in walk:
                done += part.scanned
                keyspace.counts.add(part.keys, part.scanned, part.size, min(0.999, done / part.size), part.portions)
                if done >= share * part.size:
                    break
        return keyspace.counts.count("sessions", await deployment.info(max_age_s=-1))
    finally:
        await deployment.close()


async def _at_once() -> None:
    """At the gentle slice size, without the rest."""


def cases(cluster: EmbeddedCluster, number: int, seed: int) -> Iterator[tuple[Count, int]]:
    """Estimates, each with the truth."""
    rng = random.Random(seed)
    for _ in range(number):
        truth = write(cluster, rng)
        yield asyncio.run(estimate(cluster.url, rng.uniform(0.1, 0.9))), truth


def main(number: int) -> None:
    """Print how often the truth was within the bounds, and how wide these were."""
    held, widths = 0, []
    with EmbeddedCluster(replicas=0, node_timeout=15.0) as cluster:
        for case, (count, truth) in enumerate(cases(cluster, number, seed=7), start=1):
            held += count.holds(truth)
            widths.append((count.high or 0) / truth - count.low / truth)
            if case % 20 == 0:
                middle = sorted(widths)[len(widths) // 2]
                sys.stdout.write(f"{case}: held in {held / case:.1%}, {middle:.0%} of the truth wide in the middle\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

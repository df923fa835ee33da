"""A pass over two million keys on the three primaries of a cluster.

    python -m benchmarks.scan_cluster [--keys 2000000] [--rounds 5]

The keys are spread by their names. Ours is ``Keyspace.pass_over`` at full speed, in this process, once connected, over
all primaries side by side. In turns with it ``valkey-cli --scan --count 1000 > /dev/null`` on each primary, one after
the other, as a client of one server has to; and the least that such a pass has to do (``benchmarks.bare_scan``), with
the processor time that this process takes for both. Three servers and this process share the cores of the machine.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack

from benchmarks.bare_scan import bare_scan
from benchmarks.harness import Figure, median, options_of, say
from benchmarks.report import show
from benchmarks.scan import BUDGET, run_cli
from demo_server.process.embedded_cluster import EmbeddedCluster
from redis_dash.client.cluster.slots import slot_of
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.demo import CONFIGURATION
from redis_dash.keyspace.scan import Keyspace
from redis_dash.sources import key_groups

BATCH = 10_000
KINDS = (b"session", b"ratelimit", b"llm", b"product")


def figures(quick: bool) -> list[Figure]:
    """The pass."""
    return measure(60_000, 2) if quick else measure(2_000_000, 5)


def measure(keys: int, rounds: int) -> list[Figure]:
    """On a private cluster without replicas."""
    with EmbeddedCluster(replicas=0, node_timeout=15.0) as cluster:
        fill(cluster, keys)
        ours, cli, bare, own_cpu, bare_cpu = [], [], [], [], []
        for number in range(rounds):
            cli.append(sum(run_cli(server.port, "--scan", "--count", "1000") for server in cluster.servers))
            seconds, cpu = asyncio.run(full_pass(cluster.url, keys))
            ours.append(seconds)
            own_cpu.append(cpu)
            began = time.process_time()
            seconds, seen = bare_scan([server.port for server in cluster.servers])
            bare_cpu.append(time.process_time() - began)
            if seen != keys:
                raise AssertionError(f"the bare loop saw {seen} keys")
            bare.append(seconds)
            say(f"scan {number + 1}/{rounds}: ours {ours[-1]:.2f} s, three times cli {cli[-1]:.2f} s")
            say(f"a bare loop {seconds:.2f} s; CPU: ours {own_cpu[-1]:.2f} s, bare {bare_cpu[-1]:.2f} s")
    scan, loop = "valkey-cli --scan --count 1000, three times", "a bare loop over three sockets"
    return [
        Figure("a full-speed pass over three primaries", "s", median(ours), median(cli), scan, at_most=0.6),
        Figure("a full-speed pass over three primaries", "s", median(ours), median(bare), loop),
        Figure("CPU of our process for it", "s", median(own_cpu), median(bare_cpu), loop),
    ]


async def full_pass(url: str, keys: int) -> tuple[float, float]:
    """Seconds of a whole pass, and the processor time of this process."""
    deployment = Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(Config(**CONFIGURATION)), BUDGET, rest_s=1.0)
    keyspace.full_speed = True
    await deployment.connect()
    began, worked = time.monotonic(), time.process_time()
    await keyspace.pass_over()
    seconds, cpu = time.monotonic() - began, time.process_time() - worked
    counted = sum(keyspace.counts.count(name, None).value for name in ("sessions", "limits"))
    await deployment.close()
    if counted != 2 * (keys // len(KINDS)):
        raise AssertionError(f"{counted} sessions and limits were counted")
    return seconds, cpu


def fill(cluster: EmbeddedCluster, keys: int) -> None:
    """Make so many keys, the kinds in turn; each goes to the primary that holds its slot."""
    began, owners = time.monotonic(), cluster.owners()
    with ExitStack() as stack:
        addresses = [("127.0.0.1", server.port) for server in cluster.servers]
        links = [stack.enter_context(socket.create_connection(address)) for address in addresses]
        for first in range(0, keys, BATCH):
            sent: list[list[bytes]] = [[] for _ in links]
            for number in range(first, min(first + BATCH, keys)):
                key = b"%s:%032x" % (KINDS[number % len(KINDS)], number)
                sent[owners[slot_of(key)]].append(b"SET %s x\r\n" % key)
            for link, commands in zip(links, sent, strict=True):
                link.sendall(b"".join(commands))
            for link, commands in zip(links, sent, strict=True):
                left = len(b"+OK\r\n") * len(commands)
                while left:
                    left -= len(link.recv(left))
    say(f"made {keys:,} keys in {time.monotonic() - began:.0f} s")


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.keys, options.rounds))


if __name__ == "__main__":
    main()

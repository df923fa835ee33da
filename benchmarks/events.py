"""Pub/sub without a screen: what a message costs our reader, and how many of them it reads in a second.

    python -m benchmarks.events [--messages 3000000] [--rounds 3]

Four publishers saturate one server with messages of 130 bytes. In turn, each in a process of its own, read: our
``Subscriber`` with its ring; ``valkey-cli psubscribe '*'`` into /dev/null; a bare loop around ``hiredis.Reader`` that
only counts; redis-py's asyncio ``PubSub`` (a tenth of the messages). CPU is user and system time of the reading process
alone, over the messages; the rate is taken from the first message to the last.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import NamedTuple

from redis import Redis

from benchmarks.harness import (
    Figure,
    cpu_seconds,
    find_cli,
    median,
    options_of,
    private_server,
    say,
    stop,
    wait_until,
)
from benchmarks.publishers import Publishers
from benchmarks.report import show

READERS = ("ours", "bare", "cli", "redis-py")


class Cost(NamedTuple):
    """One run of one reader."""

    cpu_us: float
    """Microseconds of CPU for each message."""
    rate: float
    """Messages a second; for the command line client, which reports none, the publishers' rate."""
    lost: int


def figures(quick: bool) -> list[Figure]:
    """Our reader against its rivals."""
    return measure(300_000 if quick else 3_000_000, 1 if quick else 3)


def measure(messages: int, rounds: int) -> list[Figure]:
    """Several rounds, interleaved."""
    costs: dict[str, list[Cost]] = {kind: [] for kind in READERS}
    for number in range(rounds):
        for kind in READERS:
            with private_server() as (url, admin):
                count = max(1, messages // 10) if kind == "redis-py" else messages
                cost = run(kind, url, admin, count)
            costs[kind].append(cost)
            say(f"events {number + 1}/{rounds} {kind}: {cost.cpu_us:.2f} µs, {cost.rate:,.0f}/s, {cost.lost} lost")

    def cpu(kind: str) -> float:
        return median(cost.cpu_us for cost in costs[kind])

    def rate(kind: str) -> float:
        return median(cost.rate for cost in costs[kind])

    return [
        Figure("CPU a message", "µs", cpu("ours"), cpu("cli"), "valkey-cli psubscribe", at_most=0.6),
        Figure("messages read", "/s", rate("ours"), rate("bare"), "a bare hiredis loop", at_least=0.9),
        Figure("messages read", "/s", rate("ours"), rate("redis-py"), "redis-py's asyncio PubSub", at_least=5.0),
        Figure("CPU a message", "µs", cpu("ours"), cpu("bare"), "a bare hiredis loop"),
        Figure("messages lost", "", float(sum(cost.lost for cost in costs["ours"])), at_most=0.0),
    ]


def run(kind: str, url: str, admin: Redis, messages: int) -> Cost:
    """Publish to one reader."""
    command = [sys.executable, "-m", "benchmarks.readers", kind, url, str(messages)]
    if kind == "cli":
        command = [find_cli(), "-u", url, "psubscribe", "*"]
    output = subprocess.DEVNULL if kind == "cli" else subprocess.PIPE
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output)
    try:
        with Publishers(url, messages) as publishers:
            wait_until(lambda: admin.pubsub_numpat() == 1, f"{kind} subscribes")
            time.sleep(0.2)
            before = cpu_seconds(reader.pid)
            publishers.go()
            published = publishers.wait()
            if kind == "cli":
                wait_until_read(admin, reader.pid)
                rate, lost = published.messages / published.seconds, 0
            else:
                assert reader.stdout is not None
                read = json.loads(reader.stdout.readline())
                rate, lost = read["messages"] / read["seconds"], published.delivered - read["messages"]
        return Cost((cpu_seconds(reader.pid) - before) / messages * 1e6, rate, lost)
    finally:
        stop(reader)


def wait_until_read(admin: Redis, process_id: int) -> None:
    """Wait until the server has no backlog for the subscriber and the subscriber is idle."""

    def is_sent() -> bool:
        return all(client["omem"] == "0" for client in admin.client_list() if client["psub"] == "1")

    def is_idle() -> bool:
        before = cpu_seconds(process_id)
        time.sleep(0.3)
        return cpu_seconds(process_id) == before

    wait_until(is_sent, "the server has sent everything", 120.0)
    wait_until(is_idle, "the client has printed everything", 120.0)


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--messages", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    messages = options.messages or (300_000 if options.quick else 3_000_000)
    show(measure(messages, options.rounds or (1 if options.quick else 3)))


if __name__ == "__main__":
    main()

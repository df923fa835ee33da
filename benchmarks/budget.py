"""The dashboard on ten million keys: what it costs the server, what it holds in memory, how soon its panes are useful.

    python -m benchmarks.budget [--keys 10000000] [--seconds 120]

Four key groups in one database; ``python -m redis_dash URL`` on a pseudo terminal of 200x60 with the default budget.
Our share of the server's CPU is what ``INFO commandstats`` adds up to over the time, all commands but the benchmark's
own; nobody else uses the server. Beside it the CPU time of the server's process, which includes its reading and
writing of sockets, with and without the dashboard. A pane is useful when its answer stands in its title.
"""

from __future__ import annotations

import sys
import time

from redis import Redis

from benchmarks.harness import MB, Figure, memory, options_of, private_server, say
from benchmarks.keyspaces import fill
from benchmarks.report import show
from benchmarks.terminal import on_terminal

USEFUL = ("/s", "time left", "clients", "of 300", "No lookup but ours", "ops/s")
"""Events, sessions, rate limits, leaderboard, cache, server."""


def figures(quick: bool) -> list[Figure]:
    """Share of the server, memory, first values."""
    return measure(200_000, 10) if quick else measure(10_000_000, 120)


def measure(keys: int, seconds: float) -> list[Figure]:
    """On a private server."""
    with private_server() as (url, admin):
        fill(admin, keys)
        admin.zadd("leaderboard", {f"member{number}": number * 3.5 for number in range(300)})
        idle = server_cpu_share(admin, min(10.0, seconds))
        with on_terminal([sys.executable, "-m", "redis_dash", url]) as terminal:
            useful = max(terminal.wait_for(text) for text in USEFUL) - terminal.began
            say(f"budget: useful after {useful:.2f} s")
            command_s, cpu_s, began = commands_seconds(admin), cpu_seconds(admin), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            share = (commands_seconds(admin) - command_s) / took
            whole = (cpu_seconds(admin) - cpu_s) / took
            peak = memory(terminal.process.pid, "VmHWM") / MB
    name = f"{keys / 1e6:g} M keys"
    return [
        Figure(f"{name}: our share of a server core", "%", share * 100, at_most=1.0, note="INFO commandstats"),
        Figure(f"{name}: CPU of the server's process", "%", whole * 100, idle * 100, "without the dashboard"),
        Figure(f"{name}: memory of the dashboard, peak", "MB", peak, at_most=150),
        Figure(f"{name}: start until every pane has its answer", "s", useful, at_most=2.0),
    ]


def commands_seconds(admin: Redis) -> float:
    """The server's time for all commands so far, without INFO with a section, which this benchmark sends."""
    stats = admin.info("commandstats")
    return sum(float(command["usec"]) for command in stats.values()) / 1e6


def cpu_seconds(admin: Redis) -> float:
    """User and system time of the server's process so far."""
    cpu = admin.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


def server_cpu_share(admin: Redis, seconds: float) -> float:
    """The CPU of the server without clients' commands."""
    before = cpu_seconds(admin)
    time.sleep(seconds)
    return (cpu_seconds(admin) - before) / seconds


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--keys", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.keys, options.seconds))


if __name__ == "__main__":
    main()

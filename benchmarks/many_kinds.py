"""The memory of a dashboard that watches ten million keys of a thousand kinds.

    python -m benchmarks.many_kinds [--keys 10000000] [--kinds 1000]

The dashboard runs in a terminal and passes over all keys at full speed; then "What is in here?" is opened, so that the
kinds are read and measured, for a minute. Beside it: the same dashboard on an empty server. The server takes about
a gigabyte. It is not among ``make bench``.
"""

from __future__ import annotations

import sys
import time

from redis import Redis

from benchmarks.harness import MB, Figure, memory, options_of, private_server, say
from benchmarks.report import show
from benchmarks.terminal import Terminal, on_terminal

BATCH = 20_000
WATCHED_S = 60.0
FULL_PASS, KINDS = "\x1b[15~", "d"
"""The keys F5 and d."""
MAKE = """
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local kind = string.format('kind%04d', number % tonumber(ARGV[3]))
  redis.call('SET', kind .. ':' .. math.floor(number / tonumber(ARGV[3])) .. ':' .. number % 10, number)
end
"""


def fill_kinds(admin: Redis, keys: int, kinds: int) -> None:
    """Make so many keys of so many kinds."""
    began = time.monotonic()
    script = admin.register_script(MAKE)
    for first in range(0, keys, BATCH):
        script(args=[first, min(first + BATCH, keys) - 1, kinds])
    say(f"made {keys:,} keys in {time.monotonic() - began:.0f} s")


def measure(keys: int, kinds: int) -> list[Figure]:
    """On a private server, first without keys."""
    with private_server() as (url, admin):
        empty = watched(url, 0)
        fill_kinds(admin, keys, kinds)
        full = watched(url, keys)
        server = float(admin.info("memory")["used_memory"])
    say(f"the server uses {server / MB:,.0f} MB")
    return [
        Figure(
            f"memory at {keys:,} keys of {kinds:,} kinds", "MB", full, empty, "no keys", at_most=150, bar_on_ours=True
        )
    ]


def watched(url: str, keys: int) -> float:
    """The most resident megabytes of a dashboard."""
    with on_terminal([sys.executable, "-m", "redis_dash", url]) as terminal:
        terminal.wait_for("Events", within_s=60)
        time.sleep(2)
        if keys:
            scanned(terminal, url)
        terminal.type(KINDS)
        most = 0.0
        deadline = time.monotonic() + WATCHED_S
        while time.monotonic() < deadline:
            time.sleep(0.5)
            most = max(most, memory(terminal.process.pid, "VmHWM") / MB)
        say(f"{keys:,} keys: {most:.0f} MB at most, {memory(terminal.process.pid) / MB:.0f} MB in the end")
        return most


def scanned(terminal: Terminal, url: str) -> None:
    """Wait for the end of a pass at full speed: then the server gets no more SCAN for a while."""
    terminal.type(FULL_PASS)
    with Redis.from_url(url) as admin:
        before, still = -1, 0
        deadline = time.monotonic() + 400
        while still < 4 and time.monotonic() < deadline:
            time.sleep(0.25)
            calls = int(admin.info("commandstats").get("cmdstat_scan", {"calls": 0})["calls"])
            still = still + 1 if calls - before <= 5 else 0
            before = calls


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--keys", type=int, default=10_000_000)
    parser.add_argument("--kinds", type=int, default=1000)
    options = parser.parse_args()
    show(measure(100_000 if options.quick else options.keys, options.kinds))


if __name__ == "__main__":
    main()

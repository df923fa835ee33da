"""Pub/sub with the whole dashboard painted at 200x60: what it reads, how quick it stays, what it keeps in memory.

    python -m benchmarks.events_screen [--messages 10000000] [--rounds 3] [--presses 60]

The publishers of ``benchmarks.events`` saturate a private server. The dashboard runs in tmux with one task added that
sleeps for 5 ms and notes how late it is woken. Its rate is compared with the bare loop's, in rounds that take turns;
one longer run tells the memory. For the keyboard it runs on a pseudo terminal whose output is searched for the words
that a key brings to the screen (``2``, ``4``: the footer's keys of that pane; ``z``: of the zoomed pane; ``?``: the
help's text); the time is taken from the key press until those words have arrived. The publishers never pause meanwhile.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from redis import Redis

from benchmarks.events import run as run_reader
from benchmarks.harness import MB, Figure, in_tmux, median, options_of, percentile, private_server, say, wait_until
from benchmarks.publishers import Publishers
from benchmarks.report import show
from benchmarks.terminal import Terminal, on_terminal

MARKS = (1_000_000, 2_000_000, 5_000_000, 10_000_000)
HELP_TEXT = "everything by name, themes"
PANE_KEYS = (("2", "revoke"), ("4", " board"))
ZOOM_KEYS = (("z", "all panes"), ("z", " zoom"))


class Watched(NamedTuple):
    """One run of the dashboard."""

    rate: float
    lost: int
    late_ms: list[float]
    sizes: list[tuple[int, float]]
    peak: float


def figures(quick: bool) -> list[Figure]:
    """The dashboard under load."""
    return measure(1_000_000, 1, 10) if quick else measure(10_000_000, 3, 60)


def measure(messages: int, rounds: int, presses: int) -> list[Figure]:
    """Rounds against the bare loop, the long run, and the keyboard."""
    runs: list[Watched] = []
    bare: list[float] = []
    for number in range(rounds):
        runs.append(watched(messages * 3 // 10))
        with private_server() as (url, admin):
            bare.append(run_reader("bare", url, admin, messages * 3 // 10).rate)
        say(f"events_screen {number + 1}/{rounds}: {runs[-1].rate:,.0f}/s, bare {bare[-1]:,.0f}/s")
    rate = median(one.rate for one in runs)
    runs.append(long := watched(messages))
    say(f"events_screen {messages:,} messages: peak {long.peak / MB:.0f} MB")
    late = [value for one in runs for value in one.late_ms]
    return [
        Figure("messages read while painting", "/s", rate, median(bare), "a bare hiredis loop", at_least=0.75),
        Figure("messages lost while painting", "", float(sum(one.lost for one in runs)), at_most=0.0),
        Figure("event loop late, p99", "ms", percentile(late, 0.99), at_most=50.0, note=f"max {max(late):.0f}"),
        *keyboard(presses),
        *memory_figures(long, messages),
    ]


def memory_figures(run: Watched, messages: int) -> list[Figure]:
    """The peak of the memory, and the memory at each milestone."""
    marks = [mark for mark in MARKS if mark <= messages]
    at = {mark: next(size for count, size in reversed(run.sizes) if count <= mark) / MB for mark in marks}
    told = ", ".join(f"{size:.0f} MB after {mark // 1_000_000} M" for mark, size in at.items())
    found = [Figure("memory at most", "MB", run.peak / MB, at_most=120.0, note=told)]
    if len(at) > 2:  # much is painted for the first time while the first million comes, within two seconds
        name = f"memory after {marks[-1] // 1_000_000} M messages"
        found.append(Figure(name, "MB", at[marks[-1]], at[MARKS[1]], "itself after 2 M", at_most=1.03))
    return found


@contextmanager
def report_file() -> Iterator[Path]:
    """The file that the driver writes."""
    with tempfile.TemporaryDirectory(prefix="redis-dash-bench-") as folder:
        yield Path(folder) / "report.json"


def watched(messages: int) -> Watched:
    """Publish to the dashboard in tmux until it has everything."""
    with private_server() as (url, admin), report_file() as place:
        command = [sys.executable, "-m", "benchmarks.driver", url, str(place), str(messages)]
        with Publishers(url, messages) as publishers, in_tmux(command):
            ready(admin)
            publishers.go()
            published = publishers.wait()
            wait_until(place.exists, "the dashboard has everything", 120.0)
        seen = json.loads(place.read_text())
    came = [(at, count) for at, _, count in seen["samples"]]
    first = next(at for at, count in came if count)
    last = next(at for at, count in came if count == came[-1][1])
    late = [1000 * late for at, late, _ in seen["samples"] if first <= at <= last]
    rate = came[-1][1] / (last - first)
    return Watched(rate, published.delivered - came[-1][1], late, seen["sizes"], seen["peak"])


def ready(admin: Redis) -> None:
    """Wait until it has subscribed and shown its first values."""
    wait_until(lambda: admin.pubsub_numpat() == 1, "the dashboard subscribes")
    time.sleep(1.5)


def keyboard(presses: int) -> list[Figure]:
    """Press keys while the publishers run."""
    with private_server() as (url, admin), report_file() as place:
        command = [sys.executable, "-m", "benchmarks.driver", url, str(place)]
        # The footer names the keys of a pane where it has rows.
        admin.set("session:0123456789abcdef", '{"email": "ann@example.com"}')
        for board in ("leaderboard:a", "leaderboard:b"):
            admin.zadd(board, {"ann": 1})
        with Publishers(url, 1_000_000_000) as publishers, on_terminal(command) as terminal:
            ready(admin)
            publishers.go()
            time.sleep(1.0)
            panes = press(terminal, presses, lambda n: PANE_KEYS[n % 2])
            zoom = press(terminal, presses, lambda n: ZOOM_KEYS[n % 2])
            pages = press(terminal, presses // 2, lambda _: ("?", HELP_TEXT), leave="\x1b")
            publishers.halt()
    told = (("another pane", panes), ("zoom", zoom), ("help", pages))
    return [
        Figure(f"key press to changed screen, p99: {name}", "ms", percentile(times, 0.99), at_most=100.0,
               note=f"median {median(times):.0f}")
        for name, times in told
    ]  # fmt: skip


def press(terminal: Terminal, times: int, key: Callable[[int], tuple[str, str]], leave: str = "") -> list[float]:
    """Milliseconds from each key press to its text on the screen, at moments independent of the dashboard's timers."""
    pace, took = random.Random(7), []
    for number in range(times):
        typed, brings = key(number)
        place, at = terminal.type(typed)
        took.append(1000 * (terminal.wait_for(brings, place) - at))
        if leave:
            time.sleep(0.3)
            terminal.type(leave)
        time.sleep(pace.uniform(0.25, 0.5))
    say(f"events_screen keys: median {median(took):.0f} ms, p99 {percentile(took, 0.99):.0f} ms")
    return took


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--messages", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--presses", type=int)
    options = parser.parse_args()
    sizes = (1_000_000, 1, 10) if options.quick else (10_000_000, 3, 60)
    show(measure(options.messages or sizes[0], options.rounds or sizes[1], options.presses or sizes[2]))


if __name__ == "__main__":
    main()

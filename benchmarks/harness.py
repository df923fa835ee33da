"""Shared by the benchmarks: private servers, the demo, a terminal, the cost of a process, and results with targets."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import time
import uuid
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from redis import Redis

from demo_server.process.embedded import EmbeddedServer, find_server

SIZE = "200x60"
"""Columns and rows of the terminals."""
MB = 1e6


class UnableError(Exception):
    """A prerequisite of a benchmark is missing or did not happen; the text says which."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: our value, the rival's, and the bar for their ratio, or for our value alone."""

    name: str
    unit: str
    ours: float
    rival: float | None = None
    against: str = ""
    at_most: float | None = None
    at_least: float | None = None
    bar_on_ours: bool = False
    """Whether the rival is shown only for comparison."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Our value divided by the rival's."""
        return self.ours / self.rival if self.rival else None

    @property
    def holds(self) -> bool | None:
        """Whether it meets the bar; None if there is no bar or no rival's value."""
        value = self.ours if self.bar_on_ours or self.rival is None else self.ratio
        if value is None or (self.at_most is None and self.at_least is None):
            return None
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


FigureMaker = Callable[[bool], list[Figure]]


def say(text: str) -> None:
    """Print progress."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def options_of(doc: str | None) -> ArgumentParser:
    """A command line with the module's docstring as help; SIGTERM ends it with all clean-up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = ArgumentParser(description=doc, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    return parser


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    if not values:
        raise UnableError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


median = statistics.median


# -- processes ---------------------------------------------------------------------------------------------------------


def cpu_seconds(process_id: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process_id: int, kind: str = "VmRSS") -> float:
    """Resident bytes of a process now, or their peak (``VmHWM``)."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return float(line.split()[1]) * 1024
    raise UnableError(f"process {process_id} tells no {kind}")


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process that we started."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(happened: Callable[[], bool], what: str, within_s: float = 20.0, every_s: float = 0.01) -> None:
    """Poll.

    Raises:
        UnableError: it did not happen in time.
    """
    deadline = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > deadline:
            raise UnableError(f"{what}: not within {within_s:g} s")
        time.sleep(every_s)


# -- servers -----------------------------------------------------------------------------------------------------------


@contextmanager
def private_server() -> Iterator[tuple[str, Redis]]:
    """A server of our own that never drops a slow subscriber; yields its URL and a connection to it."""
    with EmbeddedServer() as server:
        admin: Redis = Redis.from_url(server.url)
        admin.config_set("client-output-buffer-limit", "pubsub 0 0 0")
        try:
            yield server.url, admin
        finally:
            admin.close()


class Demo(NamedTuple):
    """The addresses of the demo."""

    redis_url: str
    http_url: str


@contextmanager
def demo() -> Iterator[Demo]:
    """The demo application at its default rate."""
    process = subprocess.Popen(
        [sys.executable, "-m", "demo_server", "--seed", "7", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise UnableError("the demo did not start")
        urls = json.loads(line)
        yield Demo(urls["redis_url"], urls["http_url"])
    finally:
        stop(process)


def find_cli() -> str:
    """The command line client beside the server, else one on PATH."""
    beside = find_server().with_name("valkey-cli")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("valkey-cli") or shutil.which("redis-cli")
    if not found:
        raise UnableError("there is no valkey-cli or redis-cli")
    return found


# -- terminals ---------------------------------------------------------------------------------------------------------


def terminal_environment() -> dict[str, str]:
    """The environment of a program on a terminal; its bytecode is cached as that of an installed program."""
    told = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | told


@contextmanager
def in_tmux(command: Sequence[str], size: str = SIZE) -> Iterator[int]:
    """Run a command in a terminal of its own; yields its process id."""
    if not shutil.which("tmux"):
        raise UnableError("tmux is needed")
    columns, rows = size.split("x")
    tmux = ["tmux", "-L", f"bench-{uuid.uuid4().hex[:8]}", "-f", os.devnull]
    line = "exec " + shlex.join(command)
    subprocess.run(
        [*tmux, "new-session", "-d", "-x", columns, "-y", rows, line], check=True, env=terminal_environment()
    )
    try:
        pane = subprocess.run([*tmux, "list-panes", "-F", "#{pane_pid}"], check=True, capture_output=True, text=True)
        yield int(pane.stdout)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, stderr=subprocess.DEVNULL)

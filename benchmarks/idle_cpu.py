"""The dashboard's own CPU in a real terminal with the demo at its default rate.

    python -m benchmarks.idle_cpu [--seconds 30] [--size 200x60]

Starts the demo and the dashboard (in tmux), lets them settle, and measures user and system time of the dashboard's
process alone. An idle Textual application is measured beside it, as a floor. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HELLO = "from textual.app import App; App().run()"


def cpu_seconds(process_id: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def in_tmux(command: list[str], size: str) -> Iterator[int]:
    """Run a command in a terminal of its own; yields its process id."""
    columns, rows = size.split("x")
    tmux = ["tmux", "-L", f"bench-{uuid.uuid4().hex[:8]}", "-f", os.devnull]
    environ = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    line = "exec " + shlex.join(command)
    subprocess.run([*tmux, "new-session", "-d", "-x", columns, "-y", rows, line], check=True, env=environ)
    try:
        pane = subprocess.run([*tmux, "list-panes", "-F", "#{pane_pid}"], check=True, capture_output=True, text=True)
        yield int(pane.stdout)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def measured(command: list[str], size: str, seconds: float) -> float:
    """Share of one core that a command takes once it has settled, 0..1."""
    with in_tmux(command, size) as process_id:
        time.sleep(8)
        began, before = time.monotonic(), cpu_seconds(process_id)
        time.sleep(seconds)
        return (cpu_seconds(process_id) - before) / (time.monotonic() - began)


def main() -> None:
    """Print both shares and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", default="200x60")
    options = parser.parse_args()
    if not shutil.which("tmux"):
        sys.exit("idle_cpu needs tmux")
    demo = subprocess.Popen(
        [sys.executable, "-m", "demo_server", "--seed", "7"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert demo.stdout is not None
        url = json.loads(demo.stdout.readline())["redis_url"]
        dashboard = measured([sys.executable, "-m", "redis_dash", url], options.size, options.seconds)
    finally:
        demo.terminate()
        demo.wait(10)
    floor = measured([sys.executable, "-c", HELLO], options.size, options.seconds)
    print(f"dashboard {dashboard:.1%} of a core, bare Textual app {floor:.1%}, at {options.size}")  # noqa: T201


if __name__ == "__main__":
    main()

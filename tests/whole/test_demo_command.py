"""`redis-dash demo` in a real terminal: it starts, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.whole.terminal import Terminal, gone, in_terminal

DEMO = [sys.executable, "-m", "redis_dash", "demo", "--seed", "3"]


def family_of(process_id: int) -> list[psutil.Process]:
    parent = psutil.Process(process_id)
    return [parent, *parent.children(recursive=True)]


ENDINGS: dict[str, Callable[[Terminal], None]] = {
    "q": lambda terminal: terminal.type("q"),
    "ctrl-c": lambda terminal: terminal.type("\x03"),
    "SIGTERM": lambda terminal: terminal.process.terminate(),
    "SIGHUP": lambda terminal: os.kill(terminal.process.pid, signal.SIGHUP),
    "kill -9": lambda terminal: terminal.process.kill(),
}
EXIT_CODES = {"SIGTERM": 128 + signal.SIGTERM, "SIGHUP": 128 + signal.SIGHUP, "kill -9": -signal.SIGKILL}
"""Of those that are not 0."""


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_outlives_the_dashboard(ending: str, tmp_path: Path) -> None:
    with in_terminal(DEMO, environ={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("starting")
        terminal.wait_for("sessions", "clients", "order.created", "llm", "ops/s")
        processes = family_of(terminal.process.pid)
        assert {"valkey-server", "redis-server"} & {process.name() for process in processes}
        assert list(tmp_path.iterdir())
        ENDINGS[ending](terminal)
        deadline = time.monotonic() + 20
        terminal.wait_for_end()
        assert terminal.process.returncode == EXIT_CODES.get(ending, 0)
        while not all(gone(process) for process in processes) or list(tmp_path.iterdir()):
            assert time.monotonic() < deadline, [process for process in processes if not gone(process)]
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("kind", "servers", "ending"), [("--cluster", 6, ENDINGS["kill -9"]), ("--sentinel", 5, ENDINGS["q"])]
)
def test_a_demo_on_several_servers_offers_what_can_be_done_to_them_and_leaves_nothing(
    kind: str, servers: int, ending: Callable[[Terminal], None], tmp_path: Path
) -> None:
    with in_terminal([*DEMO, kind], environ={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("sessions", "clients", "order.created", within_s=60)
        terminal.type("\x10")
        terminal.wait_for("Search for commands")
        terminal.type("kill-node")
        terminal.wait_for("Demo: kill-node", "primary is killed")
        terminal.type("\x1b")
        processes = family_of(terminal.process.pid)
        names = [process.name() for process in processes]
        assert sum(name in {"valkey-server", "redis-server"} for name in names) == servers
        terminal.wait_until(lambda screen: "Demo: kill-node" not in screen)
        ending(terminal)
        terminal.wait_for_end(within_s=20)
        deadline = time.monotonic() + 20
        while not all(gone(process) for process in processes) or list(tmp_path.iterdir()):
            assert time.monotonic() < deadline, [process for process in processes if not gone(process)]
            time.sleep(0.02)

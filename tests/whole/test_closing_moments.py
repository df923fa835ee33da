"""A terminal leaves no process behind, whatever is on the screen when it goes.

``CLOSINGS=200`` closes as many terminals; a run of the whole suite closes each moment in each way once.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.whole.forked import dashboard
from tests.whole.terminal import Terminal, gone, in_terminal

DASHBOARD = [sys.executable, "-m", "redis_dash"]
IN_SHELL = ["/bin/sh", "-c", '"$@"; true', "sh"]
WITHIN_S = 20.0
ENTERED = b"\x1b[?1049h"

OPENED = {
    "the dashboard": (("", "q quit"),),
    "a question": (("2r", "Sign this session out?"),),
    "a form": (("d", "by pattern"), ("e", "leaves")),
    "help": (("?", "Everywhere"),),
    "the palette": (("\x10", "Search for commands"),),
}
"""The keys that open something, and what they show."""
MOMENTS = ("before the start", "before the first frame", "under load", *OPENED)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server with a session."""
    with EmbeddedServer() as server:
        with redis.Redis(port=server.port) as client:
            client.set("session:0123456789abcdef", json.dumps({"email": "ann@example.com"}), ex=9_000)
        yield server


@contextlib.contextmanager
def load(server: EmbeddedServer) -> Iterator[None]:
    """Messages as fast as one client can send them."""
    stopped = threading.Event()

    def publish() -> None:
        with redis.Redis(port=server.port) as client:
            while not stopped.is_set():
                pipeline = client.pipeline(transaction=False)
                for number in range(200):
                    pipeline.publish("orders", f'{{"type": "order.created", "order": {number}}}')
                pipeline.execute()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def wait_for(moment: str, terminal: Terminal, chance: random.Random) -> None:
    """Bring the dashboard to this moment."""
    if moment == "before the start":
        time.sleep(chance.uniform(0, 0.4))  # the moment is a time
    elif moment == "before the first frame":
        terminal.wait_until(lambda _: ENTERED in terminal.output)
    elif moment == "under load":
        terminal.wait_for("order.created")
    else:
        terminal.wait_for("ops/s", "ann@example.com", "1 session")
        for keys, shown in OPENED[moment]:
            terminal.type(keys)
            terminal.wait_for(shown)


def hang_up(terminal: Terminal, _dashboard: psutil.Process) -> None:
    """Close the window."""
    terminal.hang_up()


def hang_up_with_signals(terminal: Terminal, dashboard: psutil.Process) -> None:
    """As some terminals and shells do it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        dashboard.send_signal(signal.SIGHUP)
    terminal.hang_up()
    with contextlib.suppress(psutil.NoSuchProcess):
        dashboard.send_signal(signal.SIGCONT)


def kill_the_shell(terminal: Terminal, _dashboard: psutil.Process) -> None:
    """The parent is gone at once; the terminal stays."""
    terminal.process.kill()


def stop_and_hang_up(terminal: Terminal, dashboard: psutil.Process) -> None:
    """A stopped job, whose terminal goes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        dashboard.send_signal(signal.SIGTSTP)
    terminal.read_for(0.3)
    terminal.hang_up()


def terminate(terminal: Terminal, dashboard: psutil.Process) -> None:
    """Ask it to end, while nobody reads what it writes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        dashboard.send_signal(signal.SIGTERM)


Way = Callable[[Terminal, psutil.Process], None]
WAYS: tuple[tuple[Way, bool], ...] = (
    (hang_up, False),
    (hang_up, True),
    (hang_up_with_signals, False),
    (hang_up_with_signals, True),
    (kill_the_shell, True),
    (stop_and_hang_up, False),
    (stop_and_hang_up, True),
    (terminate, False),
)
"""How the terminal goes, and whether a shell started the dashboard."""
TIMES = max(1, int(os.environ.get("CLOSINGS", "0")) // (len(MOMENTS) * len(WAYS)))


def started(
    moment: str, server: EmbeddedServer, in_shell: bool, environ: Mapping[str, str]
) -> contextlib.AbstractContextManager[Terminal]:
    """The dashboard in a terminal; the start of the interpreter is part of the first moment only."""
    if moment == "before the start":
        return in_terminal([*(IN_SHELL if in_shell else []), *DASHBOARD, server.url], environ=environ)
    return dashboard(server.url, environ=environ, in_shell=in_shell)


def left_after(process: psutil.Process) -> bool:
    """Whether the process still runs after the time that it has."""
    deadline = time.monotonic() + WITHIN_S
    while not gone(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not gone(process)


def dashboard_of(terminal: Terminal, in_shell: bool) -> psutil.Process:
    """The process of the dashboard."""
    process = psutil.Process(terminal.process.pid)
    deadline = time.monotonic() + 20
    while in_shell and not process.children():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process.children()[0] if in_shell else process


@pytest.mark.timeout(60 + 100 * TIMES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_process_is_left(moment: str, server: EmbeddedServer, tmp_path: Path) -> None:
    chance = random.Random(moment)
    left = []
    with load(server) if moment == "under load" else contextlib.nullcontext():
        for way, in_shell in WAYS * TIMES:
            with started(moment, server, in_shell, {"XDG_STATE_HOME": str(tmp_path)}) as terminal:
                process = dashboard_of(terminal, in_shell)
                wait_for(moment, terminal, chance)
                way(terminal, process)
                if left_after(process):
                    left.append((way.__name__, in_shell))
                    process.kill()
    assert not left
    assert not list(tmp_path.rglob("crash-*")), "that a terminal goes is no error in redis-dash"


TMUX = shutil.which("tmux")
TMUX_ENDS = {
    "its window": ["kill-window", "-t", "watch"],
    "its session": ["kill-session", "-t", "watch"],
    "its server": ["kill-server"],
    "its pane again": ["respawn-pane", "-k", "-t", "watch", "sleep 60"],
}


@pytest.mark.skipif(TMUX is None, reason="there is no tmux: closing its windows is not tested")
@pytest.mark.parametrize("end", TMUX_ENDS)
def test_no_process_is_left_in_tmux(end: str, server: EmbeddedServer) -> None:
    name = f"closing-{os.getpid()}-{random.randrange(10**6)}"

    def tmux(*arguments: str) -> str:
        command = [TMUX or "", "-f", "/dev/null", "-L", name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout

    try:
        tmux("new-session", "-d", "-s", "watch", "-x", "120", "-y", "36", " ".join([*DASHBOARD, server.url]))
        deadline = time.monotonic() + 20
        while "ops/s" not in (screen := tmux("capture-pane", "-p", "-t", "watch")):
            assert time.monotonic() < deadline, screen
            time.sleep(0.05)
        dashboard = psutil.Process(int(tmux("list-panes", "-t", "watch", "-F", "#{pane_pid}")))
        tmux(*TMUX_ENDS[end])
        left = left_after(dashboard)
        if left:
            dashboard.kill()
        assert not left
    finally:
        tmux("kill-server")

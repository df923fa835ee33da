"""A terminal leaves no process behind, in whatever way it closes.

``CLOSINGS=200 make test ARGS=tests/whole/test_closing.py`` closes 200 terminals; a run of the whole suite closes a few.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from demo_server.process.embedded import EmbeddedServer
from tests.whole.forked import dashboard
from tests.whole.terminal import Terminal, gone, in_terminal

CLOSINGS = int(os.environ.get("CLOSINGS", "16"))
DASHBOARD = [sys.executable, "-m", "redis_dash"]
WITHIN_S = 20.0
LONGEST_PAUSE_S = 0.05
EARLY_S = 1.0
"""The dashboard may not have painted itself by then."""

SIGNALS = {"SIGHUP": signal.SIGHUP, "SIGCONT": signal.SIGCONT, "SIGTERM": signal.SIGTERM}
END = "end of file"
ORDERS = tuple(
    order
    for length in range(len(SIGNALS) + 2)
    for order in itertools.permutations((*SIGNALS, END), length)
    if END in order
)
"""Every order of every selection of events, the closing of the terminal among them."""


def close(terminal: Terminal, process: psutil.Process, order: tuple[str, ...], pause: Callable[[], float]) -> None:
    """Send the signals and close the terminal in this order."""
    for event in order:
        if event == END:
            terminal.hang_up()
        else:
            with suppress(psutil.NoSuchProcess):  # it may have ended already
                process.send_signal(SIGNALS[event])
        time.sleep(pause())  # part of the order: the next event may come while the program still handles the last one


@pytest.mark.timeout(30 + 10 * CLOSINGS)
def test_a_closed_terminal_leaves_no_process(embedded_server: EmbeddedServer) -> None:
    chance = random.Random(4)
    orders = [order for _ in range(-(-CLOSINGS // len(ORDERS))) for order in chance.sample(ORDERS, len(ORDERS))]
    left = []
    for number, order in enumerate(orders[:CLOSINGS]):
        in_shell = number % 3 == 1
        is_early = number % 5 == 2 and not in_shell
        url = embedded_server.url
        with in_terminal([*DASHBOARD, url]) if is_early else dashboard(url, in_shell=in_shell) as terminal:
            process = psutil.Process(terminal.process.pid)
            if is_early:
                time.sleep(chance.uniform(0, EARLY_S))
            else:
                terminal.wait_for("ops/s")
            if in_shell:
                (process,) = process.children()
            close(terminal, process, order, lambda: chance.uniform(0, LONGEST_PAUSE_S))
            deadline = time.monotonic() + WITHIN_S
            while not gone(process) and time.monotonic() < deadline:
                time.sleep(0.02)
            if not gone(process):
                left.append((number, order))
                process.kill()
    assert not left

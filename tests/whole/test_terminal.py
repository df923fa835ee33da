"""The dashboard and its terminal: job control, a redirected standard error, a blocked terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.whole.forked import dashboard
from tests.whole.terminal import Terminal, gone, in_terminal

DASHBOARD = [sys.executable, "-m", "redis_dash"]


@contextlib.contextmanager
def in_shell(url: str) -> Iterator[tuple[Terminal, psutil.Process]]:
    """The dashboard as the job of an interactive shell."""
    with in_terminal(["/bin/sh", "-i"], environ={"PS1": "shell> ", "ENV": ""}) as terminal:
        terminal.wait_for("shell>")
        terminal.type(f"{sys.executable} -m redis_dash {url}\n")
        terminal.wait_for("ops/s", "0 received")
        (dashboard,) = psutil.Process(terminal.process.pid).children()
        try:
            yield terminal, dashboard
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                dashboard.kill()


def wait_for_prompt(terminal: Terminal) -> None:
    """Wait for the shell's prompt, wherever on the screen the dashboard was stopped."""
    terminal.wait_until(lambda _: b"shell>" in terminal.output)


def paints_dashboard(screen: str) -> bool:
    """Whether every line of the panes is there."""
    return all(line[0] in "╭│╰" and line[-1] in "╮│╯" for line in screen.splitlines()[1:-1]) and "q quit" in screen


def paints_help(screen: str) -> bool:
    """Whether every line of the box is there, and nothing beside it."""
    lines = screen.splitlines()
    edge = lines[0].find("╭")
    return (
        edge > 0 and all(not line[:edge].strip() and line[edge] in "╭│╰" for line in lines) and "Everywhere" in screen
    )


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
@pytest.mark.parametrize(("keys", "painted"), [("", paints_dashboard), ("?", paints_help)])
def test_a_job_that_comes_back_paints_everything(
    embedded_server: EmbeddedServer, number: signal.Signals, keys: str, painted: Callable[[str], bool]
) -> None:
    with in_shell(embedded_server.url) as (terminal, dashboard):
        terminal.type(keys)
        terminal.wait_until(painted)
        for _ in range(2):
            terminal.output = b""
            dashboard.send_signal(number)
            wait_for_prompt(terminal)
            terminal.type("fg\n")
            terminal.wait_until(painted)
        terminal.output = b""
        terminal.type("\x03")
        wait_for_prompt(terminal)
        assert gone(dashboard)


def test_keys_that_are_typed_while_it_takes_the_terminal_anew_are_kept(embedded_server: EmbeddedServer) -> None:
    with dashboard(embedded_server.url) as terminal:
        terminal.wait_for("ops/s", "1 Events")
        terminal.type("/")
        terminal.wait_for("filter; Enter keeps it")
        for letter in "abcdefghij":
            terminal.output = b""
            os.kill(terminal.process.pid, signal.SIGCONT)
            terminal.wait_until(lambda _: b"\x1b[?2004l" in terminal.output)  # it is about to stop reading
            terminal.type(letter)  # may still be read
            terminal.wait_for_silence(0.02)
            terminal.type(letter.upper())
            terminal.wait_until(lambda _: b"\x1b[?1049h" in terminal.output)
        terminal.wait_for("aAbBcCdDeEfFgGhHiIjJ")


@pytest.mark.parametrize("keys", ["", "?"])
def test_ctrl_z_stops_it_and_the_terminal_is_the_shells(embedded_server: EmbeddedServer, keys: str) -> None:
    with in_shell(embedded_server.url) as (terminal, dashboard):
        terminal.type(keys)
        terminal.wait_for("Everywhere" if keys else "1 Events")
        terminal.output = b""
        terminal.type("\x1a")
        wait_for_prompt(terminal)
        assert dashboard.status() == psutil.STATUS_STOPPED
        terminal.output = b""
        terminal.type("echo all$((1+1))well\n")
        terminal.wait_for("all2well")
        terminal.type("kill %1; kill -CONT %1\n")  # in the background: using the terminal would stop it again
        terminal.wait_until(lambda _: gone(dashboard))


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_stopped_job_ends_with_its_terminal(embedded_server: EmbeddedServer, number: signal.Signals) -> None:
    with in_shell(embedded_server.url) as (terminal, dashboard):
        terminal.output = b""
        dashboard.send_signal(number)
        wait_for_prompt(terminal)
        terminal.hang_up()
        dashboard.wait(timeout=20)


def test_ctrl_z_without_a_shell_does_not_stop_it(embedded_server: EmbeddedServer) -> None:
    """No shell could continue the job: a window that runs only the dashboard would hang."""
    with dashboard(embedded_server.url) as terminal:
        terminal.wait_for("ops/s", "1 Events")
        terminal.output = b""
        terminal.type("\x1a")
        terminal.wait_until(lambda screen: b"\x1b[?1049l" in terminal.output and paints_dashboard(screen))
        terminal.type("q")
        terminal.wait_for_end()


def test_standard_error_that_goes_elsewhere(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    """The screen is painted on the terminal, and output of other code to standard error reaches its own target."""
    program = """
import logging, threading, redis_dash.cli
threading.Timer(1, lambda: logging.getLogger("somebody").warning("mind the gap")).start()
redis_dash.cli.main()
"""
    log = tmp_path / "log"
    with in_terminal(
        ["/bin/sh", "-c", f'exec "$@" 2>{log}', "sh", sys.executable, "-c", program, embedded_server.url]
    ) as terminal:
        terminal.wait_for("ops/s", "1 Events", "2 Sessions")
        terminal.wait_until(lambda _: b"mind" in log.read_bytes())
        terminal.type("q")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0
    assert log.read_text() == "mind the gap\n"


def test_a_terminal_that_nobody_reads_does_not_keep_it_from_ending() -> None:
    with EmbeddedServer() as server, dashboard(server.url) as terminal:
        terminal.wait_for("ops/s", "1 Events")
        deadline = time.monotonic() + 30
        with redis.Redis(port=server.port) as client:
            # Paints fill the terminal's buffer, then Textual's queue; after that Redis receives no requests.
            while min(int(known["idle"]) for known in client.client_list() if known["name"]) < 2:
                assert time.monotonic() < deadline, "it went on without anybody reading"
                for rows in (30, 36):
                    terminal.resize(120, rows)
                    time.sleep(0.05)  # a resize that follows too soon is not painted
        terminal.process.terminate()
        assert terminal.process.wait(timeout=20) == 128 + signal.SIGTERM

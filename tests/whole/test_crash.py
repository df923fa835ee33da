"""A defect ends with one line on stderr, a report without any value, exit code 70, and the terminal as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo_server.process.embedded import EmbeddedServer
from tests.whole.terminal import Terminal, in_terminal

SECRET = "hunter2"
DEFECT = f"""
import redis_dash.cli

def defect(*_args, **_named):
    password = "redis://:{SECRET}@host"
    raise RuntimeError(password)

async def async_defect(*_args, **_named):
    defect()
"""
"""The secret is in the error's text and in a local variable."""
LINE = r"redis-dash: an error in redis-dash itself: (\S+) at \S+:\d+:\S+; report: (/\S+)\s*"

IN_DASHBOARD = {
    "its start": "import redis_dash.tui.app as a; a.DashApp.__init__ = defect",
    "the mount": "import redis_dash.tui.dashboard as d; d.Dashboard.on_mount = defect",
    "a timer": "import redis_dash.tui.feed_app as f; f.FeedApp._tick = defect",
    "painting": "import redis_dash.tui.dashboard as d; d.Dashboard.refresh_values = defect",
    "a key": "import redis_dash.tui.dashboard as d; d.Dashboard.action_zoom = defect",
    "a worker": """
import redis_dash.tui.app as a
a.DashApp.action_help = lambda app: app.run_worker(async_defect(), exit_on_error=True)
""",
    "the thread that reads keys": """
import redis_dash.tui.key_parser as k
k.KeyParser.feed = defect
""",
    "the thread that writes": """
import redis_dash.tui.terminal as t
write = t.Output.write
t.Output.write = lambda file, text: defect() if "Everywhere" in text else write(file, text)
""",
}
KEYS = {"a key": "z", "a worker": "?", "the thread that reads keys": "z", "the thread that writes": "?"}


def reports(state: Path) -> list[Path]:
    """The reports that were written."""
    return sorted((state / "redis-dash").glob("*"))


def check_report(text: str, state: Path) -> str:
    """One line tells of one report, and nothing holds the secret; returns the report."""
    found = re.fullmatch(LINE, text)
    assert found, text
    (report,) = reports(state)
    assert found[2] == str(report)
    assert report.stat().st_mode & 0o777 == 0o600
    told = report.read_text()
    assert SECRET not in told + text
    assert "redis://" not in told + text
    assert "RuntimeError\n  redis_dash/cli.py:" in told or ":defect" in told
    return told


def after_the_screen(terminal: Terminal) -> str:
    """What was written after the screen was left."""
    rest = terminal.output.rpartition(b"\x1b[?1049l")[2].decode()
    return re.sub(r"\x1b\[[?<>=]*[\d;]*[a-zA-Z]", "", rest).strip()


@pytest.mark.parametrize("where", IN_DASHBOARD)
def test_a_defect_of_the_dashboard(where: str, embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    program = f"{DEFECT}\n{IN_DASHBOARD[where]}\nredis_dash.cli.main()"
    command = [sys.executable, "-c", program, embedded_server.url]
    with in_terminal(command, environ={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        if where in KEYS:
            terminal.wait_for("ops/s", "1 Events")
            terminal.type(KEYS[where])
        terminal.wait_for_end()
        terminal.wait_until(lambda _: re.search(rb"report.*\n", terminal.output) is not None)
        assert terminal.process.returncode == 70, terminal.text
        assert terminal.output.count(b"\x1b[?1049h") == terminal.output.count(b"\x1b[?1049l")
        assert b"Traceback" not in terminal.output
        told = check_report(after_the_screen(terminal), tmp_path)
    assert "terminal: 120x36" in told
    assert "TERM=xterm-256color" in told
    assert re.search(r"^server: (valkey|redis) \d", told, re.MULTILINE) or where not in KEYS


OUTSIDE = {
    "snapshot": "import redis_dash.hub as h; h.Hub.run = async_defect",
    "snapshot --for 0": "import redis_dash.hub as h; h.Hub.read_all = async_defect",
    "discover": "import redis_dash.discovery.discovery as d; d.Discovery.look = async_defect",
    "config show": "import redis_dash.config.report as r; r.shown = defect",
    "config path": "import redis_dash.config.report as r; r.files = defect",
    "config check": "import redis_dash.config.report as r; r.check = defect",
    "snapshot --full": "import redis_dash.cli as c; c.read_config = defect",
}


@pytest.mark.parametrize("command", OUTSIDE)
def test_a_defect_of_another_command(command: str, embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    program = f"{DEFECT}\n{OUTSIDE[command]}\nredis_dash.cli.main()"
    environ = os.environ | {"XDG_STATE_HOME": str(tmp_path), "REDIS_URL": embedded_server.url}
    arguments = [sys.executable, "-c", program, *command.split()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, env=environ, check=False)
    assert (done.returncode, done.stdout) == (70, ""), done.stderr
    check_report(re.sub("redis-dash: (watching|taken).*\n", "", done.stderr), tmp_path)


def test_a_defect_after_which_the_dashboard_goes_on(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    program = f"""{DEFECT}
import redis_dash.tui.app as a
def action_help(app):
    app.run_worker(async_defect(), exit_on_error=False)
a.DashApp.action_help = action_help
redis_dash.cli.main()"""
    command = [sys.executable, "-c", program, embedded_server.url]
    with in_terminal(command, environ={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("ops/s", "1 Events")
        terminal.type("?")
        terminal.wait_for("An error in redis-dash itself")
        assert SECRET not in terminal.text
        terminal.type("q")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0
    (report,) = reports(tmp_path)
    assert SECRET not in report.read_text()


def test_a_callback_that_fails_does_not_print_its_error(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    program = f"""{DEFECT}
import asyncio, redis_dash.hub as h
run = h.Hub.run
def run_and_call(hub):
    asyncio.get_running_loop().call_soon(defect)
    return run(hub)
h.Hub.run = run_and_call
redis_dash.cli.main()"""
    environ = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", program, "snapshot", "--for", "0", embedded_server.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environ, check=False)
    assert done.returncode == 0
    assert SECRET not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "itself" in line]
    check_report(line, tmp_path)

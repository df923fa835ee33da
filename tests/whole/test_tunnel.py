"""The dashboard through SSH: the host is on the screen, and ssh ends with the dashboard, however that ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from demo_server.process.embedded import EmbeddedServer
from tests.live.fake_ssh import REFUSED, FakeSsh
from tests.whole.terminal import in_terminal

DASHBOARD = [sys.executable, "-m", "redis_dash"]


@pytest.mark.parametrize("end", ["q", "SIGTERM", "terminal closes"])
def test_ssh_ends_with_the_dashboard(end: str, embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    ssh = FakeSsh(tmp_path)
    command = [*DASHBOARD, embedded_server.url, "--ssh", "ann@bastion"]
    with in_terminal(command, environ={"PATH": f"{tmp_path}:/usr/bin:/bin"}) as terminal:
        terminal.wait_for("/0 via bastion", "ops/s")
        (run,) = ssh.runs
        assert run.is_running
        if end == "terminal closes":
            terminal.hang_up()
        elif end == "q":
            terminal.type("q")
        else:
            terminal.process.terminate()
        deadline = time.monotonic() + 10
        while run.is_running:
            assert time.monotonic() < deadline, "ssh still runs"
            time.sleep(0.02)


def test_the_words_of_ssh_are_on_the_screen(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    ssh = FakeSsh(tmp_path)
    ssh.behave("refuses")
    command = [*DASHBOARD, embedded_server.url, "--ssh", "ann@bastion"]
    with in_terminal(command, columns=160, environ={"PATH": f"{tmp_path}:/usr/bin:/bin"}) as terminal:
        terminal.wait_for(f"not connected — ssh to bastion: {REFUSED}")
        ssh.behave("forwards")
        terminal.wait_for("ops/s")

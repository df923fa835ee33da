"""A password that is typed before the dashboard opens is not echoed, and reaches the server."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.whole.terminal import in_terminal

SECRET = "hunter2-secret"
PROGRAM = [sys.executable, "-m", "redis_dash"]


@pytest.fixture
def url(embedded_server: EmbeddedServer, client: redis.Redis) -> Iterator[str]:
    client.acl_setuser(
        "watcher", enabled=True, passwords=[f"+{SECRET}"], categories=["+@all"], keys=["*"], channels=["*"]
    )
    yield embedded_server.url.replace("//", "//watcher@")
    client.acl_deluser("watcher")


@pytest.mark.parametrize("command", [(), ("snapshot", "--for", "0", "--topic", "server"), ("discover",)])
def test_a_typed_password(url: str, command: tuple[str, ...]) -> None:
    with in_terminal([*PROGRAM, *command, url, "--ask-password"]) as terminal:
        terminal.wait_for("Password for redis://watcher@127.0.0.1")
        terminal.type(f"{SECRET}\r")
        terminal.wait_for('"messages_share"' if "snapshot" in command else "no keys" if command else "ops/s")
        assert SECRET not in terminal.text
        if not command:
            assert SECRET not in str(psutil.Process(terminal.process.pid).cmdline())


def test_ctrl_c_at_the_prompt_ends_the_program(url: str) -> None:
    with in_terminal([*PROGRAM, url, "--ask-password"]) as terminal:
        terminal.wait_for("Password for")
        terminal.type("\x03")
        terminal.wait_for("redis-dash: stopped")
        terminal.wait_for_end(10)

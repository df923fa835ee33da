"""Where there is no Unicode, no byte above 0x7e goes to the terminal, whatever is shown."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.whole.forked import playground
from tests.whole.terminal import Terminal, in_terminal

DASHBOARD = [sys.executable, "-m", "redis_dash"]
SIZES = [(80, 24), (200, 60)]
VARIANTS = ("still", "living", "hostile", "loading", "empty", "stale", "error", "huge")
ESCAPE = "\x1b"
NON_ASCII_KEYS = "\u00fc\u6f22"


def check(terminal: Terminal) -> None:
    """Nothing but ASCII was written."""
    strange = {byte for byte in terminal.output if byte > 0x7E}
    assert not strange, terminal.text


def see(terminal: Terminal, keys: str, shown: str, leave: str = ESCAPE) -> None:
    """Open something, and leave it when it is on the screen."""
    terminal.type(keys)
    terminal.wait_for(shown)
    terminal.type(leave)
    terminal.wait_until(lambda screen: shown not in screen)
    check(terminal)


@pytest.mark.parametrize(
    ("variant", "size"), [*((variant, SIZES[0]) for variant in VARIANTS), ("still", SIZES[1]), ("hostile", SIZES[1])]
)
def test_every_pane(variant: str, size: tuple[int, int]) -> None:
    with playground(variant, *size, is_ascii=True) as terminal:
        terminal.wait_for("Events")
        for number in "123456":
            terminal.type(number)
            terminal.wait_until(lambda screen, number=number: f"+  {number} " in screen)  # type: ignore[misc]
            if size[0] > 100:
                terminal.type("z")
                terminal.wait_until(lambda screen: "all panes" in screen)
                terminal.type("z")
                terminal.wait_until(lambda screen: "all panes" not in screen)
            check(terminal)
        see(terminal, "?", "Everywhere")
        see(terminal, "d", "What is in here?")
        terminal.type("q")
        terminal.wait_for_end()
        check(terminal)


@pytest.mark.parametrize("size", SIZES)
def test_every_screen_above_the_panes(size: tuple[int, int]) -> None:
    with playground("still", *size, is_ascii=True) as terminal:
        terminal.wait_for("ops/s", "30 received")
        for number in "123456":
            terminal.type(number)
            terminal.wait_until(lambda screen, number=number: f"+  {number} " in screen)  # type: ignore[misc]
            see(terminal, "\r", "Esc closes")
        terminal.type("2")
        see(terminal, "r", "Sign this session out?", "n")
        terminal.type("d")
        terminal.wait_for("2 kinds")
        see(terminal, "\r", "Esc closes")
        see(terminal, "e", "leaves")
        see(terminal, "a", "leaves")
        terminal.type("d")
        terminal.wait_until(lambda screen: "2 kinds" not in screen)
        see(terminal, "n", "Databases of this server")
        see(terminal, "\x10", "Search for commands")
        terminal.type("\x10")
        terminal.wait_for("Search for commands")
        terminal.type("theme")
        terminal.wait_until(lambda screen: "heme" in screen and "atabase" not in screen)  # only what was found is left
        see(terminal, "\r", "Search for themes")
        terminal.type("2/" + NON_ASCII_KEYS)
        terminal.wait_for("???")
        terminal.type(ESCAPE)
        check(terminal)


def test_the_locale_decides(embedded_server: EmbeddedServer) -> None:
    with redis.Redis(port=embedded_server.port) as client:
        client.zadd("leaderboard", {"Zo\u00eb": 3, "\u65e5\u672c": 2})
    environ = {"LC_ALL": "C"}
    with in_terminal([*DASHBOARD, embedded_server.url], environ=environ) as terminal:
        terminal.wait_for("ops/s", "+  1 Events", "| 0 received", "Zo\\xeb", "\\u65e5\\u672c")
        check(terminal)
    with in_terminal([*DASHBOARD, "--no-ascii", embedded_server.url], environ=environ) as terminal:
        terminal.wait_for("ops/s", "\u256d  1 Events", "\u00b7 0 received", "Zo\u00eb")
    with in_terminal([*DASHBOARD, "--ascii", embedded_server.url], environ={"LC_ALL": "C.UTF-8"}) as terminal:
        terminal.wait_for("ops/s", "+  1 Events")
        check(terminal)


def test_the_list_of_discover(embedded_server: EmbeddedServer) -> None:
    with redis.Redis(port=embedded_server.port) as client:
        client.mset({f"caf\u00e9:{number}": "x" for number in range(9)})
    command = [*DASHBOARD, "discover", "--ascii", embedded_server.url]
    done = subprocess.run(command, capture_output=True, timeout=30, check=True, env=os.environ)
    assert max(done.stdout) < 0x7F
    assert b"caf\\xe9:*" in done.stdout


@pytest.mark.parametrize(("term", "why"), [("dumb", "TERM is dumb"), ("", "TERM is not set")])
def test_a_terminal_that_cannot_be_painted(term: str, why: str) -> None:
    with in_terminal([*DASHBOARD], environ={"TERM": term}) as terminal:
        terminal.wait_for_end()
        terminal.wait_for(why, "redis-dash snapshot")
        assert terminal.process.returncode == 2
        assert b"\x1b[" not in terminal.output


def test_output_that_is_no_terminal() -> None:
    with in_terminal(["/bin/sh", "-c", '"$@" | cat; echo done', "sh", *DASHBOARD]) as terminal:
        terminal.wait_for("needs a terminal", "redis-dash snapshot", "done")


def test_the_report_of_doctor(embedded_server: EmbeddedServer) -> None:
    done = subprocess.run(
        [*DASHBOARD, "doctor", "--ascii", embedded_server.url], capture_output=True, timeout=30, check=True
    )
    assert max(done.stdout) < 0x7F
    assert b"+ Events" in done.stdout

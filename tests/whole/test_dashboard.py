"""The dashboard in a real terminal, on a real application."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from tests.whole.conftest import Demo, started_demo
from tests.whole.forked import dashboard
from tests.whole.terminal import in_terminal

DASHBOARD = [sys.executable, "-m", "redis_dash"]
SIZES = [(120, 36), (80, 24)]


def has_line(screen: str, text: str) -> bool:
    """Whether the text stands alone in a line of a pane, as typed text does."""
    return any(part.strip() == text for line in screen.splitlines() for part in line.split("│"))


@pytest.fixture(scope="module")
def still_demo() -> Iterator[Demo]:
    """A demo without a workload."""
    with started_demo("--no-workload") as demo:
        yield demo


@contextlib.contextmanager
def signed_in(demo: Demo, email: str) -> Iterator[httpx.Client]:
    """A browser with a session."""
    with httpx.Client(base_url=demo.http_url) as browser:
        browser.post("/login", json={"email": email, "password": "demo"}).raise_for_status()
        try:
            yield browser
        finally:
            browser.post("/logout")


@pytest.mark.parametrize("size", SIZES)
def test_revoking_a_session_signs_exactly_that_browser_out(still_demo: Demo, size: tuple[int, int]) -> None:
    with (
        signed_in(still_demo, "priya@example.com") as priya,
        signed_in(still_demo, "raj@example.com") as raj,
        redis.Redis.from_url(still_demo.redis_url) as client,
        dashboard(still_demo.redis_url, columns=size[0], rows=size[1]) as terminal,
    ):
        assert priya.get("/profile").status_code == raj.get("/profile").status_code == 200
        before, cookie = set(client.keys("*")), priya.cookies["session_id"]
        terminal.wait_for("ops/s")
        terminal.type("2")
        terminal.wait_for("priya@example.com", "raj@example.com", "2 sessions")
        terminal.type("/priya")
        terminal.wait_until(lambda screen: "raj@" not in screen and has_line(screen, "priya"))
        terminal.type("\r")
        terminal.wait_until(lambda screen: "filter: priya" in screen and not has_line(screen, "priya"))
        terminal.type("r")
        confirmation = terminal.wait_for("priya@example.com", "Cancel")
        assert "raj@example.com" not in confirmation or size[0] > 100
        terminal.type("\x1b")
        terminal.wait_until(lambda screen: "Cancel" not in screen)
        assert priya.get("/profile").status_code == 200
        terminal.type("r")
        terminal.wait_for("Cancel")
        terminal.type_until("y", lambda screen: "Cancel" not in screen, every_s=0.6)  # an earlier y does not count
        terminal.wait_for("is deleted")
        assert priya.get("/profile").status_code == 401
        assert raj.get("/profile").status_code == 200
        lost = before - set(client.keys("*"))
        assert lost == {f"session:{cookie}".encode()}
        terminal.type("1")
        terminal.wait_for("deleted: ", "… of priya@example.com")


def test_a_restart_under_the_dashboard() -> None:
    with EmbeddedServer() as server, dashboard(server.url) as terminal:
        terminal.wait_for("ops/s", "0 received")
        server.stop()
        terminal.wait_for("connection refused")
        terminal.wait_until(lambda screen: screen.count("stale") >= 5)
        server.start()
        terminal.wait_until(lambda screen: "stale" not in screen and "refused" not in screen)
        terminal.wait_for("reconnected", "unknown")
        with redis.Redis(port=server.port) as client:
            client.publish("orders", '{"type": "order.created", "order_id": 4711}')
        terminal.wait_for("order.created", "4711")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_as_it_was_found(number: signal.Signals) -> None:
    with EmbeddedServer() as server, dashboard(server.url) as terminal:
        terminal.wait_for("ops/s")
        terminal.process.send_signal(number)
        terminal.wait_for_end()
        terminal.wait_until(lambda _: b"\x1b[?1049l" in terminal.output and b"\x1b[?25h" in terminal.output)
        assert terminal.process.returncode == 128 + number


def test_a_closed_terminal_ends_it_even_if_its_parent_swallows_the_hangup() -> None:
    """A parent like make, which waits for its child and does not pass the signal on."""
    ignore = "import signal, subprocess, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    parent = f"{ignore}; subprocess.call(sys.argv[1:])"
    with EmbeddedServer() as server:
        command = [sys.executable, "-c", parent, *DASHBOARD, server.url]
        with in_terminal(command) as terminal:
            terminal.wait_for("ops/s")
            (child,) = psutil.Process(terminal.process.pid).children()
            terminal.hang_up()
            child.wait(timeout=20)


@pytest.mark.parametrize("keys", ["?", "\x10"])
def test_ctrl_c_quits_from_anywhere(keys: str) -> None:
    with EmbeddedServer() as server, dashboard(server.url) as terminal:
        terminal.wait_for("ops/s")
        terminal.type(keys)
        terminal.wait_until(lambda screen: "Everywhere" in screen or "Search" in screen)
        terminal.type("\x03")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0, "it is the key that quits"


def test_starting_before_the_server_does() -> None:
    with EmbeddedServer() as server:
        url, port = server.url, server.port
    with dashboard(url) as terminal:
        terminal.wait_for("connection refused")
        with EmbeddedServer(port) as again:
            terminal.wait_for("ops/s", "exact")
            assert again.port == port
        terminal.type("q")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0

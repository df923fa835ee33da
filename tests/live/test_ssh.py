"""Through SSH: the system's ssh runs as long as redis-dash, and failures are told in its own words."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.tunnel import close_tunnels
from redis_dash.config import Config, Url, place_of
from redis_dash.core.errors import ConfigError
from redis_dash.discover import discover
from redis_dash.doctor import doctor
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.certificates import Authority
from tests.live.fake_ssh import REFUSED, UNREACHED, FakeSsh
from tests.live.reaching import said
from tests.live.relay import relay
from tests.live.subscribing import listening


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSsh]:
    fake = FakeSsh(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    yield fake
    close_tunnels()
    assert not any(run.is_running for run in fake.runs)


async def test_all_connections_share_one_ssh(
    ssh: FakeSsh, embedded_server: EmbeddedServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_DASH_PASSWORD", "hunter2")
    url = f"{embedded_server.url}?ssh=ann@bastion"
    client.set("page:/", "x")
    async with listening(url) as subscriber:
        assert await said(url) == ""
        await asyncio.to_thread(client.publish, "orders", "a message")
        await until(lambda: subscriber.received == 1)
    document, code = await take(Config(url=url), 0.0, (), talk := io.StringIO())
    table, _ = await discover(Config(url=url), as_json=False)
    report, _ = await doctor(Config(url=url), as_json=False)
    assert code == 0
    assert report.startswith(f"{embedded_server.url} via bastion: ")
    assert "\n  via       SSH to bastion\n" in report
    assert (json.loads(document)["via"], json.loads(document)["target"]) == ("bastion", embedded_server.url)
    assert f"{embedded_server.url} via bastion" in talk.getvalue()
    assert table.startswith(f"{embedded_server.url} via bastion: 1 key")
    (run,) = ssh.runs
    assert run.is_running
    assert run.arguments[-1] == "ann@bastion"
    assert {"BatchMode=yes", "ExitOnForwardFailure=yes", "-N"} <= set(run.arguments)
    assert run.arguments[run.arguments.index("-L") + 1].startswith("127.0.0.1:")
    assert not {"REDIS_URL", "REDIS_DASH_PASSWORD"} & set(run.environment)


async def test_ssh_says_itself_why_it_fails(ssh: FakeSsh, embedded_server: EmbeddedServer) -> None:
    ssh.behave("refuses")
    url = f"{embedded_server.url}?ssh=ann@bastion"
    assert await said(url) == f"ssh to bastion: {REFUSED}"
    document, code = await take(Config(url=url), 0.0, ("server",), talk := io.StringIO())
    assert (code, json.loads(document)["topics"]["server"]["note"]) == (1, f"ssh to bastion: {REFUSED}")
    assert f"{embedded_server.url} via bastion: ssh to bastion: {REFUSED}" in talk.getvalue()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
async def test_a_server_that_is_not_reached_from_there(
    ssh: FakeSsh, embedded_server: EmbeddedServer, scheme: str
) -> None:
    ssh.behave("cannot reach")
    url = f"{scheme}://127.0.0.1:{embedded_server.port}/0?ssh=bastion"
    texts: list[str] = []
    while f"ssh to bastion: {UNREACHED}" not in texts:  # ssh may say it after the connection has closed
        assert len(texts) < 50, set(texts)
        texts.append(await said(url))


async def test_an_ssh_that_ended_is_started_again(ssh: FakeSsh, embedded_server: EmbeddedServer) -> None:
    url = f"{embedded_server.url}?ssh=bastion"
    assert await said(url) == ""
    psutil.Process(ssh.runs[0].pid).kill()
    texts = ["not asked yet"]
    while texts[-1] or len(ssh.runs) == 1:
        assert len(texts) < 50, set(texts)
        texts.append(await said(url))
    assert [run.is_running for run in ssh.runs] == [False, True]


async def test_an_ssh_that_does_not_get_there_in_time(
    ssh: FakeSsh, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_dash.client.tunnel.WITHIN_S", 1.0)
    ssh.behave("is silent")
    assert await said(f"{embedded_server.url}?ssh=bastion") == "ssh to bastion: no connection within 1 s"


async def test_without_the_program(embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await said(f"{embedded_server.url}?ssh=bastion") == "there is no program ssh on PATH"


async def test_tls_asks_for_the_name_of_the_server_behind_ssh(
    ssh: FakeSsh, embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    async with relay(embedded_server.port, context=authority.context(authority.named)) as secure:
        url = f"rediss://localhost:{secure.port}/0?ssl_ca_certs={authority.file}&ssh=bastion"
        assert "another name than localhost" in await said(url)
        assert await said(f"{url}&sni=redis.example.com") == ""


@pytest.mark.parametrize("way", [0, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_ssh_ends_with_the_program(ssh: FakeSsh, embedded_server: EmbeddedServer, way: int) -> None:
    url = f"{embedded_server.url}?ssh=bastion"
    program = [sys.executable, "-m", "redis_dash", "snapshot", url, "--for", "60" if way else "0", "--topic", "server"]
    process = await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    while b"watching" not in (line := await process.stderr.readline()):
        assert line
    (run,) = ssh.runs
    if way:
        assert run.is_running
        process.send_signal(way)
    await process.communicate()
    await until(lambda: not run.is_running, 5.0)


@pytest.mark.parametrize("destination", ["-oProxyCommand=touch x", "a b", "ann@-x", "@", "a@b@c", "a\x1bb"])
def test_what_is_no_destination(destination: str) -> None:
    with pytest.raises(ConfigError, match="user@host"):
        Url("redis://h").with_way_in(None, None, {"ssh": destination})


def test_another_host_between_is_another_server() -> None:
    """What a user chooses for keys of one server must not hold for another one at the same address."""
    direct, through = Url("redis://127.0.0.1"), Url("redis://127.0.0.1?ssh=ann@bastion")
    assert place_of(direct) == "redis://127.0.0.1:6379/0"
    assert place_of(through) == "redis://127.0.0.1:6379/0 via bastion"
    assert through.with_database(3).target == "redis://127.0.0.1:6379/3 via bastion"

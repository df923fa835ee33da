"""TLS and SSH lead to the sentinels and to the primary that they name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import hiredis
import pytest

from demo_server.process.embedded import EmbeddedServer
from redis_dash.client.tunnel import close_tunnels
from tests.live.certificates import Authority
from tests.live.fake_ssh import FakeSsh
from tests.live.peers import Serve, peer
from tests.live.reaching import said
from tests.live.relay import relay
from tests.live.sentinel.keys import Application


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSsh]:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    yield FakeSsh(tmp_path)
    close_tunnels()


def names(port: int) -> Serve:
    """A sentinel that tells of a primary on this port, and of nothing else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = hiredis.Reader()
        while chunk := await reader.read(65_536):
            requests.feed(chunk)
            while (request := requests.gets()) is not False:
                where = f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(port))}\r\n{port}\r\n"
                is_asked = request[:2] == [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME"]
                writer.write(where.encode() if is_asked else b"*0\r\n")

    return serve


async def test_sentinels_and_primary_speak_tls(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        relay(embedded_server.port, context=authority.context()) as secure,
        peer(names(secure.port), authority.context()) as sentinel,
        peer(names(embedded_server.port), authority.context()) as names_a_plain_port,
    ):
        place = sentinel.removeprefix("redis://").removesuffix("/0")
        assert await said(f"rediss+sentinel://{place}/mymaster?ssl_ca_certs={authority.file}") == ""
        untrusted = await said(f"rediss+sentinel://{place}/mymaster")
        assert untrusted.startswith("no sentinel can be asked: the server's certificate is from an authority")
        assert (await said(f"redis+sentinel://{place}/mymaster")).endswith(f"is this a TLS port (rediss://)? ({place})")
        place = names_a_plain_port.removeprefix("redis://").removesuffix("/0")
        plain = await said(f"rediss+sentinel://{place}/mymaster?ssl_ca_certs={authority.file}")
        assert plain.startswith(f"127.0.0.1:{embedded_server.port}: ")


async def test_sentinels_and_primary_are_reached_through_ssh(app: Application, ssh: FakeSsh) -> None:
    assert await said(f"{app.sentinels.url}?ssh=ann@bastion") == ""
    forwarded = {run.arguments[run.arguments.index("-L") + 1].split(":", 2)[2] for run in ssh.runs}
    places = [one.port for one in app.sentinels.sentinels] + [app.sentinels.servers[app.sentinels.primary()].port]
    assert forwarded == {f"127.0.0.1:{port}" for port in places}
    ssh.behave("refuses")
    close_tunnels()
    assert "ssh to bastion: " in await said(f"{app.sentinels.url}?ssh=ann@bastion")

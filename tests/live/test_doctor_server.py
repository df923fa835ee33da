"""What ``redis-dash doctor`` says of the server and of the way to it."""

from __future__ import annotations

import io
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.config import Config
from redis_dash.diagnosis.report import examine
from redis_dash.diagnosis.server import Clock, Server
from redis_dash.discover import discover
from redis_dash.doctor import NOT_FULL, OK, UNREACHABLE, doctor
from redis_dash.doctor_text import clock_text
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.certificates import Authority
from tests.live.peers import Serve, asks_for_a_password, full, loads_its_data, peer
from tests.live.relay import relay
from tests.live.test_kinds import node, sentinel, served
from tests.live.versions import knows

__all__ = ["node", "sentinel"]  # fixtures


@pytest.fixture
def renamed(tmp_path: Path) -> Iterator[str]:
    yield from served(tmp_path, "rename-command SCAN ''\nrename-command DUMP hidden\nsave ''")


@pytest.fixture
def replica(tmp_path: Path, embedded_server: EmbeddedServer) -> Iterator[str]:
    yield from served(tmp_path, f"replicaof 127.0.0.1 {embedded_server.port}\nsave ''")


async def server_of(url: str) -> Server:
    return (await examine(Config(url=url))).server


async def test_commands_that_were_renamed_are_told_and_have_no_line(renamed: str) -> None:
    report = await examine(Config(url=renamed))
    with redis.Redis.from_url(renamed) as client:
        later = [] if knows(client, 7, 2) else ["CLIENT NO-TOUCH"]
    assert set(report.unknown) == {"SCAN", "DUMP", *later}
    sessions = next(right for right in report.topics if right.name == "sessions")
    assert (sessions.state, sessions.line("default")) == ("off", "")
    assert "the server does not know SCAN: no keys are found" in sessions.reasons
    text, code = await doctor(Config(url=renamed), as_json=False)
    assert code == NOT_FULL
    assert f"! unknown   {', '.join(['SCAN', 'DUMP', *later])}: removed, renamed, or of a later version" in text


async def test_all_commands_of_ours_that_were_renamed_are_told(tmp_path: Path) -> None:
    """Also those that no topic lacks, since there is another way, or that are not asked about one by one."""
    for name, subcommands in (
        ("EVAL", ()),
        ("SUBSCRIBE", ()),
        ("WATCH", ()),
        ("GETRANGE", ()),
        ("ACL", ("WHOAMI", "DRYRUN")),
        ("CLIENT", ("ID", "LIST", "SETNAME", "NO-TOUCH", "TRACKING")),
    ):
        (folder := tmp_path / name).mkdir()
        running = served(folder, f"rename-command {name} hidden-{name}\nsave ''")
        try:
            report = await examine(Config(url=next(running)))
            told = set(report.unknown) - {"CLIENT NO-TOUCH"}
            assert told == ({f"{name} {one}" for one in subcommands} or {name}) - {"CLIENT NO-TOUCH"}
        finally:
            next(running, None)


async def test_the_kinds_of_servers(redis_url: str, node: str, replica: str, embedded_server: EmbeddedServer) -> None:
    assert (await server_of(redis_url)).mode == "standalone"
    text, code = await doctor(Config(url=node), as_json=False)
    with redis.Redis.from_url(node) as client:
        product = "valkey" if "valkey_version" in client.info("server") else "redis"
    assert text.startswith(f"{node}: {product} ")
    assert text.splitlines()[0].endswith(", cluster node")
    assert "! cluster   one node of a cluster: no server of it holds slots yet" in text
    assert code == NOT_FULL
    with redis.Redis.from_url(replica) as client:
        await until(lambda: client.info("replication")["master_link_status"] == "up")
    assert (await server_of(replica)).mode == f"replica of 127.0.0.1:{embedded_server.port}"


async def test_a_replica_allows_what_its_master_would(replica: str) -> None:
    """It refuses writes, whoever asks: that is no missing right."""
    with redis.Redis.from_url(replica) as client:
        await until(lambda: client.info("replication")["master_link_status"] == "up")
        client.execute_command("ACL", "SETUSER", "w", "reset", "on", ">pw", "~*", "&*", "+@all", "-acl")
    report = await examine(Config(url=replica.replace("redis://", "redis://w:pw@")))
    assert report.how == "queued and discarded"
    assert {right.name: right.state for right in report.besides}["sign out"] == "full"


async def test_a_sentinel_holds_nothing_to_watch(sentinel: str) -> None:
    text, code = await doctor(Config(url=sentinel), as_json=False)
    assert code == UNREACHABLE
    assert "sentinel" in text.splitlines()[0]
    assert "✗ this is a Sentinel, not the Redis that it watches" in text


async def test_tls_and_what_of_it_is_verified(embedded_server: EmbeddedServer, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with relay(embedded_server.port, context=authority.context()) as secure:
        url = f"rediss://127.0.0.1:{secure.port}/0?"
        text, _ = await doctor(Config(url=f"{url}ssl_ca_certs={authority.file}"), as_json=False)
        assert f"  TLS       {ssl.TLSVersion.TLSv1_3.name.replace('_', '.')}; certificate verified, valid until" in text
        text, _ = await doctor(Config(url=f"{url}ssl_cert_reqs=none"), as_json=False)
        assert "! TLS       TLSv1.3; certificate not verified\n" in text
        document, _ = await doctor(Config(url=f"{url}ssl_cert_reqs=none"), as_json=True)
        assert json.loads(document)["tls"] == "not verified"


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (Clock(0.0001, 0.0002), "agrees with ours within 0.3 ms"),
        (Clock(0.25, 0.001), "250 ms ahead of ours ± 1.0 ms"),
        (Clock(-95, 0.001), "1 min 35 s behind ours ± 1.0 ms"),
        (None, "not known"),
    ],
)
def test_the_difference_of_the_clocks(clock: Clock | None, text: str) -> None:
    assert clock_text(clock) == text


async def test_a_pass_is_priced(redis_url: str, client: redis.Redis) -> None:
    for begin in range(0, 50_000, 10_000):
        client.mset({f"key:{number}": "1" for number in range(begin, begin + 10_000)})
    one = (await server_of(redis_url)).one_pass
    assert one is not None
    assert one.keys == 50_000
    before = client.info("commandstats")["cmdstat_scan"]
    assert sum(1 for _ in client.scan_iter(count=500)) == 50_000
    after = client.info("commandstats")["cmdstat_scan"]
    took_s = (after["usec"] - before["usec"]) / 1e6
    assert took_s / 5 < one.server_s < took_s * 5
    assert one.least_s == pytest.approx(one.server_s / 0.01)


async def test_where_nothing_answers_the_document_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        port = taken.getsockname()[1]
        text, code = await doctor(Config(url=f"redis://:geheim@127.0.0.1:{port}/0"), as_json=True)
        assert (code, json.loads(text)["trouble"], json.loads(text)["topics"]) == (
            UNREACHABLE,
            "connection refused",
            {},
        )
    said = capsys.readouterr().err
    assert "connection refused" in said
    assert "geheim" not in said


def test_the_command(redis_url: str) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "redis_dash", "doctor", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = run(redis_url, "--json")
    assert (done.returncode, json.loads(done.stdout)["target"]) == (OK, redis_url)
    assert run("--what").returncode == 2
    assert run("http://localhost").returncode == 2


@pytest.mark.parametrize("serve", [asks_for_a_password, loads_its_data, full])
async def test_the_exit_code_is_the_same_for_all_commands(serve: Serve) -> None:
    async with peer(serve) as url:
        config = Config(url=url)
        codes = [(await doctor(config, as_json=True))[1], (await discover(config, as_json=True))[1]]
        if serve is not loads_its_data:  # pub/sub works there
            codes.append((await take(config, 0.0, (), io.StringIO()))[1])
        assert set(codes) == {UNREACHABLE}


async def test_the_exit_code_is_the_same_for_a_sentinel(sentinel: str) -> None:
    config = Config(url=sentinel)
    codes = [(await doctor(config, as_json=True))[1], (await discover(config, as_json=True))[1]]
    assert [*codes, (await take(config, 0.0, (), io.StringIO()))[1]] == [UNREACHABLE] * 3

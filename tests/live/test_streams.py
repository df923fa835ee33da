"""The command in scripts: standard streams that are closed, full, or of another encoding; Ctrl-C; strange peers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import Any, NamedTuple

import pytest
import redis

from tests.live.peers import Serve, asks_for_a_password, full, hostile, peer, resets, silent

SNAPSHOT = f"{sys.executable} -m redis_dash snapshot --for 0"


class Ended(NamedTuple):
    """A process's exit code and output."""

    code: int
    out: bytes
    err: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.out.decode())
        return document


def shell(line: str, **environ: str) -> Ended:
    """Run a shell command."""
    ended = subprocess.run(
        ["sh", "-c", line], capture_output=True, env=clean(**environ), timeout=60, stdin=subprocess.DEVNULL
    )
    assert b"Traceback" not in ended.stderr
    assert b"Exception" not in ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def clean(**environ: str) -> dict[str, str]:
    """The environment without settings of redis-dash."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "XDG_CONFIG_HOME")}
    return inherited | {"XDG_CONFIG_HOME": "/nowhere"} | environ


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-", "2>/dev/full", "2>/dev/null"])
def test_only_the_document_is_on_stdout(redis_url: str, closed: str) -> None:
    ended = shell(f"{SNAPSHOT} --full {redis_url} {closed}")
    assert ended.code == 0
    assert ended.document["schema"] == 1


@pytest.mark.parametrize("lost", [">&-", ">/dev/full", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_document_that_could_not_be_written_is_no_success(redis_url: str, lost: str) -> None:
    ended = shell(f"{SNAPSHOT} {redis_url} {lost}")
    assert (ended.code, ended.out) == (4, b"")
    assert b"cannot write" in ended.err or "2>" in lost


@pytest.mark.parametrize("arguments", ["--help", "--version", "watch --help"])
def test_help_that_could_not_be_written(arguments: str) -> None:
    assert shell(f"{sys.executable} -m redis_dash {arguments} >/dev/full").code == 4


@pytest.mark.parametrize("arguments", ["--refresh 0", "snaphot", "localhost:6379", "demo", "redis://localhost"])
@pytest.mark.parametrize("closed", ["2>/dev/full", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_bad_usage_is_bad_usage_whether_it_can_be_printed_or_not(arguments: str, closed: str) -> None:
    ended = shell(f"{sys.executable} -m redis_dash {arguments} {closed}")
    assert (ended.code, ended.out) == (2, b"")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-16"])
def test_json_is_utf_8_whatever_the_terminal_is(redis_url: str, client: redis.Redis, encoding: str) -> None:
    client.zadd("leaderboard", {"café 漢字": 1})
    ended = shell(f"{SNAPSHOT} {redis_url}", PYTHONIOENCODING=encoding)
    assert ended.code == 0
    assert "café 漢字" in ended.out.decode()
    assert ended.document["topics"]["leaderboards"]["frame"]["boards"][0]["rows"][0]["member"] == "café 漢字"


def test_nothing_in_the_document_moves_a_terminal(redis_url: str, client: redis.Redis) -> None:
    members = ["\x1b[2J", "\x9b31m", "\x7f", "\u202eabc", "\u2028", "\U000e0041", "é"]
    client.zadd("leaderboard", {member: rank for rank, member in enumerate(members)})
    ended = shell(f"{SNAPSHOT} {redis_url}")
    assert ended.out.decode().replace("\n", "").isprintable()
    rows = ended.document["topics"]["leaderboards"]["frame"]["boards"][0]["rows"]
    assert [row["member"] for row in rows] == members[::-1]


async def started(url: str, *options: str) -> asyncio.subprocess.Process:
    """Start a snapshot."""
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "redis_dash", "snapshot", *options, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean(),
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    """Wait until the process ends."""
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert b"Traceback" not in err
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


async def taken_from(serve: Serve) -> Ended:
    """Take a snapshot of a peer."""
    async with peer(serve) as url:
        return await ended(await started(url, "--for", "0"))


async def test_a_peer_that_lets_nothing_through_is_not_reached() -> None:
    peers = (silent, resets, full, hostile, asks_for_a_password)
    results = await asyncio.gather(*map(taken_from, peers))
    for result in results:
        assert result.code == 1
        assert {topic["status"] for topic in result.document["topics"].values()} == {"error"}
        lines = result.err.decode().splitlines()
        assert 1 <= len(lines) == len(set(lines)) <= 2
        assert "".join(lines).isprintable()
        assert result.out.decode().replace("\n", "").isprintable()
    assert b"\\x1b[2J" in results[peers.index(hostile)].err


async def test_a_plain_port_that_does_not_answer_to_tls_is_reported() -> None:
    async with peer(silent) as url:
        result = await ended(await started(url.replace("redis:", "rediss:"), "--for", "0"))
    assert result.code == 1
    assert b"no answer to TLS" in result.err


async def printed(process: asyncio.subprocess.Process, word: bytes) -> None:
    """Read the process's stderr until a word appears."""
    assert process.stderr is not None
    while word not in await process.stderr.readline():
        assert not process.stderr.at_eof()


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_takes_what_there_is(redis_url: str, client: redis.Redis, interrupt: signal.Signals) -> None:
    process = await started(redis_url, "--for", "600")
    async with asyncio.timeout(60):
        await printed(process, b"watching")
        for _ in range(3):
            client.publish("orders", "x")
        process.send_signal(interrupt)
        result = await ended(process)
    assert result.code == 0
    assert result.document["topics"]["events"]["frame"]["received"] <= 3
    assert result.document["watched_s"] < 600


async def test_ctrl_c_before_anything_was_read_is_reported_in_a_sentence() -> None:
    connected = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await silent(reader, writer)

    async with peer(serve) as url:
        process = await started(url, "--for", "600", "--full")
        await connected.wait()
        process.send_signal(signal.SIGINT)
        result = await ended(process)
    assert result.code == 1
    assert b"no answer in time" in result.err
    assert {topic["status"] for topic in result.document["topics"].values()} == {"error"}


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example", "a%00b", "a%20b", ".a", "h:0"])
@pytest.mark.parametrize("option", ["--full", "--for 0"])
def test_a_host_that_cannot_be_is_bad_usage_at_once(host: str, option: str) -> None:
    ended = shell(f"{sys.executable} -m redis_dash snapshot {option} 'redis://:hunter2@{host}/0'")
    assert (ended.code, ended.out) == (2, b"")
    assert b"the Redis URL" in ended.err
    assert b"hunter2" not in ended.err


def test_arguments_that_are_no_text(redis_url: str) -> None:
    for argument in ("redis://$(printf '\\377')", f"--channel $(printf '\\377') {redis_url}"):
        ended = shell(f"{SNAPSHOT} {argument}")
        assert ended.code == 2
        assert b"UTF-8" in ended.err


async def test_the_second_ctrl_c_ends_it_with_a_sentence(redis_url: str, client: redis.Redis) -> None:
    """The server is paused, so that the last reading after the first Ctrl-C waits."""
    process = await started(redis_url, "--for", "600")
    pid = client.info("server")["process_id"]
    async with asyncio.timeout(60):
        await printed(process, b"watching")
        os.kill(pid, signal.SIGSTOP)
        try:
            process.send_signal(signal.SIGINT)
            await printed(process, b"once more")
            process.send_signal(signal.SIGINT)
            result = await ended(process)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert (result.code, result.out) == (130, b"")
    assert b"stopped" in result.err

"""A node of a cluster and a Sentinel are recognised."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_server.process.embedded import find_server
from redis_dash.actions.carry_out import carry_out
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import kind_of
from redis_dash.client.sentinel.views import A_SENTINEL
from redis_dash.config import Config, Url
from redis_dash.core.commands import Outcome, Publish
from redis_dash.core.errors import SourceError
from redis_dash.hub import Hub
from tests.conftest import until, until_async
from tests.live.conftest import running
from tests.live.test_hub import FAST, Desk


def free_port() -> int:
    """A free port below 55,536: a cluster node also listens on the port plus 10,000."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port


def listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server listens; False if it has ended, since something else has one of its ports."""
    deadline = time.monotonic() + 30
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return process.poll() is None
        assert time.monotonic() < deadline, "the server does not listen"
        time.sleep(0.01)
    return False


def served(folder: Path, settings: str, *options: str) -> Iterator[str]:
    """Run a server with these settings."""
    for _ in range(5):
        port = free_port()
        (folder / "server.conf").write_text(f"port {port}\nbind 127.0.0.1\ndir {folder}\n{settings}\n")
        process = subprocess.Popen(
            [find_server(), folder / "server.conf", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if listens(port, process):
            break
    else:
        pytest.fail("the server does not start")
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The only node of a cluster."""
    yield from served(tmp_path_factory.mktemp("node"), "cluster-enabled yes\nsave ''")


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Sentinel without masters."""
    yield from served(tmp_path_factory.mktemp("sentinel"), "sentinel resolve-hostnames no", "--sentinel")


async def kind(deployment: Deployment) -> str:
    """The deployment's kind after its first answer."""

    async def answers() -> bool:
        try:
            await deployment.connect()
        except SourceError as error:
            return str(error).startswith(A_SENTINEL)
        return True

    await until_async(answers)
    return deployment.kind


async def test_a_plain_server(redis_url: str, deployment: Deployment) -> None:
    assert await kind(deployment) == "standalone"


async def test_a_node_of_a_cluster_is_named_in_the_frame(node: str) -> None:
    deployment = Deployment(Url(node))
    assert await kind(deployment) == "cluster"
    await deployment.close()
    async with running(Hub(Config(url=node, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("server") == "reduced")
        assert (desk.frame("server").kind, desk.frame("server").cluster) == ("cluster", None)
        assert desk.latest["server"].note == "one node of a cluster: no server of it holds slots yet"


async def test_that_nobody_listens_is_not_said_of_a_cluster(node: str) -> None:
    """A node counts only its own subscribers; a message reaches those of the other nodes, too."""
    deployment = Deployment(Url(node))
    outcome = await carry_out(deployment, Publish("orders", "x"))
    await deployment.close()
    assert outcome == Outcome("sent", "0 listening on this node; others are not counted")


async def test_a_sentinel_is_named_and_nothing_is_asked_of_it(sentinel: str) -> None:
    deployment = Deployment(Url(sentinel))
    assert await kind(deployment) == "sentinel"
    with pytest.raises(SourceError, match=A_SENTINEL):
        await deployment.one(b"GET", b"a")
    connects = deployment.connects
    with pytest.raises(SourceError, match=A_SENTINEL):
        await deployment.info()
    assert deployment.connects == connects == 1
    await deployment.close()
    async with running(Hub(Config(url=sentinel, refresh_s=FAST))) as hub:
        desk = Desk(hub)
        await until(lambda: desk.all_are("error"))
        assert {reading.note for reading in desk.latest.values()} == {f"{A_SENTINEL}: it watches no primary yet"}


def test_by_other_names() -> None:
    assert kind_of({}) == "standalone"
    assert kind_of({"server_mode": "sentinel"}) == "sentinel"
    assert kind_of({"redis_mode": "cluster", "cluster_enabled": "1"}) == "cluster"

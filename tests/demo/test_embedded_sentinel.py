"""Embedded sentinels: they agree on a primary, put a replica in its place, and make a replica of the old one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from demo_server.process.embedded_sentinel import EmbeddedSentinel


@pytest.fixture
def deployment() -> Iterator[EmbeddedSentinel]:
    with EmbeddedSentinel() as deployment:
        yield deployment


def test_a_replica_takes_the_place_of_a_primary_and_the_old_one_follows_it(deployment: EmbeddedSentinel) -> None:
    ports = ",".join(f"127.0.0.1:{one.port}" for one in deployment.sentinels)
    assert deployment.url == f"redis+sentinel://{ports}/mymaster/0"
    assert [deployment.primary(number) for number in range(3)] == [0, 0, 0]
    deployment.clients[0].set("name", "value")
    assert deployment.clients[0].wait(1, 5000) == 1
    deployment.failover()
    deployment.wait_until(lambda: deployment.agree_on(1) and deployment.is_up())
    assert deployment.role_of(0) == "slave"
    deployment.kill(1)
    deployment.wait_until(lambda: deployment.agree_on(0))
    deployment.restart(1)
    deployment.wait_until(deployment.is_up)
    assert sorted(deployment.role_of(number) for number in range(2)) == ["master", "slave"]
    assert [client.get("name") for client in deployment.clients] == [b"value", b"value"]


def test_sentinels_end_and_start_again_and_nothing_is_left_of_them(deployment: EmbeddedSentinel) -> None:
    deployment.kill_sentinel(0)
    assert deployment.primary() == 0
    deployment.restart_sentinel(0)
    deployment.wait_until(deployment.is_up)
    servers = (*deployment.servers, *deployment.sentinels)
    pids, folders = [server.pid for server in servers], [server.folder for server in servers]
    assert all(folder.is_dir() for folder in folders)
    deployment.stop()
    assert not any(folder.exists() for folder in folders)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

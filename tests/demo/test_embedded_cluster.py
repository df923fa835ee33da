"""The embedded cluster: real servers that share the slots, elect a replica, and hand over slots with their keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_server.process import embedded
from demo_server.process.embedded_cluster import SLOTS, EmbeddedCluster


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    with EmbeddedCluster(node_timeout=1.0) as cluster:
        yield cluster


def test_three_primaries_share_the_slots_and_each_has_a_replica(cluster: EmbeddedCluster) -> None:
    assert [cluster.role_of(number) for number in range(6)] == ["master"] * 3 + ["slave"] * 3
    owners = [cluster.owner_of(slot) for slot in range(0, SLOTS, 64)]
    assert [owners.count(number) for number in range(3)] == pytest.approx([len(owners) / 3] * 3, abs=2)
    assert cluster.url == f"redis+cluster://{','.join(f'127.0.0.1:{one.port}' for one in cluster.servers[:3])}/0"
    pids = [server.pid for server in cluster.servers]
    assert len(set(pids)) == 6


def test_a_replica_takes_the_place_of_a_primary_that_is_killed(cluster: EmbeddedCluster) -> None:
    slot = cluster.clients[0].cluster("KEYSLOT", "name")
    number = cluster.owner_of(slot)
    cluster.clients[number].set("name", "value")
    assert cluster.clients[number].wait(1, 5000) == 1
    cluster.kill(number)
    cluster.wait_until(lambda: cluster.role_of(number + 3) == "master")
    cluster.wait_until(cluster.is_up)
    assert cluster.owner_of(slot) == number + 3
    assert cluster.clients[number + 3].get("name") == b"value"


def test_a_slot_moves_with_its_keys(cluster: EmbeddedCluster) -> None:
    keys = [f"{{tag}}:{number}" for number in range(250)]
    slot = cluster.clients[0].cluster("KEYSLOT", keys[0])
    source = cluster.owner_of(slot)
    target = (source + 1) % 3
    for key in keys:
        cluster.clients[source].set(key, key)
    cluster.move_slot(slot, target)
    assert cluster.owner_of(slot) == target
    assert cluster.clients[source].dbsize() == 0
    assert all(cluster.clients[target].get(key) == key.encode() for key in keys)


def test_servers_before_redis_7_talk_to_each_other_on_the_port_that_they_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They do not know the setting for another one; newer servers choose the same."""
    monkeypatch.setattr(embedded, "major_version", lambda _: 6)
    with EmbeddedCluster(replicas=0, node_timeout=1.0) as cluster:
        settings = [client.config_get("cluster-port") for client in cluster.clients]
        assert all(found in ({}, {"cluster-port": "0"}) for found in settings)


def test_the_version_of_a_server_is_read_without_starting_it() -> None:
    program = embedded.find_server()
    with embedded.EmbeddedServer(program=program) as server:
        assert server.version.split()[1].startswith(f"{embedded.major_version(program)}.")


@pytest.mark.parametrize("program", ["/bin/echo", "/nowhere/redis-server"])
def test_a_program_that_is_no_server_is_told(program: str) -> None:
    with pytest.raises(embedded.EmbeddedServerError, match=f"{program} does not tell its version"):
        embedded.major_version(Path(program))


def test_a_killed_primary_comes_back_as_a_replica(cluster: EmbeddedCluster) -> None:
    cluster.kill(0)
    cluster.wait_until(lambda: cluster.role_of(3) == "master")
    cluster.restart(0)
    cluster.wait_until(lambda: cluster.role_of(0) == "slave" and cluster.is_up())
    assert cluster.clients[0].info("replication")["master_port"] == cluster.servers[3].port

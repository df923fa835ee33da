"""The servers of a cluster, one by one: what the server topic shows of each."""

from __future__ import annotations

from collections.abc import Container

from redis_dash.client.address import Address
from redis_dash.client.change_counters import database_of, keys_in
from redis_dash.client.cluster.members import Members
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import Info, told
from redis_dash.core.frames.server import ClusterNode, ClusterState
from redis_dash.sources.replicas import replicas_of


class ClusterNodes:
    """Compares each INFO of a primary with the one before."""

    def __init__(self, deployment: Deployment, shortest_s: float) -> None:
        """``shortest_s``: two INFOs closer together than this do not give a rate."""
        self._deployment = deployment
        self._shortest_s = shortest_s
        self._before: dict[Address, Info] = {}
        self._ops: dict[Address, float] = {}

    def state(self, info: Info) -> ClusterState | None:
        """All servers as of an INFO of all primaries; None if this is no cluster that is followed."""
        members = self._deployment.cluster
        if members is None or len(info.nodes) != len(members.nodes):
            return None
        nodes = list[ClusterNode]()
        infos = dict(zip(map(members.address_of, members.nodes), info.nodes, strict=True))
        slots = members.topology.slots
        for shard in members.topology.shards:
            address, own = shard.primary, infos.get(shard.primary)
            if own is None:
                nodes.append(
                    ClusterNode(str(address), slots=slots[address], trouble=members.missing.get(address, "not reached"))
                )
            else:
                nodes.append(self._primary(members, address, own, slots[address]))
            nodes += replicas_of(shard.replicas, address, {} if own is None else own.values, self._read)
        primaries = len(members.nodes) + len(members.missing)
        return ClusterState(len(members.nodes), primaries, members.partial, tuple(nodes), members.is_down)

    @property
    def _read(self) -> Container[Address]:
        return () if self._deployment.replicas is None else self._deployment.replicas.lags

    def _primary(self, members: Members, address: Address, info: Info, slots: int) -> ClusterNode:
        self._compare(address, info)
        database = database_of(info.values, 0)
        return ClusterNode(
            str(address),
            slots=slots,
            keys=None if database is None else keys_in(database),
            ops_per_s=self._ops.get(address),
            used_memory=told(info.values, "used_memory"),
            ping_ms=self._deployment.pings.get(members.node_at(address)),
        )

    def _compare(self, address: Address, info: Info) -> None:
        before, name = self._before.get(address), "total_commands_processed"
        if before is not None and before.began == info.began and info.at - before.at < self._shortest_s:
            return
        self._before[address] = info
        then, now = None if before is None else told(before.values, name), told(info.values, name)
        if before is None or before.began != info.began or then is None or now is None:
            self._ops.pop(address, None)
            return
        ours = info.own_commands[1] - before.own_commands[0]
        self._ops[address] = max(0, now - then - ours) / (info.at - before.at)

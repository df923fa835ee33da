"""The replicas of a server: what the server topic shows of each."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from redis_dash.client.address import Address
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import told
from redis_dash.core.frames.server import ClusterNode, ReplicasRead

_REPLICA = re.compile(r"slave\d+")


def replicas_read(deployment: Deployment) -> ReplicasRead | None:
    """Which replicas are read, at the latest INFO; None if none should be."""
    replicas, primaries = deployment.replicas, deployment.nodes
    if replicas is None or not deployment.may_read_replicas:
        return None
    lags = list(replicas.lags.values())
    behind = [one.behind_bytes for one in lags if one.behind_bytes is not None]
    heard = [one.heard_s for one in lags if one.heard_s is not None]
    return ReplicasRead(
        len(lags),
        len(primaries),
        max(behind) if lags and len(behind) == len(lags) else None,
        max(heard, default=None),
        next((f"{address}: {why}" for address, why in replicas.troubles.items()), ""),
        replicas.missing_rules,
    )


def replicas_of(
    addresses: tuple[Address, ...], primary: Address, values: Mapping[str, str], read: Container[Address] = ()
) -> list[ClusterNode]:
    """The replicas of a primary, as far as its INFO tells about them.

    Args:
        read: where keys are read of replicas.
    """
    told_of = dict[Address, dict[str, str]]()
    for name, text in values.items():
        if _REPLICA.fullmatch(name):
            fields = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
            if fields.get("port", "").isdecimal():
                told_of[Address(fields.get("ip", ""), int(fields["port"]))] = fields
    offset, nodes = told(values, "master_repl_offset"), list[ClusterNode]()
    for address in dict.fromkeys((*addresses, *told_of)):
        fields = told_of.get(address, {})
        theirs = told(fields, "offset")
        nodes.append(
            ClusterNode(
                str(address),
                replica_of=str(primary),
                lag_s=told(fields, "lag"),
                behind_bytes=None if theirs is None or offset is None else max(0, offset - theirs),
                trouble="" if fields.get("state") == "online" else "no link to its primary" if values else "",
                is_read=address in read,
            )
        )
    return nodes

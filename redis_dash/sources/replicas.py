"""The replicas of a server: what the server topic shows of each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from redis_dash.client.address import Address
from redis_dash.client.info import told
from redis_dash.core.frames.server import ClusterNode

_REPLICA = re.compile(r"slave\d+")


def replicas_of(addresses: tuple[Address, ...], primary: Address, values: Mapping[str, str]) -> list[ClusterNode]:
    """The replicas of a primary, as far as its INFO tells about them."""
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
            )
        )
    return nodes

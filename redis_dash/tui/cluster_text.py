"""A cluster in words: what of it is seen, and each of its servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis_dash.core.frames.server import ClusterNode, ServerFrame
from redis_dash.tui.formatting import count, milliseconds, nbytes, rate
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain, plural

ONE_NODE = Plain("one node of a cluster")
ONLY_ITS_SHARE = Plain("one node of a cluster: only its share of the keys is seen")


def of_cluster(frame: ServerFrame) -> Segment:
    """``cluster of 3 primaries``, or what is not seen: ``2 of 3 primaries``."""
    cluster = frame.cluster
    if cluster is None:
        return (ONE_NODE, "warn")
    begin = "cluster is down" if cluster.is_down else "cluster"
    if cluster.reached < cluster.primaries:
        return (Plain(f"{begin}: {cluster.reached} of {cluster.primaries} primaries"), "alarm")
    if cluster.partial:
        return (Plain(f"{begin}: {plain(cluster.partial, 60)}"), "alarm")
    if cluster.is_down:
        return (Plain(begin), "alarm")
    return (Plain(f"cluster of {plural(cluster.primaries, 'primary', 'primaries')}"), "text")


def at_least(frame: ServerFrame, value: float | None, written: Callable[[Any], Plain] = count) -> Plain:
    """A sum of all servers; ``1,204+`` if a part of the cluster is not seen."""
    text = written(value)
    return Plain(f"{text}+") if frame.partial and value is not None else text


def seen_part(partial: str) -> Plain:
    """What of a cluster is seen, without the reason: ``2 of 3 primaries``."""
    return plain(partial.partition("; ")[0].partition(": ")[0], 40)


def summary(frame: ServerFrame) -> tuple[Plain, ...]:
    """Primaries and replicas, the longest form first: ``3 primaries · 3 replicas``."""
    cluster = frame.cluster
    if cluster is None:
        return (Plain("one node"),)
    primaries = Plain(f"{cluster.reached} of {cluster.primaries} primaries")
    if cluster.reached == cluster.primaries:
        primaries = plural(cluster.primaries, "primary", "primaries")
    replicas = sum(bool(node.replica_of) for node in cluster.nodes)
    return Plain(f"{primaries} · {plural(replicas, 'replica')}"), primaries


def node_text(node: ClusterNode) -> Plain:
    """``primary · 5,461 slots · 1,204 keys · 84/s · 14.2 MB · ping 0.3 ms``."""
    if node.replica_of:
        parts = [f"replica of {plain(node.replica_of, 60)}", *(["read"] if node.is_read else [])]
        parts += [f"lag {node.lag_s} s"] if node.lag_s is not None else []
        parts += [f"{nbytes(node.behind_bytes)} behind"] if node.behind_bytes else []
    else:
        parts = ["primary", plural(node.slots, "slot")]
        if not node.trouble:
            parts += [f"{count(node.keys)} keys", f"{rate(node.ops_per_s)} ops", nbytes(node.used_memory)]
            parts.append(f"ping {milliseconds(node.ping_ms)}")
    return Plain(" · ".join([*parts, *([plain(node.trouble, 120)] if node.trouble else [])]))

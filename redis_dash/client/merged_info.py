"""One INFO of several nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from redis_dash.client.change_counters import KEYSPACE, database_of, is_database
from redis_dash.client.info import Info, whole

Texts = Sequence[str]


AT_ONCE_S = 2.0
"""The counters of all nodes that are reset within this time count as reset at once: nobody can do it in one step."""


def merged(infos: Sequence[Info]) -> Info:
    """The picture of all nodes; that of a single node is its own INFO.

    Its values are only those that each node reports, and for which a rule says what they mean for several nodes;
    ``nodes`` holds each node's INFO.
    """
    if len(infos) == 1:
        return infos[0]
    changes = [info.changes for info in infos if info.changes is not None]
    since = [info.since for info in infos if info.since is not None]
    at_once = len(since) == len(infos) and max(since) - min(since) <= AT_ONCE_S
    return Info(
        values=_merged_values([info.values for info in infos]),
        at=min(info.at for info in infos),
        own_hits=sum(info.own_hits for info in infos),
        own_misses=sum(info.own_misses for info in infos),
        application=_added_pairs([info.application for info in infos]),
        own_commands=_added_pairs([info.own_commands for info in infos]),
        began=sum(info.began for info in infos),
        since=min(since) if at_once else None,
        reset_in_part=None if at_once else max(since, default=None),
        is_first=all(info.is_first for info in infos),
        changes=tuple(chain.from_iterable(changes)) if len(changes) == len(infos) else None,
        nodes=tuple(infos),
    )


def _added_pairs(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(first for first, _ in pairs), sum(second for _, second in pairs)


def _merged_values(nodes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in dict.fromkeys(chain.from_iterable(nodes)):
        texts = [node[name] for node in nodes if name in node]
        rule = _database if is_database(name) else _RULES.get(name)
        if rule is not None and (rule in (_each, _database) or len(texts) == len(nodes)):
            values[name] = rule(texts)
    if "maxmemory" in values and any(node["maxmemory"] == "0" for node in nodes):
        values["maxmemory"] = "0"  # a node without a limit has no end
    if all(database_of(node, 0) is not None for node in nodes):
        return values | {KEYSPACE: ""}
    return {name: text for name, text in values.items() if not is_database(name)}


def _added(texts: Texts) -> str:
    return str(sum(map(_number, texts)))


def _each(texts: Texts) -> str:
    """Every different value; one that changes on any node changes the whole."""
    return ", ".join(dict.fromkeys(texts))


def _least(texts: Texts) -> str:
    return str(min(map(_number, texts)))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def _database(texts: Texts) -> str:
    """Keys and expiring keys added; the average lifetime is that of all expiring keys."""
    fields = [dict(part.split("=", 1) for part in text.split(",") if "=" in part) for text in texts]
    keys, expires = (sum(whole(one, name) for one in fields) for name in ("keys", "expires"))
    lived = sum(whole(one, "expires") * whole(one, "avg_ttl") for one in fields)
    return f"keys={keys},expires={expires},avg_ttl={lived // expires if expires else 0}"


_RULES: Mapping[str, Callable[[Texts], str]] = {
    **dict.fromkeys(("server_name", "valkey_version", "redis_version", "role", "run_id", "master_replid"), _each),
    **dict.fromkeys(("redis_mode", "server_mode", "cluster_enabled"), _each),
    **dict.fromkeys(
        ("used_memory", "used_memory_dataset", "maxmemory", "connected_clients", "blocked_clients"), _added
    ),
    **dict.fromkeys(("total_commands_processed", "evicted_keys", "expired_keys", "rejected_connections"), _added),
    **dict.fromkeys(("pubsubshard_channels",), _added),
    "uptime_in_seconds": _least,
}

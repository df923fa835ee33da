"""Whether any key was written, expired or evicted between two INFOs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from redis_dash.core.databases import Database

KEYSPACE = "# Keyspace"
"""The heading of the databases in INFO."""
_KEYS = re.compile(r"keys=(\d{1,18})")


class NodeChanges(NamedTuple):
    """INFO's counters on one node: if two values are equal, no key was created, deleted or written between them.

    All but ``keys`` cover the whole server: a write in another database makes two values differ, too. The server counts
    a key as expired when it deletes it, which may be some time after its lifetime has ended. A read may therefore
    already return nothing while these values are still equal.
    """

    run_id: str
    master_replid: str
    """Changes at a failover."""
    writes: int
    """``rdb_changes_since_last_save``: counts every command that writes, also in scripts and transactions."""
    saved_at: int
    """``rdb_last_save_time``: a save resets ``writes``."""
    saves: int | None
    """``rdb_saves``, since two saves may fall into one second; None where the server does not report it."""
    expired_keys: int
    expired_fields: int
    """Fields of hashes, on servers where they can expire."""
    evicted_keys: int
    keys: int
    """Keys in the watched database; CONFIG RESETSTAT does not reset it."""
    moves: int = 0
    """Moves of slots that were seen in the cluster: keys that move are neither created nor deleted."""


Changes = tuple[NodeChanges, ...]
"""The counters of each node. They are not added: a reset on one node could hide changes on another one."""


def changes_of(values: Mapping[str, str], database: int) -> Changes | None:
    """Read the counters of one node from its INFO; None if INFO does not report them all, or if they are not reliable.

    They are not reliable on a replica, which may load its master's whole data set without changing them.
    """
    keyspace = database_of(values, database)
    if (
        keyspace is None
        or values.get("role") != "master"
        or values.get("loading", "0") != "0"
        or (keyspace and not _KEYS.match(keyspace))
    ):
        return None
    try:
        found = NodeChanges(
            run_id=values["run_id"],
            master_replid=values["master_replid"],
            writes=int(values["rdb_changes_since_last_save"]),
            saved_at=int(values["rdb_last_save_time"]),
            saves=int(values["rdb_saves"]) if "rdb_saves" in values else None,
            expired_keys=int(values["expired_keys"]),
            expired_fields=int(values.get("expired_subkeys") or values.get("expired_fields") or 0),
            evicted_keys=int(values["evicted_keys"]),
            keys=keys_in(keyspace),
        )
    except (KeyError, ValueError):
        return None
    return (found,)


def database_of(values: Mapping[str, str], database: int) -> str | None:
    """What INFO says of a database: ``keys=12,expires=3,avg_ttl=0``; empty if it is empty, None if nothing."""
    tells = KEYSPACE in values or any(map(is_database, values))
    return values.get(f"db{database}", "" if tells else None)


def databases_of(values: Mapping[str, str]) -> tuple[Database, ...] | None:
    """The databases that hold keys, by number; None if INFO says nothing of them."""
    if database_of(values, 0) is None:
        return None
    numbers = sorted(int(name[2:]) for name in values if is_database(name))
    return tuple(Database(number, keys) for number in numbers if (keys := keys_in(values[f"db{number}"])))


def is_database(name: str) -> bool:
    """Whether a name in INFO is that of a database: ``db0``."""
    return re.fullmatch(r"db(0|[1-9]\d{0,9})", name, re.ASCII) is not None


def keys_in(keyspace: str) -> int:
    """The number of keys in a database, from what INFO says of it."""
    found = _KEYS.match(keyspace)
    return int(found[1]) if found else 0


def writes_between(earlier: Changes, later: Changes) -> int | None:
    """An upper bound of the keys created between the two; None if there is none, as after a save.

    Up to twice as many keys can have changed: RENAME and LMOVE count as one write and change two keys. SWAPDB, which
    counts as one write and changes all keys, is not considered.
    """
    return _added(_node_writes, earlier, later)


def lost_between(earlier: Changes, later: Changes) -> int | None:
    """The keys that expired or were evicted between the two; None if the counters were reset meanwhile."""
    return _added(_node_lost, earlier, later)


def keys_of(changes: Changes) -> int:
    """The keys in the watched database, on all nodes."""
    return sum(node.keys for node in changes)


def _added(between: Callable[[NodeChanges, NodeChanges], int | None], earlier: Changes, later: Changes) -> int | None:
    """The sum over all nodes; None if it is not known of one of them, or if others are asked now."""
    if len(earlier) != len(later):
        return None
    parts = [between(*node) for node in zip(earlier, later, strict=True)]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _node_writes(earlier: NodeChanges, later: NodeChanges) -> int | None:
    same = (earlier.run_id, earlier.master_replid, earlier.moves) == (later.run_id, later.master_replid, later.moves)
    if not same or (earlier.saved_at, earlier.saves) != (later.saved_at, later.saves) or later.writes < earlier.writes:
        return None
    return later.writes - earlier.writes


def _node_lost(earlier: NodeChanges, later: NodeChanges) -> int | None:
    if later.expired_keys < earlier.expired_keys or later.evicted_keys < earlier.evicted_keys:
        return None
    return later.expired_keys - earlier.expired_keys + later.evicted_keys - earlier.evicted_keys

"""Whether anything in the data set was written, expired or evicted between two INFOs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_KEYS = re.compile(r"keys=(\d{1,18})")


class Changes(NamedTuple):
    """INFO's counters of changes: two equal values mean that no key came, went or was written between them.

    All but ``keys`` are the whole server's: a write in another database makes two values differ, too. A key
    whose lifetime is over is there until the server deletes it, and is counted as expired only then: reading it finds
    nothing before these values differ.
    """

    run_id: str
    master_replid: str
    """Another one after a failover."""
    writes: int
    """``rdb_changes_since_last_save``: of every command that writes, scripts and transactions included."""
    saved_at: int
    """``rdb_last_save_time``: a save sets ``writes`` back."""
    saves: int | None
    """``rdb_saves``, which not every server tells: two saves may fall into one second."""
    expired_keys: int
    expired_fields: int
    """Fields of hashes, where the server lets them expire."""
    evicted_keys: int
    keys: int
    """In the database that we watch: no CONFIG RESETSTAT sets it back."""


def changes_of(values: Mapping[str, str], database: int) -> Changes | None:
    """Read them from INFO; None where it does not tell them all.

    A replica tells none: it may load its master's whole data set without a trace in these counters.
    """
    keyspace = values.get(f"db{database}", "")
    if values.get("role") != "master" or values.get("loading", "0") != "0" or (keyspace and not _KEYS.match(keyspace)):
        return None
    try:
        return Changes(
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


def keys_in(keyspace: str) -> int:
    """The number of keys in a database, from ``keys=12,expires=3,avg_ttl=0``; 0 for one that INFO does not list."""
    found = _KEYS.match(keyspace)
    return int(found[1]) if found else 0


def writes_between(earlier: Changes, later: Changes) -> int | None:
    """The most keys that can have come between the two; None where it cannot be told, as after a save.

    Twice as many can have been changed: RENAME and LMOVE count as one write and change two keys. SWAPDB, which counts
    as one write and changes all of them, is left out.
    """
    same = earlier.run_id == later.run_id and earlier.master_replid == later.master_replid
    if not same or (earlier.saved_at, earlier.saves) != (later.saved_at, later.saves) or later.writes < earlier.writes:
        return None
    return later.writes - earlier.writes

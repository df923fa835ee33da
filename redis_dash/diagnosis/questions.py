"""The commands by which the server is asked what our user may do: on names that cannot exist, and never a write."""

from __future__ import annotations

import os
from collections.abc import Sequence

from redis_dash.client.own_lookups import COUNTED, PROBE_KEYS, PROBES
from redis_dash.core.globs import Glob
from redis_dash.core.resp import Command

_ARGUMENTS: dict[str, Command] = {
    "acl|dryrun": (b"ACL", b"DRYRUN"),
    "client|id": (b"CLIENT", b"ID"),
    "client|list": (b"CLIENT", b"LIST", b"TYPE", b"replica"),
    "client|no-touch": (b"CLIENT", b"NO-TOUCH", b"ON"),
    "client|setname": (b"CLIENT", b"SETNAME", b"redis-dash"),
    "client|tracking": (b"CLIENT", b"TRACKING", b"OFF"),
    "dbsize": (b"DBSIZE",),
    "exec": (b"EXEC",),
    "info": (b"INFO", b"server"),
    "multi": (b"MULTI",),
    "ping": (b"PING",),
    "pubsub|numsub": (b"PUBSUB", b"NUMSUB"),
    "scan": (b"SCAN", b"0", b"COUNT", b"1"),
    "time": (b"TIME",),
}
"""Commands without a key, written so that they change nothing."""
_AFTER_KEY: dict[str, Command] = {
    "hgetall": (),
    "restore": (b"0", b""),
    **{name.decode().lower(): arguments for name, arguments in PROBES.items()},
}
WRITES = frozenset(("del", "eval", "restore"))
"""Never tried: asked by ACL DRYRUN, or queued in a transaction that is discarded."""
LISTENING = ("subscribe", "psubscribe", "ssubscribe")
IN_NO_TRANSACTION = frozenset(("multi", "exec", "watch", *LISTENING, "client|tracking", "client|no-touch"))
"""Not to be queued: a transaction refuses them, or they end it, or only running them shows whether they are known."""
READERS = ("get", "lrange", "zrange", "srandmember", "strlen", "getrange", "zcard")
"""Each of them shows whether a key may be read, whatever its type, and takes little time on a large one."""


def absent_key(glob: str) -> bytes:
    """A name that the pattern matches and no key has; the key itself if the pattern matches only that."""
    filling = PROBE_KEYS + os.urandom(8).hex().encode()
    if glob == "*":  # our user may have a right on names that begin so
        return os.urandom(16).hex().encode()
    runs = Glob.of(glob).runs
    parts = (bytes(ord("x") if ord("x") in part else min(part, default=0) for part in run) for run in runs)
    return filling.join(parts)


def question(name: str, key: bytes = b"", *, database: int = 0, channels: Sequence[str] = ()) -> Command:
    """A command by which is asked whether our user may run ``name``; on a key if it takes one."""
    if name == "select":
        return (b"SELECT", b"%d" % database)
    if name in LISTENING:
        return (name.upper().encode(), *(one.encode("utf-8", "surrogateescape") for one in channels))
    if name in _ARGUMENTS:
        return _ARGUMENTS[name]
    match name:
        case "memory|usage":
            return (b"MEMORY", b"USAGE", key)
        case "xread":
            return (b"XREAD", b"COUNT", b"1", b"STREAMS", key, b"$")
        case "xinfo|stream" | "xinfo|groups":
            return (b"XINFO", name.partition("|")[2].upper().encode(), key)
        case "eval":
            return (b"EVAL", b"return 1", b"1", key)
    return (name.upper().encode(), key, *_AFTER_KEY.get(name, ()))


def takes_key(name: str) -> bool:
    """Whether a command is about a key."""
    return name not in _ARGUMENTS and name not in ("select", *LISTENING)


def is_harmless(name: str) -> bool:
    """Whether the command may be sent as it is: it changes nothing, and its lookups are counted as our own."""
    if name in _ARGUMENTS:
        return name not in ("multi", "exec")
    word = name.upper().encode().partition(b"|")[0]
    return name == "select" or word in COUNTED or word == b"MEMORY"

"""What the server is, how far away, and what a pass over its keys costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import msgspec

from redis_dash.client.change_counters import database_of, databases_of, keys_in
from redis_dash.client.deployment import Deployment
from redis_dash.client.info import kind_of, product_of
from redis_dash.core.databases import Database
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.frames.server import ReplicasRead, SentinelState
from redis_dash.sources.replicas import replicas_read
from redis_dash.sources.sentinel_state import sentinel_state

ASKED_TIME = 5
"""How often the server's clock is asked: the quickest answer tells most."""
SLICES, COUNT = 4, 500
"""Slices of the scan by which a pass is priced."""


class Clock(msgspec.Struct, frozen=True):
    """The difference of two clocks, in seconds."""

    ahead_s: float
    """By how much the server's clock is ahead of ours."""
    within_s: float
    """By how much this may be wrong: half of the time that the answer took."""

    @property
    def is_known_to_differ(self) -> bool:
        """Whether the clocks certainly differ by more than a second."""
        return abs(self.ahead_s) - self.within_s > 1


class Pass(msgspec.Struct, frozen=True):
    """What one pass over all keys costs."""

    keys: int
    server_s: float
    """The server's time, as some slices took."""
    least_s: float
    """How long a pass takes within the budget, at least."""


class Server(msgspec.Struct, frozen=True):
    """What was found out; None or empty for what was not."""

    product: str = ""
    version: str = ""
    mode: str = ""
    """``standalone``, ``cluster node``, ``replica``, ``sentinel``; ``primary of sentinels`` if they name it."""
    ping_ms: float | None = None
    clock: Clock | None = None
    keys: int | None = None
    """Of all servers that are asked: of a cluster that is followed, of the primaries that are reached."""
    primaries: int = 0
    """So many are reached of a cluster that is followed."""
    databases: tuple[Database, ...] | None = None
    one_pass: Pass | None = None
    tls: str = ""
    """The version of TLS."""
    certificate_until: str = ""
    """Until when the server's certificate is valid; empty if it was not verified."""
    sentinel: SentinelState | None = None
    """What the sentinels say, if the URL names them."""
    replicas_read: ReplicasRead | None = None
    """None unless replicas are to be read, and a cluster or sentinels can tell of some."""


async def look_at(deployment: Deployment, budget: float) -> Server:
    """Ask for all of it.

    Raises:
        SourceError: the server could not be reached.
    """
    values = await _info(deployment)
    product, version = product_of(values) if values else ("", "")
    database = database_of(values, deployment.database)
    tls, until = deployment.nodes[0].connection.connection.tls_facts
    keys = await _size(deployment) if database is None else keys_in(database)
    return Server(
        product=product,
        version=version,
        mode=mode_of(values) if deployment.primary is None else "primary of sentinels",
        ping_ms=await _ping_ms(deployment),
        clock=await _clock(deployment),
        keys=keys,
        primaries=0 if deployment.cluster is None else len(deployment.cluster.nodes),
        databases=databases_of(values),
        one_pass=await _pass(deployment, budget, keys),
        tls=tls,
        certificate_until=until,
        sentinel=None if deployment.primary is None else sentinel_state(deployment.primary, values),
        replicas_read=replicas_read(deployment),
    )


def mode_of(values: Mapping[str, str]) -> str:
    """What kind of server it is: ``replica of 10.0.0.5:6379``."""
    kind = kind_of(values)
    if kind == "sentinel":
        return kind
    role = values.get("role", "")
    master = f" of {values['master_host']}:{values.get('master_port', '')}" if "master_host" in values else ""
    if kind == "cluster":
        return f"cluster node, replica{master}" if role == "slave" else "cluster node"
    return f"replica{master}" if role == "slave" else "standalone" if values else ""


async def _info(deployment: Deployment) -> Mapping[str, str]:
    """INFO; without the right to run it what HELLO tells, which needs none."""
    try:
        return (await deployment.info()).values
    except MissingRightError:
        return await _hello(deployment)


async def _hello(deployment: Deployment) -> Mapping[str, str]:
    try:
        reply = await deployment.on_first(b"HELLO")
    except SourceError:
        return {}
    if not isinstance(reply, list):
        return {}
    told = {name: value.decode("utf-8", "replace") for name, value in _pairs(reply) if isinstance(value, bytes)}
    role, mode = told.get(b"role", ""), told.get(b"mode", "")
    return {
        "server_name": told.get(b"server", ""),
        "redis_version": told.get(b"version", ""),
        "redis_mode": mode,
        "cluster_enabled": "1" if mode == "cluster" else "0",
        "role": "slave" if role == "replica" else role,
    }


def _pairs(reply: list[object]) -> Iterator[tuple[object, object]]:
    return zip(reply[::2], reply[1::2], strict=False)


async def _ping_ms(deployment: Deployment) -> float | None:
    try:
        return await deployment.ping_ms()
    except MissingRightError:
        return None


async def _size(deployment: Deployment) -> int | None:
    sizes = [reply for (reply,) in await deployment.on_each([(b"DBSIZE",)])]
    known = [size for size in sizes if isinstance(size, int)]
    return sum(known) if len(known) == len(sizes) else None


async def _clock(deployment: Deployment) -> Clock | None:
    """By the quickest of a few answers."""
    best: Clock | None = None
    for _ in range(ASKED_TIME):
        began, at = time.time(), time.perf_counter()
        try:
            reply = await deployment.on_first(b"TIME")
        except MissingRightError:
            return None
        took = time.perf_counter() - at
        if not (isinstance(reply, list) and len(reply) == 2):
            return None
        ahead = int(reply[0]) + int(reply[1]) / 1e6 - (began + took / 2)
        if best is None or took / 2 < best.within_s:
            best = Clock(ahead, took / 2)
    return best


async def _pass(deployment: Deployment, budget: float, keys: int | None) -> Pass | None:
    """By the server's time for a few slices; None if it does not tell, or does not allow SCAN."""
    cursor, seen, calls = b"0", 0, 0
    try:
        while calls < SLICES and (cursor != b"0" or not calls):
            reply = await deployment.on_first(b"SCAN", cursor, b"COUNT", b"%d" % COUNT)
            if not (isinstance(reply, list) and len(reply) == 2):
                return None
            cursor, calls, seen = reply[0], calls + 1, seen + len(reply[1])
    except MissingRightError:
        return None
    await deployment.price()
    usec = deployment.usec(b"SCAN")
    if usec is None or keys is None or not seen:
        return None
    server_s = usec * calls / seen * keys / 1e6
    return Pass(keys, server_s, server_s / budget)

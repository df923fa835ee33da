"""Is Redis itself well? INFO and a timed PING."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median

from redis_dash.connection import Info
from redis_dash.model import ServerFrame
from redis_dash.sources.base import Context, Sample

PINGS = 5
"""The median of so many is told: a single one is mostly chance."""


class ServerSource:
    """Rates are told between two polls; ops/s as the server tells it."""

    topic = "server"

    def __init__(self, context: Context) -> None:
        self._deployment = context.deployment
        self._keyspace = context.keyspace
        self._database = f"db{context.deployment.url.database}"
        self._pings: deque[float] = deque(maxlen=PINGS)
        self._before: Info | None = None
        self._rates = (0.0, 0.0)

    async def read(self) -> Sample[ServerFrame]:
        """One INFO, shared with the cache topic, and one PING."""
        self._pings.append(await self._deployment.ping_ms())
        self._keyspace.heard(self._pings[-1])
        info = await self._deployment.info()
        values = info.values
        evicted_per_s, expired_per_s = self._keys_lost_per_s(info)
        return Sample(
            ServerFrame(
                product=values.get("server_name") or ("valkey" if "valkey_version" in values else "redis"),
                version=values.get("valkey_version") or values.get("redis_version", "?"),
                role=values.get("role", "?"),
                uptime_s=number(values, "uptime_in_seconds"),
                ops_per_s=number(values, "instantaneous_ops_per_sec"),
                used_memory=int(number(values, "used_memory")),
                max_memory=int(number(values, "maxmemory")),
                clients=int(number(values, "connected_clients")),
                blocked_clients=int(number(values, "blocked_clients")),
                keys=_keys(values.get(self._database, "")),
                ping_ms=median(self._pings),
                evicted=int(number(values, "evicted_keys")),
                evicted_per_s=evicted_per_s,
                expired_per_s=expired_per_s,
                rejected_connections=int(number(values, "rejected_connections")),
                cost=self._deployment.cost.cost(),
                scan=self._keyspace.scan(),
            )
        )

    def _keys_lost_per_s(self, info: Info) -> tuple[float, float]:
        before = self._before
        if before is None or info.at <= before.at:
            self._before = self._before or info
            return self._rates
        seconds = info.at - before.at
        evicted, expired = (
            max(0.0, number(info.values, name) - number(before.values, name)) / seconds
            for name in ("evicted_keys", "expired_keys")
        )
        self._before, self._rates = info, (evicted, expired)
        return self._rates


def number(values: Mapping[str, str], name: str) -> float:
    """One of INFO's figures; 0 where this server does not tell it."""
    try:
        return float(values.get(name, 0))
    except ValueError:
        return 0.0


def _keys(keyspace: str) -> int:
    """From ``keys=12,expires=3,avg_ttl=0``."""
    fields = dict(part.split("=", 1) for part in keyspace.split(",") if "=" in part)
    return int(fields.get("keys", 0))

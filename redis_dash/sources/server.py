"""Is Redis itself well? INFO and a timed PING."""

from __future__ import annotations

from redis_dash.client.change_counters import keys_in
from redis_dash.client.info import Info, number, whole
from redis_dash.core.frames.server import ServerFrame
from redis_dash.sources.base import Context, Sample, Source


class ServerSource(Source[ServerFrame]):
    """Rates are told between two polls."""

    topic = "server"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deployment = context.deployment
        self._keyspace = context.keyspace
        self._database = f"db{context.deployment.url.database}"
        self._shortest_s = context.config.refresh_s / 2
        """Two reads closer together than this tell no rates of their own."""
        self._before: Info | None = None
        self._ops_per_s: float | None = None
        self._lost_per_s = (0.0, 0.0)

    async def read(self) -> Sample[ServerFrame]:
        """One INFO, shared with the cache topic, and a few PINGs."""
        ping_ms = await self._deployment.ping_ms()
        if ping_ms is not None:
            self._keyspace.heard(ping_ms)
        info = await self._deployment.info()
        self._compare(info)
        values = info.values
        return Sample(
            ServerFrame(
                product=values.get("server_name") or ("valkey" if "valkey_version" in values else "redis"),
                version=values.get("valkey_version") or values.get("redis_version", "?"),
                role=values.get("role", "?"),
                uptime_s=number(values, "uptime_in_seconds"),
                ops_per_s=self._ops_per_s,
                used_memory=whole(values, "used_memory"),
                max_memory=whole(values, "maxmemory"),
                clients=whole(values, "connected_clients"),
                blocked_clients=whole(values, "blocked_clients"),
                keys=keys_in(values.get(self._database, "")),
                ping_ms=ping_ms,
                evicted=whole(values, "evicted_keys"),
                evicted_per_s=self._lost_per_s[0],
                expired_per_s=self._lost_per_s[1],
                rejected_connections=whole(values, "rejected_connections"),
                cost=self._deployment.watching_cost(),
                scan=self._keyspace.scan(),
                kind=self._deployment.kind,
            )
        )

    def _compare(self, info: Info) -> None:
        """Rates since the INFO before; where the server's counters began anew meanwhile, the next one tells them."""
        before = self._before
        if before is None or info.began != before.began:
            self._before = info
            return
        seconds = info.at - before.at
        if seconds < self._shortest_s:
            return
        self._before = info
        (least, _), (_, most) = before.own_commands, info.own_commands
        gained = {
            name: whole(info.values, name) - whole(before.values, name)
            for name in ("total_commands_processed", "evicted_keys", "expired_keys")
        }
        self._ops_per_s = max(0, gained["total_commands_processed"] - (most - least)) / seconds
        self._lost_per_s = max(0, gained["evicted_keys"]) / seconds, max(0, gained["expired_keys"]) / seconds

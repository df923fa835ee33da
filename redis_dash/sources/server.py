"""The server topic: INFO and a timed PING."""

from __future__ import annotations

import time

from redis_dash.client.change_counters import keys_in
from redis_dash.client.info import Info, number, whole
from redis_dash.core.frames.server import ServerFrame
from redis_dash.sources.base import Context, Sample, Source

CALM_S = 10.0
"""A counter that has not grown for this time is not growing."""


class Growth:
    """Finds out since when a counter has been growing."""

    def __init__(self, before: int | None = None) -> None:
        self.since: float | None = None
        """Unix epoch seconds."""
        self._before = before
        self._grew_at = 0.0

    def take(self, value: int) -> float | None:
        """Take the counter's current value; returns ``since``."""
        now, before, self._before = time.time(), self._before, value
        if before is not None and value > before:
            self._grew_at, self.since = now, self.since or now
        elif now - self._grew_at > CALM_S:
            self.since = None
        return self.since


class ServerSource(Source[ServerFrame]):
    """Rates are measured between two polls."""

    topic = "server"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deployment = context.deployment
        self._keyspace = context.keyspace
        self._database = f"db{context.deployment.url.database}"
        self._shortest_s = context.config.refresh_s / 2
        """Two reads closer together than this do not give a rate."""
        self._before: Info | None = None
        self._ops_per_s: float | None = None
        self._lost_per_s: tuple[float | None, float | None] = None, None
        self._evicting, self._rejecting, self._errors = Growth(), Growth(), Growth(0)

    async def read(self) -> Sample[ServerFrame]:
        """One INFO, shared with the cache topic, and a few PINGs."""
        ping_ms = await self._deployment.ping_ms()
        if ping_ms is not None:
            self._keyspace.observe_ping(ping_ms)
        info = await self._deployment.info()
        self._compare(info)
        values, cost = info.values, self._deployment.watching_cost()
        evicted, rejected = whole(values, "evicted_keys"), whole(values, "rejected_connections")
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
                evicted=evicted,
                evicted_per_s=self._lost_per_s[0],
                expired_per_s=self._lost_per_s[1],
                rejected_connections=rejected,
                cost=cost,
                scan=self._keyspace.scan(),
                kind=self._deployment.kind,
                other_dashboards=self._context.other_dashboards,
                evicting_since=self._evicting.take(evicted),
                rejecting_since=self._rejecting.take(rejected),
                errors_since=self._errors.take(cost.errors),
            )
        )

    def _compare(self, info: Info) -> None:
        """Compute rates since the previous INFO; they are not known if the server's counters were reset meanwhile."""
        before = self._before
        if before is None or info.began != before.began:
            self._before, self._ops_per_s, self._lost_per_s = info, None, (None, None)
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

"""The server topic: INFO and a timed PING."""

from __future__ import annotations

import time
from collections.abc import Mapping

from redis_dash.client.change_counters import database_of, databases_of, keys_in
from redis_dash.client.info import Info, product_of, told
from redis_dash.core.errors import MissingRightError
from redis_dash.core.frames.server import ServerFrame
from redis_dash.sources.base import NO_NOTE, Context, Note, Sample, Source
from redis_dash.sources.cluster_nodes import ClusterNodes
from redis_dash.sources.replicas import replicas_read
from redis_dash.sources.sentinel_state import sentinel_state

NO_REPLICAS = "no replica is read: this is no cluster, and no sentinel tells of replicas"
CALM_S = 10.0
"""A counter that has not grown for this time is not growing."""


class Growth:
    """Finds out since when a counter has been growing."""

    def __init__(self, before: int | None = None) -> None:
        self.since: float | None = None
        """Unix epoch seconds."""
        self._before = before
        self._grew_at = 0.0

    def take(self, value: int | None, *, anew: bool = False) -> float | None:
        """Take the counter's current value; returns ``since``. None if there is none.

        Args:
            anew: whether it cannot be compared with the one before, such as the sum of more servers.
        """
        if value is None:
            return None
        now, before, self._before = time.time(), None if anew else self._before, value
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
        self._shortest_s = context.config.refresh_s / 2
        """Two reads closer together than this do not give a rate."""
        self._before: Info | None = None
        self._ops_per_s: float | None = None
        self._lost_per_s: tuple[float | None, float | None] = None, None
        self._cluster_nodes = ClusterNodes(context.deployment, self._shortest_s)
        self._evicting, self._rejecting, self._errors = Growth(), Growth(), Growth(0)

    async def read(self) -> Sample[ServerFrame]:
        """One INFO, shared with the cache topic, and a few PINGs."""
        ping_ms, no_ping = await self._ping()
        if ping_ms is not None:
            self._keyspace.observe_ping(ping_ms)
        info = await self._deployment.info()
        anew = self._before is not None and info.began != self._before.began
        self._compare(info)
        values, cost = info.values, self._deployment.watching_cost()
        primary = self._deployment.primary
        replicas = self._deployment.replicas
        read = () if replicas is None else replicas.lags
        sentinel = None if primary is None else sentinel_state(primary, values, read)
        doubts = "" if sentinel is None else sentinel.trouble
        down = Note(self._deployment.down)
        notes = Note(info.partial, self._deployment.partial_rules), down, no_ping, Note(doubts), self._no_replicas
        product, version = product_of(values)
        evicted, rejected = told(values, "evicted_keys"), told(values, "rejected_connections")
        database = database_of(values, self._deployment.database)
        return Sample(
            ServerFrame(
                product=product,
                version=version,
                role=values.get("role", "?"),
                uptime_s=told(values, "uptime_in_seconds"),
                ops_per_s=self._ops_per_s,
                used_memory=told(values, "used_memory"),
                max_memory=told(values, "maxmemory"),
                clients=told(values, "connected_clients"),
                blocked_clients=told(values, "blocked_clients"),
                keys=None if database is None else keys_in(database),
                database=self._deployment.database,
                databases=databases_of(values),
                ping_ms=ping_ms,
                evicted=evicted,
                evicted_per_s=self._lost_per_s[0],
                expired_per_s=self._lost_per_s[1],
                rejected_connections=rejected,
                cost=cost,
                scan=self._keyspace.scan(),
                kind=self._deployment.kind,
                cluster=self._cluster_nodes.state(info),
                sentinel=sentinel,
                replicas_read=replicas_read(self._deployment),
                other_dashboards=self._context.other_dashboards,
                evicting_since=self._evicting.take(evicted, anew=anew),
                rejecting_since=self._rejecting.take(rejected, anew=anew),
                errors_since=self._errors.take(cost.errors),
                primary_lost_s=primary_lost_s(values),
                partial=info.partial,
            ),
            status="reduced" if any(note.text for note in notes) else "ok",
            note="; ".join(note.text for note in notes if note.text),
            rules=tuple(rule for note in notes for rule in note.rules),
        )

    @property
    def _no_replicas(self) -> Note:
        """Why no replica is read although the user wants it, if that does not change by itself."""
        replicas = self._deployment.replicas
        if replicas is None or replicas.lags:
            return NO_NOTE
        if not self._deployment.may_read_replicas:
            return Note(NO_REPLICAS)
        rules = replicas.missing_rules
        return Note(f"no replica is read: {next(iter(replicas.troubles.values()), '')}", rules) if rules else NO_NOTE

    async def _ping(self) -> tuple[float | None, Note]:
        """The round trip; a note if our user may not run PING."""
        try:
            return await self._deployment.ping_ms(), NO_NOTE
        except MissingRightError as error:
            return None, Note(f"{error}: the round trip is unknown", error.rules)

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
        run = _gained("total_commands_processed", before, info)
        self._ops_per_s = None if run is None else max(0, run - (most - least)) / seconds
        evicted, expired = (_gained(name, before, info) for name in ("evicted_keys", "expired_keys"))
        self._lost_per_s = (
            None if evicted is None else evicted / seconds,
            None if expired is None else expired / seconds,
        )


def primary_lost_s(values: Mapping[str, str]) -> float | None:
    """For how long a replica has not received anything of its primary; None if it does, or is no replica."""
    if values.get("role") != "slave" or values.get("master_link_status") != "down":
        return None
    return float(told(values, "master_link_down_since_seconds") or 0)


def _gained(name: str, before: Info, now: Info) -> int | None:
    """By how much a counter has grown; None if the server does not report it."""
    values = told(before.values, name), told(now.values, name)
    return None if values[0] is None or values[1] is None else max(0, values[1] - values[0])

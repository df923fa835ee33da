"""A replica that the sentinels know is read in place of the primary."""

from __future__ import annotations

from redis_dash.core.commands import RevokeSession
from redis_dash.core.frames.server import ReplicasRead
from redis_dash.hub import Hub
from tests.conftest import until
from tests.live.conftest import running
from tests.live.sentinel.keys import BOARDS, LIMITED, USERS, Application, config, session_key
from tests.live.test_hub import TOPICS, Desk

COUNTED = ("sessions", "rate_limits", "leaderboards")


def is_right(desk: Desk, read: int) -> bool:
    """Whether so many replicas are read, all is right, and nothing that may be older than the primary is exact."""
    if not desk.all_are("ok"):
        return False
    state: ReplicasRead = desk.frame("server").replicas_read
    exact = [topic for topic in TOPICS if (count := desk.latest[topic].count) and count.certainty == "exact"]
    if state.read and exact:
        return False
    shown = [desk.latest[topic].count.value for topic in COUNTED]  # type: ignore[union-attr]
    return state.read == read and shown == [len(USERS), LIMITED, BOARDS]


async def test_the_replica_is_read_as_long_as_it_follows_the_primary(app: Application) -> None:
    """Through a failover, too: the old primary is read as soon as it follows the new one."""
    sentinels = app.sentinels
    old = sentinels.primary()
    replica, scans = sentinels.clients[1 - old], "cmdstat_scan"
    for client in sentinels.clients:
        client.config_resetstat()
    async with running(Hub(config(app, f"{sentinels.url}?read_from_replicas=true"))) as hub:
        desk = Desk(hub)
        await until(lambda: is_right(desk, 1))
        assert scans in replica.info("commandstats")
        assert scans not in app.primary.info("commandstats")
        (listed,) = desk.frame("server").sentinel.replicas
        assert (listed.address, listed.is_read) == (app.address(1 - old), True)

        row = next(row for row in desk.frame("sessions").rows if row.user == "user7@example.com")
        outcome = await hub.submit(RevokeSession(row))
        assert (outcome.result, app.primary.exists(session_key("user7"))) == ("deleted", 0)
        assert outcome.undo is not None
        assert (await hub.submit(outcome.undo)).result == "restored"
        await until(lambda: is_right(desk, 1))

        replica.replicaof("127.0.0.1", 1)
        await until(lambda: is_right(desk, 0) and scans in app.primary.info("commandstats"))
        replica.replicaof("127.0.0.1", sentinels.servers[old].port)
        await until(lambda: is_right(desk, 1))

        app.synchronise()
        sentinels.wait_until(sentinels.is_up)
        sentinels.failover()
        await until(lambda: sentinels.role_of(1 - old) == "master")
        await until(lambda: is_right(desk, 1) and desk.frame("server").sentinel.primary == app.address(1 - old))
        assert hub.errors == 0

"""Faults of the server itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

from tests.reliability.bench import PASSWORD, SESSIONS, USER, Bench, Way
from tests.reliability.faults import AWAY, Fault

NEW_PASSWORD = "new-pass-word"
PAUSED_S = 10


async def kill_clients(bench: Bench) -> None:
    """Close the connections of redis-dash."""
    for one in await bench.client.client_list():
        if one["name"] == "redis-dash":
            await bench.client.client_kill_filter(_id=one["id"])


async def slow_command(bench: Bench) -> AsyncIterator[None]:
    sleep = asyncio.create_task(bench.do("DEBUG SLEEP 10"))
    yield
    await sleep


async def stopped(bench: Bench) -> AsyncIterator[None]:
    os.kill(bench.server.pid, signal.SIGSTOP)
    yield
    os.kill(bench.server.pid, signal.SIGCONT)


async def loading(bench: Bench) -> AsyncIterator[None]:
    await bench.do("CONFIG SET loading-process-events-interval-bytes 1024")
    await bench.do("CONFIG SET key-load-delay 100000")
    reload = asyncio.create_task(bench.do("DEBUG RELOAD"))
    yield
    await reload


async def no_primary(bench: Bench) -> AsyncIterator[None]:
    await bench.do("CONFIG SET replica-serve-stale-data no")
    await bench.do("REPLICAOF 127.0.0.1 1")
    yield
    await bench.do("REPLICAOF NO ONE")


async def read_only(bench: Bench) -> AsyncIterator[None]:
    await bench.do("REPLICAOF 127.0.0.1 1")
    yield
    await bench.do("REPLICAOF NO ONE")


async def too_many_clients(bench: Bench) -> AsyncIterator[None]:
    taken = sum(one["name"] != "redis-dash" for one in await bench.client.client_list())
    await bench.do(f"CONFIG SET maxclients {taken}")
    await kill_clients(bench)
    yield
    await bench.do("CONFIG SET maxclients 1000")


async def out_of_memory(bench: Bench) -> AsyncIterator[None]:
    await bench.do("CONFIG SET maxmemory 1mb")
    yield
    await bench.do("CONFIG SET maxmemory 0")


async def other_password(bench: Bench) -> AsyncIterator[None]:
    await bench.do(f"ACL SETUSER {USER} resetpass >{NEW_PASSWORD}")
    await kill_clients(bench)
    yield
    await bench.do(f"ACL SETUSER {USER} resetpass >{PASSWORD}")


async def restart(bench: Bench) -> AsyncIterator[None]:
    await bench.link.refuse()
    await asyncio.to_thread(bench.server.stop)
    bench.sessions = 0
    yield
    await asyncio.to_thread(bench.server.start)
    await bench.link.listen()
    await bench.fill(SESSIONS // 2)


async def client_kill(bench: Bench) -> AsyncIterator[None]:
    await kill_clients(bench)
    yield


async def client_pause(bench: Bench) -> AsyncIterator[None]:
    began = time.monotonic()
    await bench.do(f"CLIENT PAUSE {PAUSED_S}000 ALL")
    yield
    await asyncio.sleep(began + PAUSED_S - time.monotonic())


async def flush(bench: Bench) -> AsyncIterator[None]:
    await bench.do("FLUSHALL")
    bench.sessions = 0
    yield


async def stat_reset(bench: Bench) -> AsyncIterator[None]:
    await bench.do("CONFIG RESETSTAT")
    yield


FAULTS = [
    Fault("a slow command", "`DEBUG SLEEP 10`", slow_command, AWAY + "no answer in time", is_deaf=True),
    Fault("stopped", "`SIGSTOP`", stopped, AWAY + "no answer in time", is_deaf=True),
    Fault("`LOADING`", "`DEBUG RELOAD`, slowed down", loading, AWAY + "the server is loading its data"),
    Fault(
        "`MASTERDOWN`",
        "`REPLICAOF` a dead primary, `replica-serve-stale-data no`",
        no_primary,
        "this replica has lost its primary",
        keeps_connection=True,
    ),
    Fault(
        "`READONLY`",
        "`REPLICAOF` a dead primary",
        read_only,
        "replica without its primary",
        keeps_connection=True,
        goes_on=True,
    ),
    Fault("`MAXCLIENTS`", "`CONFIG SET maxclients`", too_many_clients, AWAY + "the server has as many clients as"),
    Fault(
        "`OOM`",
        "`CONFIG SET maxmemory 1mb`",
        out_of_memory,
        r"MB of 1\.00 MB",
        keeps_connection=True,
        goes_on=True,
    ),
    Fault(
        "`NOAUTH` after a password change",
        "`ACL SETUSER` with another password, `CLIENT KILL`",
        other_password,
        AWAY + "the server refused the user name or password",
        way=Way(user=f"{USER}:{PASSWORD}@"),
    ),
    Fault("restart", "the server ends, and starts again with fewer keys", restart, AWAY + "connection refused"),
    Fault("`CLIENT KILL`", "`CLIENT KILL` of all our connections", client_kill, "reconnected, .* unknown"),
    Fault("`CLIENT PAUSE`", "`CLIENT PAUSE 10000 ALL`", client_pause, AWAY + "no answer in time", is_deaf=True),
    Fault(
        "`FLUSHALL`",
        "`FLUSHALL`",
        flush,
        "^0 sessions",
        keeps_connection=True,
        goes_on=True,
    ),
    Fault(
        "stat reset",
        "`CONFIG RESETSTAT`",
        stat_reset,
        "since",
        keeps_connection=True,
        goes_on=True,
    ),
]

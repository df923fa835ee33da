"""One user among a million sessions, and ten hot clients among half a million.

    python -m benchmarks.search [--sessions 1000000] [--clients 500000] [--rounds 5]

The search is the dashboard's own (``SessionSearch``), once connected, until it has looked at every session. In turns
with it a bare pass: a blocking socket and ``hiredis.Reader``, SCAN with COUNT 1000 and a pipeline of GET for the
sessions of each slice; it reads the same values and looks at none. For the clients one pass at full speed is made; then
the ten at the top of the pane are compared with the ten that were planted.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import hiredis
from redis import Redis

from benchmarks.harness import Figure, UnableError, median, options_of, private_server, say
from benchmarks.keyspaces import fill
from benchmarks.report import show
from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.commands import SearchSessions
from redis_dash.core.known_ids import KnownIds
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import key_groups
from redis_dash.sources.base import Context
from redis_dash.sources.rate_limits import RateLimitsSource
from redis_dash.sources.sessions import SessionsSource


def figures(quick: bool) -> list[Figure]:
    """Search and top ten."""
    return measure(20_000, 10_000, 2) if quick else measure(1_000_000, 500_000, 5)


def measure(sessions: int, clients: int, rounds: int) -> list[Figure]:
    """On a private server."""
    with private_server() as (url, admin):
        fill(admin, sessions, ("session",))
        ours, bare = [], []
        for number in range(rounds):
            bare.append(bare_pass(admin))
            ours.append(asyncio.run(search(url, f"user{sessions * 2 // 3}@example.com")))
            say(f"search {number + 1}/{rounds}: ours {ours[-1]:.2f} s, bare {bare[-1]:.2f} s")
        admin.flushall()
        fill(admin, clients, ("limit",), hot_every=clients // 10)
        hot, seconds = asyncio.run(top_ten(url))
        say(f"top ten: {hot} of 10 in {seconds:.1f} s")
    name = f"one user among {sessions:,} sessions"
    return [
        Figure(name, "s", median(ours), median(bare), "a bare pass that reads the same values", at_most=1.3),
        Figure(
            f"hot clients in the top ten among {clients:,}", "", hot, at_least=10, note=f"one pass, {seconds:.1f} s"
        ),
    ]


def context_for(url: str) -> Context:
    """The context of sources, as the hub creates it."""
    config, deployment = Config(url=url), Deployment(Url(url))
    keyspace = Keyspace(deployment, key_groups(config), config.budget, config.refresh_s)
    subscriber, tracking = (
        Subscriber(Url(url), config.channels, MessageRing()),
        ClientTracking(Url(url), {}, config.budget),
    )
    return Context(config, deployment, keyspace, subscriber, tracking, KnownIds())


async def search(url: str, text: str) -> float:
    """Seconds until every session has been read."""
    context = context_for(url)
    source = SessionsSource(context)
    await context.deployment.one(b"PING")
    task = asyncio.create_task(source.run())
    began = time.monotonic()
    source.ask(SearchSessions(text))
    while source.progress() is not None:  # noqa: ASYNC110 - as a pane does
        await asyncio.sleep(0.005)
    seconds = time.monotonic() - began
    task.cancel()
    result = source._search.result()
    await context.deployment.close()
    if result is None or [row.user for row in result.rows] != [text] or result.coverage < 1:
        raise UnableError(f"the search did not find {text}: {result}")
    return seconds


async def top_ten(url: str) -> tuple[int, float]:
    """How many of the ten that were planted are the first ten, after how many seconds."""
    context = context_for(url)
    source = RateLimitsSource(context)
    await context.deployment.one(b"PING")
    began = time.monotonic()
    context.keyspace.full_speed = True
    await context.keyspace.pass_over()
    seconds = time.monotonic() - began
    rows = (await source.read()).frame.rows[:10]
    await context.deployment.close()
    return sum(row.used >= 60 for row in rows), seconds


# -- the rival ---------------------------------------------------------------------------------------------------------


def bare_pass(admin: Redis) -> float:
    """Seconds."""
    with socket.create_connection(("127.0.0.1", admin.get_connection_kwargs()["port"])) as connection:
        reader = hiredis.Reader()
        began, cursor = time.monotonic(), b"0"
        while True:
            ((cursor, keys),) = exchange(connection, reader, [(b"SCAN", cursor, b"COUNT", b"1000")])
            exchange(connection, reader, [(b"GET", key) for key in keys if key.startswith(b"session:")])
            if cursor == b"0":
                return time.monotonic() - began


def exchange(connection: socket.socket, reader: hiredis.Reader, commands: list[tuple[bytes, ...]]) -> list[Any]:
    """One pipeline."""
    connection.sendall(b"".join(hiredis.pack_command(command) for command in commands))  # type: ignore[arg-type]
    replies: list[Any] = []
    while len(replies) < len(commands):
        reader.feed(connection.recv(262_144))
        while (reply := reader.gets()) is not False:
            replies.append(reply)
    return replies


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    show(figures(True) if options.quick else measure(options.sessions, options.clients, options.rounds))


if __name__ == "__main__":
    main()

"""Faults of certificates, names and clocks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from unittest import mock

import redis.asyncio

from demo_server.process.embedded import EmbeddedServer
from tests.live.relay import Relay
from tests.reliability.bench import SESSIONS, Bench, Way, authority, fill
from tests.reliability.faults import AWAY, Fault

MOVED, LOST = "moved.redis.test", "lost.redis.test"
OTHER_HOST = "127.0.0.2"
FEWER = SESSIONS // 3
"""Sessions of the other server."""
JUMP_S = 3600
ADDRESSES: dict[str, str] = {MOVED: "127.0.0.1", LOST: "127.0.0.1"}
"""Where the names lead to; a name that is not here is not known."""


@contextlib.contextmanager
def resolved() -> Iterator[None]:
    """Let our names lead to the addresses above."""
    ask = socket.getaddrinfo

    def answer(host: str, *rest: object, **more: object) -> object:
        if host in (MOVED, LOST) and host not in ADDRESSES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(ADDRESSES.get(host, host), *rest, **more)  # type: ignore[arg-type]

    with mock.patch("socket.getaddrinfo", answer):
        yield


def context_of(bench: Bench) -> ssl.SSLContext:
    assert bench.context is not None
    return bench.context


async def expired(bench: Bench) -> AsyncIterator[None]:
    authority().expired.configure_cert(context_of(bench))
    await bench.link.hang_up()
    yield
    authority().server.configure_cert(context_of(bench))


async def other_name(bench: Bench) -> AsyncIterator[None]:
    authority().named.configure_cert(context_of(bench))
    await bench.link.hang_up()
    yield
    authority().server.configure_cert(context_of(bench))


async def moved(bench: Bench) -> AsyncIterator[None]:
    """The name leads to a server with fewer sessions; the former one closes its connections."""
    server = EmbeddedServer()
    await asyncio.to_thread(server.start)
    other, bench.publishes = Relay(server.port), False
    other.port = bench.link.port
    await other.listen(OTHER_HOST)
    async with redis.asyncio.Redis(port=server.port) as client:
        await fill(client, FEWER)
    ADDRESSES[MOVED], bench.sessions = OTHER_HOST, FEWER
    await bench.link.hang_up()
    yield
    ADDRESSES[MOVED], bench.sessions = "127.0.0.1", SESSIONS
    await other.refuse()
    await asyncio.to_thread(server.stop)
    bench.publishes = True


async def unknown(bench: Bench) -> AsyncIterator[None]:
    address = ADDRESSES.pop(LOST)
    await bench.link.hang_up()
    yield
    ADDRESSES[LOST] = address


def later(clock: Callable[[], float]) -> float:
    return clock() + JUMP_S


async def jump(_bench: Bench) -> AsyncIterator[None]:
    """All other hubs of this process see it, too: it is injected alone."""
    with mock.patch("time.time", partial(later, time.time)):
        yield


TLS, SERVER = Way(is_tls=True), "the server's certificate "
FAULTS = [
    Fault(
        "expired certificate",
        "the relay shows an expired certificate",
        expired,
        AWAY + SERVER + "has expired",
        is_deaf=True,
        way=TLS,
    ),
    Fault(
        "certificate of another name",
        "the relay shows the certificate of another host",
        other_name,
        AWAY + SERVER + "is for another name",
        is_deaf=True,
        way=TLS,
    ),
    Fault(
        "name leads elsewhere",
        "the resolver gives the address of another server, with fewer keys",
        moved,
        f"^{FEWER} sessions",
        way=Way(host=MOVED),
    ),
    Fault(
        "name is not known",
        "the resolver knows the name no more",
        unknown,
        AWAY + "no such host",
        is_deaf=True,
        way=Way(host=LOST),
    ),
]
CLOCK = Fault(
    "clock jumps",
    "the clock of this machine goes forward by an hour, and back",
    jump,
    "1 h 00 min old",
    keeps_connection=True,
    goes_on=True,
)
"""Changes all of the process: it is injected alone."""

"""Faults of the way to the server, which the relay injects."""

from __future__ import annotations

import math
import socket
from collections.abc import AsyncIterator

from tests.reliability.bench import Bench
from tests.reliability.faults import AWAY, Fault


async def refused(bench: Bench) -> AsyncIterator[None]:
    await bench.link.refuse()
    yield
    await bench.link.listen()


async def unreachable(bench: Bench) -> AsyncIterator[None]:
    """A listener that accepts nothing, with a full queue: further attempts get no answer at all."""
    await bench.link.refuse()
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", bench.link.port))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", bench.link.port))
        yield
    await bench.link.listen()


async def closed_at_once(bench: Bench) -> AsyncIterator[None]:
    bench.link.away = True
    await bench.link.hang_up()
    yield
    bench.link.away = False


async def silent(bench: Bench) -> AsyncIterator[None]:
    bench.link.swallows = True
    bench.link.cut()
    yield
    bench.link.swallows = False


async def half_open(bench: Bench) -> AsyncIterator[None]:
    """As after a firewall has forgotten the connections: new ones work."""
    bench.link.cut()
    yield


async def late(bench: Bench) -> AsyncIterator[None]:
    bench.link.delay_s = 0.3
    yield
    bench.link.delay_s = 0.0


async def thin(bench: Bench) -> AsyncIterator[None]:
    bench.link.bytes_per_s = 20_000
    yield
    bench.link.bytes_per_s = math.inf


async def reset(bench: Bench) -> AsyncIterator[None]:
    bench.link.breaks = "reset"
    yield
    bench.link.breaks = None


async def half_a_reply(bench: Bench) -> AsyncIterator[None]:
    bench.link.breaks = "silent"
    yield
    bench.link.breaks = None


async def garbage(bench: Bench) -> AsyncIterator[None]:
    bench.link.garbage = b"\x1b[2J\x00garbage\r\n"
    yield
    bench.link.garbage = b""


FAULTS = [
    Fault("refused", "the relay stops listening", refused, AWAY + "connection refused", is_deaf=True),
    Fault("unreachable", "attempts to connect get no answer", unreachable, AWAY + "no answer in time", is_deaf=True),
    Fault(
        "closed at once",
        "the relay closes each connection",
        closed_at_once,
        AWAY + "the server closes each connection at once",
        is_deaf=True,
    ),
    Fault(
        "silent peer",
        "the relay accepts connections and passes nothing on",
        silent,
        AWAY + "no answer in time",
        is_deaf=True,
    ),
    Fault(
        "half-open connections",
        "the relay passes nothing on over connections that are open; new ones work",
        half_open,
        "reconnected, .* unknown",
    ),
    Fault(
        "300 ms a reply",
        "the relay delays each reply",
        late,
        r"ping ([3-9]\d\d|\d,\d{3}) ms",
        lasts_s=6.0,
        keeps_connection=True,
        goes_on=True,
    ),
    Fault(
        "20 kB/s",
        "the relay throttles",
        thin,
        r"ping \d{2,} ms|\d+ s old",
        lasts_s=6.0,
        keeps_connection=True,
        goes_on=True,
    ),
    Fault("reset in mid-reply", "the relay resets after half a reply", reset, AWAY + "the connection was reset"),
    Fault("half a reply, then nothing", "the relay sends half of each reply", half_a_reply, AWAY + "no answer in time"),
    Fault("garbage", "the relay answers with garbage", garbage, AWAY + "the server does not speak Redis's protocol"),
]

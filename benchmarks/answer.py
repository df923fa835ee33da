"""A cached answer of the demo application end to end, beside plain uvicorn.

    python -m benchmarks.answer [--requests 2000] [--rounds 9]

One client with one kept-alive connection asks for a summary that is cached, over and over; the time is taken from the
first byte sent to the last byte received. In turns with it the same client asks a trivial ASGI application for as long
an answer, run by uvicorn as it comes: what lies between the two is the demo's own, a rate limit and a cache lookup in
Redis among it. The demo runs with no workload beside it and a limit that is never reached.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.harness import Figure, UnableError, median, options_of, percentile, say, stop, wait_until
from benchmarks.report import show

PATH = "/summarize?text=Redis%20is%20fast.%20Caches%20are%20fun."
BODY = b'{"summary":"Redis is fast.","words":6}'
WARM_UP = 200
Address = tuple[str, int]


async def trivial(scope: dict[str, object], _: object, send: object) -> None:
    """The rival: an application that only answers."""
    assert callable(send)
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})


def figures(quick: bool) -> list[Figure]:
    """Median and 99th percentile."""
    return measure(200, 3) if quick else measure(2000, 9)


def measure(requests: int, rounds: int) -> list[Figure]:
    """Measure both in alternating rounds, each on its own connection; return the medians of the rounds."""
    ours: list[list[float]] = []
    plain: list[list[float]] = []
    with demo_alone() as demo, plain_uvicorn() as rival:
        for number in range(rounds):
            ours.append(times(demo, requests))
            plain.append(times(rival, requests))
            for name, taken in (("ours", ours[-1]), ("plain uvicorn", plain[-1])):
                p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
                say(f"answer {number + 1}/{rounds}, {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    return [
        Figure(
            f"a cached answer of the demo, {name}",
            "ms",
            median([percentile(one, share) for one in ours]),
            median([percentile(one, share) for one in plain]),
            "plain uvicorn with a trivial application",
            at_most=bar,
            bar_on_ours=True,
        )
        for name, share, bar in (("p50", 0.5, 1.0), ("p99", 0.99, 3.0))
    ]


def times(address: Address, requests: int) -> list[float]:
    """Milliseconds of each request on one kept-alive connection, after a warm-up."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode()
    taken = []
    with socket.create_connection(address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_UP + requests):
            began = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while not answer.endswith(BODY):
                received = connection.recv(4096)
                if not received:
                    raise UnableError(f"the connection was closed after {answer[:80]!r}")
                answer += received
            taken.append((time.perf_counter() - began) * 1000)
    return taken[WARM_UP:]


@contextmanager
def demo_alone() -> Iterator[Address]:
    """The demo without a workload."""
    command = [sys.executable, "-m", "demo_server", "--no-workload", "--exit-with-stdin"]
    limit = {"DEMO_RATE_LIMIT": "1000000", "DEMO_RATE_WINDOW": "1"}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | limit,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise UnableError("the demo did not start")
            place = urlsplit(json.loads(line)["http_url"])
            yield place.hostname or "", place.port or 0
        finally:
            stop(process)


@contextmanager
def plain_uvicorn() -> Iterator[Address]:
    """`uvicorn` with the trivial application on its own port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address: Address = probe.getsockname()
    command = [sys.executable, "-m", "uvicorn", "--log-level", "error", "--no-access-log", "--port", str(address[1])]
    with subprocess.Popen([*command, "benchmarks.answer:trivial"]) as process:
        try:
            wait_until(lambda: answers(address), "uvicorn answers")
            yield address
        finally:
            stop(process)


def answers(address: Address) -> bool:
    """Whether a server listens on the port."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    requests = options.requests or (200 if options.quick else 2000)
    show(measure(requests, options.rounds or (3 if options.quick else 9)))


if __name__ == "__main__":
    main()

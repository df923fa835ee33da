"""The ring of the latest events: does looking into it, or adding to it, cost more when it is full?

    python -m benchmarks.ring [--messages 48000]

Messages of 1,300 bytes go through our reader, one a read, as the connection delivers them; the ring holds each alone.
Measured are a look at the latest 50 and at 50 in the middle, as a repaint takes it, and one more message; with 1,000
messages in the ring, and with all of them. Processor time of this process, the best of several series.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from benchmarks.harness import Figure, options_of
from benchmarks.report import show
from redis_dash.config import Url
from redis_dash.pubsub.connection import MessageConnection
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber

FEW = 1000
LOOKED_AT = 50
MESSAGE = b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$6\r\norders\r\n$1300\r\n%b\r\n" % (b"x" * 1300)
SERIES, REPEATS = 20, 50


def figures(quick: bool) -> list[Figure]:
    """A full ring against a small one."""
    return measure(5_000 if quick else 48_000)


def measure(messages: int) -> list[Figure]:
    """Fill the ring in two steps, and read it after each."""
    log = MessageRing()
    subscriber = Subscriber(Url("redis://127.0.0.1"), ("*",), log)
    connection = MessageConnection(subscriber.count, log)
    connection.connection_made(asyncio.Transport())

    def receive() -> None:
        connection.get_buffer(-1)[: len(MESSAGE)] = MESSAGE
        connection.buffer_updated(len(MESSAGE))

    def theme_styles(first: int) -> None:
        assert len(log.read(first, first + LOOKED_AT)) == LOOKED_AT

    costs: list[list[float]] = []
    for number in (FEW, messages):
        while log.end < number:
            receive()
        latest, middle = partial(theme_styles, log.end - LOOKED_AT), partial(theme_styles, (log.start + log.end) // 2)
        costs.append([best(latest), best(middle), best(receive)])
    names = (f"look at the latest {LOOKED_AT} events", f"look at {LOOKED_AT} in the middle", "one more event of 1.3 kB")
    against, note = f"a ring of {FEW:,}", f"{log.kept:,} in the ring"
    return [
        Figure(name, "µs", full, small, against, at_most=2.0, note=note)
        for name, small, full in zip(names, *costs, strict=True)
    ]


def best(act: Callable[[], None]) -> float:
    """Microseconds."""
    took = []
    for _ in range(SERIES):
        began = time.process_time()
        for _ in range(REPEATS):
            act()
        took.append((time.process_time() - began) / REPEATS * 1e6)
    return min(took)


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--messages", type=int)
    options = parser.parse_args()
    show(measure(options.messages) if options.messages else figures(options.quick))


if __name__ == "__main__":
    main()

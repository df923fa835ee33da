"""Two hours of the demo's events in ten minutes: does the dashboard grow?

    python -m benchmarks.replay [--minutes 10] [--record 30]

Events of the demo at its default rate are recorded for some seconds, with their channels, and then published again
and again to a private server at twelve times that rate, while the dashboard runs in tmux at 200x60. Its memory is noted
each second. Before that the ring of the latest messages is filled once with the same events, for until then it grows on
purpose.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from urllib.parse import urlsplit

import hiredis
from redis import Redis

from benchmarks.harness import (
    MB,
    SIZE,
    Figure,
    demo,
    in_tmux,
    median,
    memory,
    options_of,
    private_server,
    say,
    wait_until,
)
from benchmarks.report import show
from redis_dash.pubsub.message_log import MessageRing

FASTER = 12
PACE_S = 0.05
Event = tuple[bytes, bytes]


def figures(quick: bool) -> list[Figure]:
    """Growth over ten minutes."""
    return measure(0.5, 5.0) if quick else measure(10.0, 30.0)


def measure(minutes: float, record_s: float) -> list[Figure]:
    """Record, fill the ring, replay."""
    with demo() as (url, _):
        time.sleep(2.0)
        events = recorded(url, record_s)
    rate = FASTER * len(events) / record_s
    say(f"replay: {len(events) / record_s:.1f} events a second recorded, {rate:,.0f} replayed, {minutes:g} minutes")
    with private_server() as (url, admin), in_tmux([sys.executable, "-m", "redis_dash", url], SIZE) as process_id:
        wait_until(lambda: admin.pubsub_numpat() == 1, "the dashboard subscribes")
        time.sleep(2.0)
        source = cycle(events)
        empty = memory(process_id)
        for _ in range(MessageRing().capacity):
            publish(admin, [next(source)])  # one by one, since messages that arrive together take less room in the ring
        sizes = list(replay(admin, source, rate, 60 * minutes, process_id))
    begin = median(sizes[len(sizes) // 10 : len(sizes) // 5])
    end = median(sizes[-max(1, len(sizes) // 10) :])
    told = f"{rate * 60 * minutes:,.0f} events in {minutes:g} minutes; {empty / MB:.0f} MB with an empty ring"
    return [
        Figure(
            "memory at the end of the replay", "MB", end / MB, begin / MB, "its second tenth", at_most=1.03, note=told
        )
    ]


def recorded(url: str, seconds: float) -> list[Event]:
    """Record the messages that are published meanwhile."""
    place, events = urlsplit(url), []
    with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
        connection.settimeout(0.2)
        connection.sendall(b"PSUBSCRIBE *\r\n")
        reader, deadline = hiredis.Reader(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                reader.feed(connection.recv(65536))
            except TimeoutError:
                continue
            while message := reader.gets():
                if isinstance(message, list) and message[0] == b"pmessage":
                    events.append((message[2], message[3]))
    return events


def publish(admin: Redis, events: Sequence[Event]) -> None:
    """At once, in pipelines."""
    for first in range(0, len(events), 1000):
        with admin.pipeline(transaction=False) as pipeline:
            for channel, payload in events[first : first + 1000]:
                pipeline.publish(channel, payload)
            pipeline.execute()


def replay(admin: Redis, source: Iterator[Event], rate: float, seconds: float, process_id: int) -> Iterator[float]:
    """Publish at the given rate; yield the memory each second."""
    began, sent, looked = time.monotonic(), 0, 0
    while (elapsed := time.monotonic() - began) < seconds:
        due = int(rate * elapsed) - sent
        publish(admin, [next(source) for _ in range(due)])
        sent += due
        if elapsed >= looked + 1:
            looked += 1
            yield (size := memory(process_id))
            if looked % 60 == 0:
                say(f"replay: {looked // 60} min, {sent:,} events, {size / MB:.1f} MB")
        time.sleep(PACE_S)


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--record", type=float, default=30.0)
    options = parser.parse_args()
    show(measure(options.minutes or (0.5 if options.quick else 10.0), 5.0 if options.quick else options.record))


if __name__ == "__main__":
    main()

"""The readers that are compared, each in a process of its own.

    python -m benchmarks.readers ours|redis-py|bare URL MESSAGES

Prints what it received and when; then waits for the end of stdin, so that its cost can be read.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE_S = 10.0
"""Silence for this long after the first message means that no more will come."""
_LOOK_EVERY_S = 0.02


class Read(NamedTuple):
    """Messages received, and the seconds from the first of them to the last."""

    messages: int
    seconds: float


async def ours(url: str, messages: int) -> Read:
    """The dashboard's reader with its ring."""
    from redis_dash.config import Url
    from redis_dash.pubsub.message_log import MessageRing
    from redis_dash.pubsub.subscriber import Subscriber

    subscriber = Subscriber(Url(url), ("*",), MessageRing())
    running = asyncio.create_task(subscriber.run())
    seen, first, last = 0, 0.0, time.monotonic()
    while seen < messages and (not seen or time.monotonic() - last < PATIENCE_S):
        await asyncio.sleep(_LOOK_EVERY_S)
        if subscriber.received != seen:
            last = time.monotonic()
            first, seen = first or last, subscriber.received
    running.cancel()
    return Read(seen, last - first)


async def redis_py(url: str, messages: int) -> Read:
    """redis-py, used as in its documentation."""
    from redis.asyncio import Redis

    client: Redis = Redis.from_url(url)
    seen, first, last = 0, 0.0, 0.0
    async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.psubscribe("*")
        async for _message in pubsub.listen():
            seen += 1
            if seen == 1:
                first = time.monotonic()
            if seen == messages:
                break
        last = time.monotonic()
    await client.aclose()
    return Read(seen, last - first)


def bare(url: str, messages: int) -> Read:
    """The lower bound: a blocking socket, the parser and a counter."""
    import hiredis

    place = urlsplit(url)
    connection = socket.create_connection((place.hostname or "", place.port or 0))
    connection.sendall(b"PSUBSCRIBE *\r\n")
    not_yet = object()
    reader = hiredis.Reader(notEnoughData=not_yet)
    feed, gets, receive = reader.feed, reader.gets, connection.recv
    seen, first, last = -1, 0.0, 0.0  # the first answer is to the subscription
    while seen < messages:
        try:
            feed(receive(256 * 1024))
        except TimeoutError:
            break
        while gets() is not not_yet:
            seen += 1
        last = time.monotonic()
        if seen > 0 and not first:
            first = last
            connection.settimeout(PATIENCE_S)
    return Read(seen, last - first)


def main() -> None:
    """One reader."""
    kind, url, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])
    loops = {"ours": ours, "redis-py": redis_py}
    read = asyncio.run(loops[kind](url, messages)) if kind in loops else bare(url, messages)
    sys.stdout.write(json.dumps(read._asdict()) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()

"""Publishers that no reader can keep waiting: four processes, pipelined, with commands that were packed beforehand.

    python -m benchmarks.publishers URL MESSAGES        (one of the four; waits for a line on stdin)

Each has at most four blocks of 500 commands unanswered. The server's output buffer limit for subscribers is off
(``harness.private_server``); instead, the publishers wait while the server holds more than 256 MB, so that a slow
reader is saturated all the time and the memory of the machine is not.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import hiredis

from benchmarks.harness import UnableError, stop

PROCESSES = 4
PAYLOAD_BYTES = 130
CHANNELS = ("orders", "payments", "sessions", "security", "cache", "leaderboard", "products", "audit")
BLOCK = 500
UNANSWERED = 4 * BLOCK
CHECK_EVERY = 10_000
HELD_AT_MOST = 256 * 1024 * 1024


class Published(NamedTuple):
    """Messages sent, deliveries, and their duration."""

    messages: int
    delivered: int
    seconds: float


class Publishers:
    """Four processes that are ready to start."""

    def __init__(self, url: str, messages: int) -> None:
        shares = [messages // PROCESSES + (number < messages % PROCESSES) for number in range(PROCESSES)]
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.publishers", url, str(share)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for share in shares
        ]
        self._began = 0.0
        for process in self._processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                self.__exit__(None, None, None)
                raise UnableError("a publisher did not start")

    def go(self) -> None:
        """Begin, all at once."""
        self._began = time.monotonic()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def halt(self) -> None:
        """Let each process finish its block and end."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()

    def wait(self) -> Published:
        """Wait until all have ended."""
        told = []
        for process in self._processes:
            assert process.stdout is not None
            told.append(json.loads(process.stdout.readline()))
        seconds = time.monotonic() - self._began
        return Published(sum(one["messages"] for one in told), sum(one["delivered"] for one in told), seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            stop(process)


def payload(number: int) -> bytes:
    """Typical JSON of exactly the size."""
    head = json.dumps(
        {"type": "order.created", "user": number, "order": 4096 + number, "at": 1767225600.125, "note": ""}
    )
    return (head[:-2] + "x" * (PAYLOAD_BYTES - len(head)) + '"}').encode()


def block(commands: int) -> bytes:
    """Packed PUBLISH commands to each of the channels in turn."""
    return b"".join(
        hiredis.pack_command((b"PUBLISH", CHANNELS[n % len(CHANNELS)].encode(), payload(n)))  # type: ignore[arg-type]
        for n in range(commands)
    )


class _Publisher:
    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = socket.create_connection((place.hostname or "", place.port or 0), timeout=60)
        self._aside = socket.create_connection((place.hostname or "", place.port or 0), timeout=60)
        self._unanswered = self.sent = self.delivered = 0

    def publish(self, messages: int) -> None:
        """All of them, or until stdin ends."""
        whole = block(BLOCK)
        while self.sent < messages:
            count = min(BLOCK, messages - self.sent)
            self._connection.sendall(whole if count == BLOCK else block(count))
            self.sent += count
            self._unanswered += count
            self._take_replies(UNANSWERED - BLOCK)
            if self.sent % CHECK_EVERY == 0:
                if select.select([sys.stdin], [], [], 0)[0]:
                    break
                while self._held() > HELD_AT_MOST:
                    time.sleep(0.005)
        self._take_replies(0)

    def _take_replies(self, leave: int) -> None:
        while self._unanswered > leave:
            replies = self._connection.recv(65536)
            if not replies:
                raise UnableError("the server hung up on a publisher")
            self.delivered += replies.count(b"1")
            self._unanswered -= replies.count(b"\n")

    def _held(self) -> int:
        """Bytes that the server holds, mostly for its slow subscriber."""
        self._aside.sendall(b"INFO memory\r\n")
        info = self._aside.recv(65536)
        return int(info.partition(b"used_memory:")[2].partition(b"\r")[0])


def main() -> None:
    """One publisher."""
    publisher = _Publisher(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        publisher.publish(int(sys.argv[2]))
    sys.stdout.write(json.dumps({"messages": publisher.sent, "delivered": publisher.delivered}) + "\n")


if __name__ == "__main__":
    main()

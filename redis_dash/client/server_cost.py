"""What watching costs the server: its own times for our commands, its work with our sockets, and messages delivered.

``INFO commandstats`` tells what all calls of a kind took, everybody's. Where all were ours, that is our price. Where
others call the same kind, a few of ours are run in a transaction between two looks at it, as ``Deployment`` does
when ``wants`` says so: nobody else's run inside. Until that has happened, or where the server refuses it, everybody's
average stands in. Reading and writing sockets is in no such figure, and is estimated.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from redis_dash.client.info import calls_and_usec, whole
from redis_dash.client.traffic import Traffic
from redis_dash.core.frames.server import Cost
from redis_dash.core.resp import Command

LEAST_S = 2.0
"""No share is told of less: the beginning is no measure of the rest."""
WINDOW_S = 10.0
"""The share is told over this long."""
SAMPLE_EVERY_S = 10.0
SAMPLES = 5
"""Transactions that a price is the average of: values differ."""

EXCHANGE_US, COMMAND_US = 9.0, 0.25
"""To be woken by a request and to write the answer; to parse a command. Measured on loopback, Valkey 8.1: one PING at a
time takes 9.5 us of CPU and 0.04 by its own statistics, GET 0.53 and 0.25 in pipelines of 1,000.
"""
WRITE_US, MESSAGE_US, BYTE_US = 4.0, 0.2, 0.0002
"""To deliver messages: for each write to our socket, each message, each byte. Measured likewise: with a subscriber,
60,000 PUBLISH of one client took 3.2 us more each, in pipelines of 50 0.2 us, with 50,000 bytes 5 us.
"""

Times = Mapping[bytes, tuple[int, int]]


class ServerCost:
    """Counts our commands; learns what each kind takes."""

    def __init__(self) -> None:
        self.errors = 0
        """Errors in this program itself."""
        self._calls: Counter[bytes] = Counter()
        self._handling_us = 0.0
        self._priced: Counter[bytes] = Counter()
        self._usec: dict[bytes, float] = {}
        self._samples: dict[bytes, deque[tuple[int, int]]] = {}
        self._sample_at: dict[bytes, float] = {}
        """``time.monotonic()``: from then on a sample is wanted."""
        self._refused: set[bytes] = set()
        self._before: Times = {}
        self._commands_ms = 0.0
        self._messages_ms = 0.0
        self._delivered = (0, 0, 0)
        self._spare_turns = 0
        """Of the event loop, before the latest INFO: what was written then may have been read since."""
        self._spent: deque[tuple[float, float, float]] = deque()

    def count(self, commands: Sequence[Command]) -> None:
        """Commands that were sent at once."""
        self._calls.update(map(itemgetter(0), commands))
        self._handling_us += EXCHANGE_US + COMMAND_US * len(commands)

    def usec(self, name: bytes) -> float | None:
        """The server's latest time for one command, in microseconds, if it has told."""
        return self._usec.get(name)

    @property
    def spent_s(self) -> float | None:
        """The server's time for all that we asked so far, the latest at the latest prices; None where it tells none."""
        return self._commands_ms / 1000 + self._unpriced_us() / 1e6 if self._usec else None

    def _unpriced_us(self) -> float:
        called = self._calls.items()
        return self._handling_us + sum((n - self._priced[name]) * self._usec.get(name, 0.0) for name, n in called)

    # -- prices ------------------------------------------------------------------------------------------------------

    def price(self, commandstats: Mapping[str, str], now: float) -> None:
        """Take in ``INFO commandstats``."""
        times = calls_and_usec(commandstats)
        for name, ours in (self._calls - self._priced).items():
            if name == b"EXEC":
                continue  # its time is that of the commands in it, which are counted themselves
            calls, usec = _gained(name, self._before, times)
            if calls <= 0 or usec < 0:
                continue
            if calls <= ours:
                self._usec[name] = usec / calls
                self._sample_at.pop(name, None)
                continue
            if name not in self._samples:
                self._usec[name] = usec / calls
            if name not in self._refused:
                self._sample_at.setdefault(name, now + random.uniform(0, SAMPLE_EVERY_S if self._samples else 0))
        self._before = times
        self._commands_ms += self._unpriced_us() / 1000
        self._priced, self._handling_us = Counter(self._calls), 0.0
        self._spent.append((now, self._commands_ms, self._messages_ms))
        while len(self._spent) > 2 and self._spent[0][0] < now - WINDOW_S:
            self._spent.popleft()

    def wants(self, commands: Iterable[Command]) -> bool:
        """Are there any of a kind whose price must be measured apart from everybody's?"""
        if not self._sample_at:
            return False
        now = time.monotonic()
        return any(self._sample_at.get(command[0], now + 1) <= now for command in commands)

    def learn(self, commands: Iterable[Command], before: Times, after: Times) -> None:
        """Commands that ran between two looks, and nothing besides."""
        for name, ours in Counter(map(itemgetter(0), commands)).items():
            calls, usec = _gained(name, before, after)
            self._sample_at.pop(name, None)
            if calls == ours:
                samples = self._samples.setdefault(name, deque(maxlen=SAMPLES))
                samples.append((calls, usec))
                self._usec[name] = sum(usec for _, usec in samples) / sum(calls for calls, _ in samples)

    def refuse(self, commands: Iterable[Command]) -> None:
        """The server does not run these in a transaction for us."""
        for name in set(map(itemgetter(0), commands)):
            self._refused.add(name)
            self._sample_at.pop(name, None)

    def deliver(self, listeners: Sequence[Traffic], info: Mapping[str, str]) -> None:
        """Take in what was delivered to us until this INFO.

        How often the server wrote to us for that is not known: at most once for each message, nor more often than its
        event loop turned, or else than it wrote to anybody.
        """
        turns = whole(info, "eventloop_cycles") or whole(info, "total_writes_processed")
        messages_so_far = sum(listener.messages for listener in listeners)
        now = messages_so_far, sum(listener.received for listener in listeners), turns
        messages, nbytes, turned = (later - earlier for earlier, later in zip(self._delivered, now, strict=True))
        if turns and turned >= 0:
            writes = min(messages, turned + self._spare_turns)
            self._spare_turns = min(turned, turned + self._spare_turns - writes)
        else:
            writes, self._spare_turns = messages, 0
        self._messages_ms += (writes * WRITE_US + messages * MESSAGE_US + nbytes * BYTE_US) / 1000
        self._delivered = now

    def cost(self, traffic: Sequence[Traffic] = ()) -> Cost:
        """The figures so far, and the commands of all connections."""
        share, messages_share = None, 0.0
        if len(self._spent) > 1 and self._spent[-1][0] - self._spent[0][0] >= LEAST_S:
            (began, *before), (ended, *after) = self._spent[0], self._spent[-1]
            commands_share, messages_share = (
                (later - earlier) / 1000 / (ended - began) for earlier, later in zip(before, after, strict=True)
            )
            share = commands_share + messages_share
        return Cost(
            commands=sum(one.run for one in traffic),
            server_ms=self._commands_ms + self._messages_ms,
            share=share,
            errors=self.errors,
            messages_ms=self._messages_ms,
            messages_share=messages_share,
        )


def _gained(name: bytes, before: Times, after: Times) -> tuple[int, int]:
    (calls_before, usec_before), (calls, usec) = before.get(name, (0, 0)), after.get(name, (0, 0))
    return calls - calls_before, usec - usec_before

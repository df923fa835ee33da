"""What watching costs the server: its times for our commands, its work with our sockets, and delivered messages.

``INFO commandstats`` reports the time of each command over all clients. If only we called a command, that is our cost.
If other clients call it, too, ``Node`` measures a few of our calls in a transaction between two such INFOs (when
``wants`` returns True), since no other client's commands run inside it. Until then, or if the server refuses the
transaction, the average of all clients is used. The time for reading and writing sockets is in no statistic: it is
estimated.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from redis_dash.client.info import Calls, whole
from redis_dash.client.traffic import Traffic
from redis_dash.core.frames.server import Cost
from redis_dash.core.resp import Command

LEAST_S = 2.0
"""The shortest time over which a share is reported: the start is not representative."""
WINDOW_S = 10.0
"""The share is an average over this time."""
SAMPLE_EVERY_S = 10.0
SAMPLES = 5
"""A price is the average of this many transactions, since values differ."""

EXCHANGE_US, COMMAND_US = 9.0, 0.25
"""The server's time to read a request and write the reply, and to parse a command. Measured on loopback, Valkey 8.1: a
single PING takes 9.5 us of CPU and 0.04 by the server's statistics, GET 0.53 and 0.25 in pipelines of 1,000.
"""
WRITE_US, MESSAGE_US, BYTE_US = 4.0, 0.2, 0.0002
"""The server's time to deliver messages, for each write to our socket, each message and each byte. Measured likewise:
with a subscriber, 60,000 PUBLISH of one client took 3.2 us more each, 0.2 us in pipelines of 50, 5 us with 50,000
bytes.
"""


class ServerCost:
    """Counts our commands and measures the server's time for each kind."""

    def __init__(self) -> None:
        self.errors = 0
        """Errors in this program itself."""
        self._called: set[bytes] = set()
        self._unpriced: Counter[bytes] = Counter()
        """Calls since the latest prices."""
        self._handling_us = 0.0
        self._usec: dict[bytes, float] = {}
        self._samples: dict[bytes, deque[tuple[int, int]]] = {}
        self._sample_at: dict[bytes, float] = {}
        """``time.monotonic()`` from which on a sample is due."""
        self._refused: set[bytes] = set()
        self._before: Calls = {}
        self._commands_ms = 0.0
        self._messages_ms = 0.0
        self._delivered = (0, 0, 0)
        self._spare_turns = 0
        """Turns of the server's event loop before the latest INFO: messages written in them may have arrived since."""
        self._spent: deque[tuple[float, float, float]] = deque()

    def count(self, commands: Sequence[Command]) -> None:
        """Count commands that were sent at once."""
        self._unpriced.update(map(itemgetter(0), commands))
        self._handling_us += EXCHANGE_US + COMMAND_US * len(commands)

    def count_error(self) -> None:
        """Count an error of this program itself."""
        self.errors += 1

    def usec(self, name: bytes) -> float | None:
        """The latest time of the server for one call of a command, in microseconds; None if it is unknown."""
        return self._usec.get(name)

    def lacks_price(self, name: bytes) -> bool:
        """Whether we called a command, and its time is not known yet."""
        return name not in self._usec and (name in self._called or name in self._unpriced)

    @property
    def spent_s(self) -> float | None:
        """The server's time for all our commands so far; None if it reports no times.

        Commands since the latest ``INFO commandstats`` are counted at the latest prices.
        """
        return self._commands_ms / 1000 + self._unpriced_us() / 1e6 if self._usec else None

    def _unpriced_us(self) -> float:
        return self._handling_us + sum(n * self._usec.get(name, 0.0) for name, n in self._unpriced.items())

    # -- prices ------------------------------------------------------------------------------------------------------

    def price(self, times: Calls, now: float) -> None:
        """Update the prices from ``INFO commandstats``."""
        for name, ours in self._unpriced.items():
            if name == b"EXEC":
                continue  # its time is that of its commands, which are counted themselves
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
        self._called.update(self._unpriced)
        self._unpriced.clear()
        self._handling_us = 0.0
        self._spent.append((now, self._commands_ms, self._messages_ms))
        while len(self._spent) > 2 and self._spent[0][0] < now - WINDOW_S:
            self._spent.popleft()

    def wants(self, commands: Iterable[Command]) -> bool:
        """Whether a sample is due for one of these commands."""
        if not self._sample_at:
            return False
        now = time.monotonic()
        due = {name for name, at in self._sample_at.items() if at <= now}
        return not due.isdisjoint(map(itemgetter(0), commands))

    def learn(self, commands: Iterable[Command], before: Calls, after: Calls) -> None:
        """Update the prices of commands that ran alone between two ``INFO commandstats``."""
        for name, ours in Counter(map(itemgetter(0), commands)).items():
            calls, usec = _gained(name, before, after)
            self._sample_at.pop(name, None)
            if calls == ours:
                samples = self._samples.setdefault(name, deque(maxlen=SAMPLES))
                samples.append((calls, usec))
                self._usec[name] = sum(usec for _, usec in samples) / sum(calls for calls, _ in samples)

    def refuse(self, commands: Iterable[Command]) -> None:
        """Take no more samples of these commands: the server refuses them in a transaction."""
        for name in set(map(itemgetter(0), commands)):
            self._refused.add(name)
            self._sample_at.pop(name, None)

    def deliver(self, listeners: Sequence[Traffic], info: Mapping[str, str]) -> None:
        """Add the messages that were delivered to us until this INFO.

        The number of writes to our socket is not known. It is at most one for each message, and at most one for each
        turn of the server's event loop (or for each of its writes to any client, if it does not report turns).
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
        """The cost so far, with the commands of all connections."""
        share, messages_share = None, 0.0
        if len(self._spent) > 1 and self._spent[-1][0] - self._spent[0][0] >= LEAST_S:
            (began, *before), (ended, *after) = self._spent[0], self._spent[-1]
            commands_share, messages_share = (
                (later - earlier) / 1000 / (ended - began) for earlier, later in zip(before, after, strict=True)
            )
            share = commands_share + messages_share
        return Cost(
            commands=sum(one.run for one in traffic),
            server_ms=self._commands_ms + self._unpriced_us() / 1000 + self._messages_ms,
            share=share,
            errors=self.errors,
            messages_ms=self._messages_ms,
            messages_share=messages_share,
        )


def added(costs: Sequence[Cost]) -> Cost:
    """The cost over several servers; a share is then one of one core, too, and may exceed it."""
    if len(costs) == 1:
        return costs[0]
    shares = [cost.share for cost in costs if cost.share is not None]
    return Cost(
        commands=sum(cost.commands for cost in costs),
        server_ms=sum(cost.server_ms for cost in costs),
        share=sum(shares) if len(shares) == len(costs) else None,
        errors=sum(cost.errors for cost in costs),
        messages_ms=sum(cost.messages_ms for cost in costs),
        messages_share=sum(cost.messages_share for cost in costs),
    )


def _gained(name: bytes, before: Calls, after: Calls) -> tuple[int, int]:
    (calls_before, usec_before), (calls, usec) = before.get(name, (0, 0)), after.get(name, (0, 0))
    return calls - calls_before, usec - usec_before

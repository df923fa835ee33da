"""The first commands on a connection: name it, spare the LRU, and measure which commands the server counts as lookups.

Some proxies close the connection at one of these commands. The next connections omit that command and try it again
later, since another reason may have closed the connection.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence

from redis_dash import crash_report
from redis_dash.client.connection import CLIENT_NAME
from redis_dash.client.info import INFO, Calls, calls_of, has_read_rules, parse_info, product_of, whole
from redis_dash.client.own_lookups import PROBE_KEYS, OwnLookups, calibration
from redis_dash.client.reconnecting import Count, ReconnectingConnection
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command

PAUSE_S = (10.0, 300.0)
"""First and longest pause before a step that broke a connection is tried again."""

NO_TOUCH, RESET = "cmdstat_client|no-touch", "cmdstat_config|resetstat"
"""In ``INFO commandstats``; a reset of the statistics is the first command that is counted after it."""


class Step:
    """One step of the handshake."""

    def __init__(self, commands: Callable[[], list[Command]], take: Callable[[list[object]], None] | None = None):
        """``take`` receives the replies to the commands."""
        self.commands = commands
        self.done = False
        """Whether the step is done on this connection."""
        self.not_before = -math.inf
        """``time.monotonic()`` before which the step is not tried."""
        self._take = take
        self._pause_s = PAUSE_S[0]

    def succeed(self, replies: list[object]) -> None:
        """The server answered, perhaps with an error."""
        self.done, self._pause_s = True, PAUSE_S[0]
        if self._take is not None:
            self._take(replies)

    def postpone(self) -> None:
        """The connection broke during this step."""
        self.not_before = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, PAUSE_S[1])


class Handshake:
    """Runs the steps once on each connection."""

    def __init__(
        self,
        own: OwnLookups,
        spent: Callable[[Sequence[Command]], None],
        observe: Callable[[dict[str, str], Calls, bool], None],
        tag: Callable[[], bytes] = bytes,
    ) -> None:
        """``spent`` counts the commands that were sent; ``observe`` receives the first INFO, and whether no
        redis-dash has connected before since the server's counters began; ``tag`` returns a part of the name of a key
        that does not exist, so that a node of a cluster answers for it."""
        self.has_read_rules = False
        """Whether an ACL can allow to read keys without writing them (``%R~``), by the server's version."""
        self._own = own
        self._spent = spent
        self._observe = observe
        self._one_by_one = False
        self._no_touch = Step(lambda: [(b"CLIENT", b"NO-TOUCH", b"ON")])
        self._hello = Step(lambda: [(b"HELLO",)], self._take_hello)
        """Tells the version to a user who may not run INFO; it needs no right."""
        self._steps = [
            Step(lambda: [(b"CLIENT", b"SETNAME", CLIENT_NAME.encode())]),
            self._no_touch,
            Step(lambda: [*INFO], self._take_info),
            Step(lambda: _calibration(tag()), self._calibrate),
        ]

    def connected(self) -> None:
        """A connection was made: all steps are due."""
        for step in self._steps:
            step.done = False

    async def go_on(self, connection: ReconnectingConnection) -> None:
        """Run the steps that are due: all at once, or one by one after a connection broke.

        Raises:
            SourceError: the connection broke.
        """
        now = time.monotonic()
        due = [step for step in self._steps if not step.done and step.not_before <= now]
        for steps in [[step] for step in due] if self._one_by_one else [due]:
            await self._take_steps(connection, steps)
        if due:
            self._one_by_one = not all(step.done for step in self._steps)

    async def _take_steps(self, connection: ReconnectingConnection, steps: Sequence[Step]) -> None:
        plan = [(step, step.commands()) for step in steps]
        under_way = [(commands, connection.send(commands, self._answered(step))) for step, commands in plan]
        try:
            for commands, answer in under_way:
                await connection.receive(commands, answer)
        except SourceError:
            if self._one_by_one:
                steps[0].postpone()
                connection.try_soon()  # the next attempt leaves this step out
            self._one_by_one = True
            raise

    def _answered(self, step: Step) -> Count:
        def answered(commands: Sequence[Command], replies: list[object] | None) -> None:
            if replies is not None:
                self._spent(commands)
                step.succeed(replies)

        return answered

    def _take_info(self, replies: list[object]) -> None:
        stats, raw = replies
        if isinstance(raw, bytes):
            is_first = self._no_touch.done and isinstance(stats, bytes) and _is_first(parse_info(stats))
            values = parse_info(raw)
            self.has_read_rules = has_read_rules(values)
            crash_report.note_server(*product_of(values))
            self._observe(values, calls_of(stats), is_first)
        elif self._hello not in self._steps:
            self._steps.append(self._hello)

    def _take_hello(self, replies: list[object]) -> None:
        told = replies[0] if isinstance(replies[0], list) else []
        version = dict(zip(told[::2], told[1::2], strict=False)).get(b"version")
        if isinstance(version, bytes):
            self.has_read_rules = has_read_rules({"redis_version": version.decode("utf-8", "replace")})

    def _calibrate(self, replies: list[object]) -> None:
        """Measure which of our commands the server counts as lookups."""
        if isinstance(replies[-1], list):
            texts = [raw for raw in replies[-1] if isinstance(raw, bytes) and b":" in raw]
            self._own.calibrate([whole(parse_info(raw), "keyspace_misses") for raw in texts])


def _calibration(tag: bytes) -> list[Command]:
    """Without a tag, a node of a cluster must not count it: all is asked on another connection then."""
    key, other = (PROBE_KEYS + tag + os.urandom(8).hex().encode() for _ in range(2))
    return calibration(key) if tag else calibration(key, other)


def _is_first(commandstats: Mapping[str, str]) -> bool:
    """Whether no other redis-dash has sent the command that each sends first, and none can have stayed over a reset."""
    stats = dict(part.split("=", 1) for part in commandstats.get(NO_TOUCH, "").split(",") if "=" in part)
    return whole(stats, "calls") + whole(stats, "rejected_calls") == 1 and RESET not in commandstats

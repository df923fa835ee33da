"""Injects a fault, and notes what is said, how soon, how soon all is well again, and what is lost."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from redis_dash.core.reading import Reading
from tests.reliability.bench import Bench, bench
from tests.reliability.faults import Fault

WITHIN_S = 60.0
"""How long to wait for anything: under load all takes longer."""
LOOK_EVERY_S = 0.05
SIGN = re.compile(r"✖|stale|([3-9]|\d\d) s old|min old")
"""The first sign that figures are not of the present moment. On a busy machine some are two seconds old at any time."""
SLACK_S = 3.0
"""On a busy machine a reading is made this much later than its bytes have arrived."""
LATE_S = 15.0
"""No reading is older than this while figures go on."""
Meet = Callable[[], Awaitable[object]]
"""Returns when all faults have come so far."""


class Outcome(NamedTuple):
    """What one fault has led to."""

    fault: Fault
    said: str = ""
    noticed_s: float | None = None
    said_s: float | None = None
    recovered_s: float | None = None
    published: int = 0
    missed: int = 0
    gaps: int = 0
    wrong: tuple[str, ...] = ()


class _Witness:
    """Finds what must never be shown."""

    def __init__(self, bench: Bench, fault: Fault) -> None:
        self.wrong: list[str] = []
        self.deaf_since = float("inf")
        """Since when nothing can have been read (Unix epoch seconds)."""
        self.changed_at = 0.0
        """When the number of sessions changed last."""
        self._bench, self._fault = bench, fault

    def took(self, reading: Reading[Any]) -> None:
        if reading.status in ("ok", "reduced") and reading.taken_at > self.deaf_since + SLACK_S:
            self._note(f"{reading.topic} is called {reading.status} while nothing can be read")
        if "an error in redis-dash itself" in reading.note or re.search(r"Error\b|Errno|Traceback", reading.note):
            self._note(f"{reading.topic} says {reading.note!r}")
        count = reading.count
        is_sure = reading.status == "ok" and count is not None and count.certainty == "exact"
        if reading.topic == "sessions" and is_sure and reading.taken_at > self.changed_at + SLACK_S:
            assert count is not None
            if count.value != self._bench.sessions:
                self._note(f"{count.value} sessions are called exact, {self._bench.sessions} are there")

    def look(self) -> None:
        """All topics must be read now."""
        for topic, reading in self._bench.hub.shown.items():
            if reading.status != "ok" or time.time() - reading.taken_at > LATE_S:
                self._note(f"{topic} is not read: {self._bench.words(topic)}")

    def _note(self, text: str) -> None:
        if text not in self.wrong:
            self.wrong.append(text)


async def _until(condition: Callable[[], bool]) -> float | None:
    """Seconds until the condition holds; None if it does not in time."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + WITHIN_S:
            return None
        await asyncio.sleep(LOOK_EVERY_S)
    return time.monotonic() - began


async def judge(fault: Fault, ready: Meet, calm: Meet) -> Outcome:
    """Inject a fault into a hub of its own.

    Args:
        ready: called when all topics are read, before the fault begins.
        calm: called when all is well again, before the hub ends.
    """
    async with bench(fault.way) as place:
        witness = _Witness(place, fault)
        place.hub.took = witness.took
        if await _until(lambda: place.is_well and len(place.received) > 3) is None:
            witness.wrong.append(f"not read: {place.said}")
        await ready()
        outcome = await _inject(fault, place, witness)
        await calm()
        place.publishes = False
        await _until(lambda: not place.published or place.published[-1].number in place.received)
        missed, silent = place.lost()
        wrong = [*witness.wrong, *([f"messages {silent} are lost in silence"] if silent else [])]
        if fault.keeps_connection and place.hub._subscriber.gaps:
            wrong.append("the connection was lost")
        return outcome._replace(
            published=len(place.published), missed=len(missed), gaps=len(place.hub._subscriber.gaps), wrong=tuple(wrong)
        )


async def _inject(fault: Fault, place: Bench, witness: _Witness) -> Outcome:
    number, words = place.link.connections, re.compile(fault.words)
    found: list[str] = []

    def is_said() -> bool:
        found[:] = [line for line in place.said if words.search(line)]
        return bool(found)

    injection, began = fault.inject(place), time.monotonic()
    witness.changed_at = time.time()
    await anext(injection)
    if fault.is_deaf:
        witness.deaf_since = time.time()
    noticed = await _until(lambda: is_said() or any(map(SIGN.search, place.said)))
    noticed_s = None if noticed is None else time.monotonic() - began
    said = await _until(is_said)
    said_s, line = None if said is None else time.monotonic() - began, found[0] if found else ""
    if said is None:
        witness.wrong.append(f"not said: {place.said}")
    await asyncio.sleep(fault.lasts_s)
    if fault.goes_on:
        witness.look()
    witness.deaf_since = float("inf")
    await anext(injection, None)
    ended = time.monotonic()
    witness.changed_at = time.time()
    published = len(place.published)

    def is_over() -> bool:
        later = {one.number for one in place.published[published + 1 :]}
        return place.is_well and bool(later & place.received) and place.link.connections == number

    recovered = await _until(is_over)
    if recovered is None:
        witness.wrong.append(f"no recovery: {place.said}, {place.link.connections} connections of {number}")
    return Outcome(fault, line, noticed_s, said_s, None if recovered is None else time.monotonic() - ended)

"""What ``/truth`` said over time: asked again and again, since a dashboard's reading is of some moment in between."""

from __future__ import annotations

import itertools
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from tests.moving.timeline import Span

EVERY_S = 0.05
LOST_S = 2.0
"""Writes of this time before a failover may be lost."""
SWITCHED_S = 1.0
"""So much later than the dashboard the application may learn of another primary."""
UNANSWERED = 5
"""So many commands, at most, that were executed on a server that was lost then had no answer."""

Truth = dict[str, Any]
Figure = Callable[[Truth], float]


class Sample(NamedTuple):
    """One answer."""

    span: Span
    truth: Truth


class Window:
    """The answers around an interval: the truth in it lies between theirs."""

    def __init__(self, samples: list[Sample]) -> None:
        self.truths = [sample.truth for sample in samples]
        self.slack = 0 if len({truth["exact_since"] for truth in self.truths}) == 1 else UNANSWERED
        """By how much a figure may be off."""

    def range(self, figure: Figure) -> tuple[float, float]:
        """The lowest and the highest value that a figure may have."""
        values = [figure(truth) for truth in self.truths]
        return min(values) - self.slack, max(values) + self.slack

    def usage(self, client: str) -> tuple[int, int]:
        """The fewest and the most requests of a client that a reading may count.

        Between two answers requests may leave the window and others be accepted, in any order: how many were accepted
        is told, so how many left follows. A reading counts what is in the window that ended when it asked for the
        server's clock, and what is accepted until the server counts, one round trip later.
        """
        told = [truth["rate_limits"].get(client) for truth in self.truths]
        low, high, counted = told[0]["used"] if told[0] else 0, 0, 0
        for before, after in itertools.pairwise(told):
            used = after["used"] if after else 0
            accepted = used if before is None or after is None else after["accepted"] - before["accepted"]
            low = min(low, used - accepted)
            counted = max(counted, before["used"] if before else 0) + accepted
            high = max(high, counted)
        return low - self.slack, high + self.slack

    def is_still(self, part: str) -> bool:
        """Whether a part of the truth was the same all the time."""
        return all(truth[part] == self.truths[0][part] for truth in self.truths)

    @property
    def session_changes(self) -> int:
        """How many sessions began or ended at most; each may have been counted before or after another one."""
        told = [truth["channels"]["sessions"] + truth["unconfirmed"]["sessions"] for truth in self.truths]
        return int(max(told) - min(told))


class Recorder:
    """Asks in a thread of its own."""

    def __init__(self, http_url: str) -> None:
        self._url = f"{http_url}/truth"
        self._samples: list[Sample] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(verify=False, trust_env=False, timeout=10) as client:
            while not self._stopped.wait(EVERY_S):
                begin = time.time()
                try:
                    truth = client.get(self._url).raise_for_status().json()
                except httpx.HTTPError:
                    continue
                self._samples.append(Sample(Span(begin, time.time()), truth))

    @property
    def latest(self) -> Sample | None:
        """The last answer."""
        return self._samples[-1] if self._samples else None

    def certain_after(self, moment: float) -> float | None:
        """When an answer was certain that was asked for after a moment; None if there is none yet."""
        found = (one.span.end for one in self._samples[self._first_after(moment) :] if one.truth["exact_since"])
        return next(found, None)

    def window(self, begin: float, end: float) -> Window | None:
        """The answers from the last one before an interval to the first one after it; None before that one has come.

        If the application was not certain meanwhile, or soon after, the next certain ones in both directions count,
        too, and what was true a while before: a failover may have taken back what was written since.
        """
        samples = self._samples
        first, last = self._first_after(begin) - 1, self._first_after(end)
        while first > 0 and (samples[first].span.end > begin or not samples[first].truth["exact_since"]):
            first -= 1
        while last < len(samples) and not samples[last].truth["exact_since"]:
            last += 1
        if first < 0 or last >= len(samples) or samples[first].span.end > begin:
            return None
        since = samples[first].truth["exact_since"]
        soon = self._first_after(samples[last].span.end + SWITCHED_S)
        changed = [
            place for place in range(first, min(soon, len(samples))) if samples[place].truth["exact_since"] != since
        ]
        if changed:
            first = max(0, self._first_after(samples[first].span.begin - LOST_S) - 1)
            last = next((place for place in changed if place >= last and samples[place].truth["exact_since"]), last)
        return Window(samples[first : last + 1])

    def forget(self, before: float) -> None:
        """Drop the answers that came before a moment."""
        del self._samples[: self._first_after(before)]

    def _first_after(self, moment: float) -> int:
        """The place of the first answer that was asked for after a moment."""
        return bisect_left(self._samples, moment, key=lambda sample: sample.span.begin)

"""What ``/truth`` said over time: asked again and again, since a dashboard's reading is of some moment in between."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from tests.moving.timeline import Span

EVERY_S = 0.05

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

    def range(self, figure: Figure) -> tuple[float, float]:
        """The lowest and the highest value of a figure."""
        values = [figure(truth) for truth in self.truths]
        return min(values), max(values)

    def is_still(self, part: str) -> bool:
        """Whether a part of the truth was the same all the time."""
        return all(truth[part] == self.truths[0][part] for truth in self.truths)

    @property
    def is_exact(self) -> bool:
        """Whether the application was certain all the time."""
        return all(truth["exact_since"] is not None for truth in self.truths)

    @property
    def session_changes(self) -> int:
        """How many sessions began or ended at most; each may have been counted before or after another one."""
        low, high = self.range(lambda truth: truth["channels"]["sessions"])
        doubts = self.range(lambda truth: truth["unconfirmed"]["sessions"])
        return int(high - low + doubts[1] - doubts[0])


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
                    truth = client.get(self._url).json()
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

        If the application was not certain at either, the next certain one in this direction counts, too.
        """
        samples = self._samples
        first, last = self._first_after(begin) - 1, self._first_after(end)
        while first > 0 and (samples[first].span.end > begin or not samples[first].truth["exact_since"]):
            first -= 1
        while last < len(samples) and not samples[last].truth["exact_since"]:
            last += 1
        if first < 0 or last >= len(samples) or samples[first].span.end > begin:
            return None
        return Window(samples[first : last + 1])

    def forget(self, before: float) -> None:
        """Drop the answers that came before a moment."""
        del self._samples[: self._first_after(before)]

    def _first_after(self, moment: float) -> int:
        """The place of the first answer that was asked for after a moment."""
        return bisect_left(self._samples, moment, key=lambda sample: sample.span.begin)

"""Makes readings of what the sources return: each failure becomes a status."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from redis_dash.client.deployment import Deployment
from redis_dash.core.errors import AwayError, MissingRightError, SourceError
from redis_dash.core.reading import Reading, aged
from redis_dash.core.rights import remedy
from redis_dash.sources.base import Sample, Source


class Readings:
    """Those of one deployment."""

    def __init__(self, deployment: Deployment, before: Callable[[str], Reading[Any] | None]) -> None:
        """Read nothing yet.

        Args:
            before: returns the latest reading of a topic, whose frame stays on the screen if the next one fails.
        """
        self._deployment, self._before = deployment, before

    async def read(self, source: Source[Any]) -> Reading[Any]:
        """Read a source."""
        topic = source.topic
        if self._deployment.kind == "sentinel":
            return Reading(topic, "error", note=self._deployment.trouble, away=True)
        absences = self._deployment.absences
        try:
            sample = await source.read()
            if self._deployment.absences != absences and not self._deployment.partial:
                # A primary that was missing is there again: what was told as not there is.
                sample = await source.read()
        except Exception as error:
            return self._failed(topic, error)
        return self._reading(topic, sample)

    def now(self, topic: str, read: Callable[[], Sample[Any]]) -> Reading[Any]:
        """Read what needs no waiting."""
        try:
            return self._reading(topic, read())
        except Exception as error:
            return self._failed(topic, error)

    def _reading(self, topic: str, sample: Sample[Any]) -> Reading[Any]:
        before, taken_at = self._before(topic), sample.taken_at or time.time()
        if sample.status == "stale" and sample.taken_at is None and before is not None:
            taken_at = before.taken_at
        about = sample.note, sample.count, sample.scope, sample.away, self._remedy(sample.rules)
        return Reading(topic, sample.status, sample.frame, taken_at, *about)

    def _remedy(self, rules: Sequence[str]) -> str:
        return remedy(self._deployment.url.user, rules)

    def _failed(self, topic: str, error: Exception) -> Reading[Any]:
        before = self._before(topic)
        match error:
            case MissingRightError():
                return Reading(topic, "off", note=str(error), remedy=self._remedy(error.rules))
            case AwayError():
                return aged(before, str(error), away=True) or Reading(topic, "error", note=str(error), away=True)
            case SourceError():
                return aged(before, str(error)) or Reading(topic, "error", note=str(error))
        # a bug in one source must not blank the other panes
        note = self._deployment.own_error(f"reading {topic.replace('_', ' ')}")
        return aged(before, note, "error") or Reading(topic, "error", note=note)

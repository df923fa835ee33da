"""The recordings in ``tests/recorded``: keys that real frameworks wrote, and what the application knew about them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from frameworks.dump import unescaped
from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.testing import read_recording

FOLDER = Path(__file__).parents[2] / "recorded"


class Recording(NamedTuple):
    """One application's keys, as samples, and its truth."""

    name: str
    samples: list[KeySample]
    truth: dict[str, Any]
    at: float
    """The server's clock, in Unix epoch seconds."""

    def sample(self, escaped: str) -> KeySample:
        """The key that the truth names."""
        return next(sample for sample in self.samples if sample.key == unescaped(escaped))


@cache
def recordings() -> list[Recording]:
    """All recordings, sorted by name."""
    documents = [(path, json.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.json"))]
    return [
        Recording(path.stem, read_recording(path), document["truth"], document["at"]) for path, document in documents
    ]


def of_kind(kind: str) -> list[Recording]:
    """The recordings of one kind."""
    return [recording for recording in recordings() if recording.truth["kind"] == kind]


def users(recording: Recording, session: dict[str, Any]) -> set[str]:
    """The names of a session's user, of which the session may hold any; an empty one if nobody is signed in.

    Auth.js keeps the user beside the session, under the id that the session holds.
    """
    names = {name for name in (session["user"], session.get("user_id")) if name}
    for sample in recording.samples:
        if sample.key.startswith(b"user:") and isinstance(sample.value, bytes) and sample.value.startswith(b"{"):
            user = json.loads(sample.value)
            names |= {user["id"]} if user.get("email") in names else set()
    return names or {""}

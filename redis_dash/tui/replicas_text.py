"""In words: which replicas are read in place of their primaries, and how far they are behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis_dash.core.frames.server import ReplicasRead
from redis_dash.tui.formatting import duration, nbytes
from redis_dash.tui.text import Plain, plain, plural

if TYPE_CHECKING:
    from redis_dash.tui.segments import Segment
    from redis_dash.tui.theme_styles import Role

SILENT_S = 15
"""A replica that has heard nothing for this time may be cut off: a primary sends something every ten seconds."""


def of_replicas(state: ReplicasRead) -> tuple[Segment, ...]:
    """``replicas read`` and ``1.2 kB behind``, or what is read instead."""
    if not state.read:
        return ((Plain("no replica read"), "warn"),)
    which = "replicas" if state.read == state.primaries else f"{state.read} of {state.primaries} replicas"
    return (Plain(f"{which} read"), _role(state)), (_lag(state), _role(state))


def which(state: ReplicasRead) -> Plain:
    """``3 replicas``, ``2 of 3 replicas``, ``primaries``."""
    if not state.read:
        return Plain("primary" if state.primaries == 1 else "primaries")
    if state.read < state.primaries:
        return Plain(f"{state.read} of {state.primaries} replicas")
    return plural(state.read, "replica")


def how_far(state: ReplicasRead) -> tuple[tuple[Plain, ...], Role]:
    """How far they are behind, or why none is read; the longest form first."""
    if state.read < state.primaries and state.trouble:
        return (plain(state.trouble, 120), Plain("no healthy one" if not state.read else "not all healthy")), "warn"
    if not state.read:
        return (Plain("no replica is known"), Plain("none known")), "warn"
    forms = [_lag(state)]
    if state.heard_s is not None:
        forms.insert(0, Plain(f"{forms[0]}, primary heard {duration(state.heard_s)} ago"))
    return tuple(forms), "text" if _role(state) == "dim" else "warn"


def in_words(state: ReplicasRead) -> Plain:
    """``2 of 3 replicas: 10.0.0.3:7000: connection refused; 1.2 kB behind``."""
    parts = [f"{which(state)}: {how_far(state)[0][0]}"]
    if state.read and state.trouble:
        parts.append(f"{_lag(state)}")
    return Plain("; ".join(parts))


def _lag(state: ReplicasRead) -> Plain:
    if _is_silent(state):
        return Plain(f"silent for {duration(state.heard_s)}")
    return Plain("lag not known" if state.behind_bytes is None else f"{nbytes(state.behind_bytes)} behind")


def _role(state: ReplicasRead) -> Role:
    return "warn" if _is_silent(state) or state.read < state.primaries else "dim"


def _is_silent(state: ReplicasRead) -> bool:
    return state.heard_s is not None and state.heard_s >= SILENT_S

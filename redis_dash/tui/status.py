"""How a reading's status, age and coverage are told, the same way for every pane."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redis_dash.model import AnyReading
from redis_dash.tui.figures import duration, percent
from redis_dash.tui.look import Role
from redis_dash.tui.spans import Span
from redis_dash.tui.text import Plain, plain

FRESH_S = 1.5
"""Up to this age a reading is simply current, and its age is not spelled out."""

_NOTE_WIDTH = 120


@dataclass(frozen=True)
class Standing:
    """A reading's standing in words and colours."""

    words: tuple[tuple[Span, ...], ...]
    border: Role
    faded: bool = False
    alert: Span | None = None
    """A mark for the tab, where something is wrong."""


def standing(reading: AnyReading | None, now: float, shown: AnyReading | None = None) -> Standing:
    """Put a reading's status into words; ``shown`` is the reading that a paused pane still shows instead of it."""
    if reading is None:
        return Standing((((Plain("reading…"), "dim"),),), "border")
    told = _told(reading, now, shown)
    if shown is None:
        return told
    age = duration(now - shown.taken_at) if shown.taken_at else Plain("")
    paused = _span(Plain(f"paused {age}".rstrip()), "warn")
    return replace(told, words=(paused, *told.words))


def excuse(reading: AnyReading) -> Plain:
    """Why there is nothing, where that is no sign of there being nothing."""
    note = plain(reading.note, 400)
    if reading.status == "stale":
        return Plain(f"Not connected: {note}") if note else Plain("Not connected.")
    return note or Plain("This could not be read." if reading.status == "error" else "This cannot be had here.")


def _told(reading: AnyReading, now: float, shown: AnyReading | None) -> Standing:
    note = plain(reading.note, _NOTE_WIDTH)
    age = Plain(str(duration(now - reading.taken_at))) if reading.taken_at else Plain("")
    if reading.status == "stale":
        words = [_span(Plain(f"stale {age}".rstrip()), "warn"), *([_span(note, "warn")] if note else [])]
        return Standing(tuple(words), "warn", faded=True, alert=(Plain("~"), "warn"))
    if reading.status == "error":
        words = [_span(Plain("error"), "bad"), *([_span(note, "bad")] if note else [])]
        return Standing(tuple(words), "bad", faded=True, alert=(Plain("✖"), "bad"))
    if reading.status == "off":
        return Standing((_span(Plain("off"), "dim"),), "border")
    current = _current(reading, now) if shown is None else _partial(shown)
    if reading.status == "reduced":
        words = [_span(Plain(f"reduced: {note}" if note else "reduced"), "warn"), *current[1:]]
        return Standing(tuple(words), "border")
    return Standing(tuple(current), "border")


def _current(reading: AnyReading, now: float) -> list[tuple[Span, ...]]:
    """``live``, ``exact``, ``12 % scanned``, each with its age once that is worth a word."""
    words = _partial(reading) or [_span(Plain("live" if reading.coverage is None else "exact"), "dim")]
    age = now - reading.taken_at
    if age > FRESH_S:
        words.append(_span(Plain(f"{duration(age)} old"), "dim"))
    return words


def _partial(reading: AnyReading) -> list[tuple[Span, ...]]:
    """``12 % scanned``, where that is the case."""
    if reading.coverage is None or reading.coverage >= 1:
        return []
    return [_span(Plain(f"{percent(reading.coverage, 0)} scanned"), "warn")]


def _span(text: Plain, role: Role) -> tuple[Span, ...]:
    return ((text, role),)

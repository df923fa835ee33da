"""How a reading's status, age and coverage are told, the same way for every pane."""

from __future__ import annotations

import msgspec

from redis_dash.model import AnyReading
from redis_dash.tui.figures import about, duration, percent
from redis_dash.tui.look import Role
from redis_dash.tui.spans import Span
from redis_dash.tui.text import Plain, plain

FRESH_S = 1.5
"""Up to this age a reading is simply current, and its age is not spelled out."""

COUNTED_S = 10.0
"""Up to this age the counts are as current as the rest."""

_NOTE_WIDTH = 120


class Standing(msgspec.Struct, frozen=True):
    """A reading's standing in words and colours."""

    words: tuple[tuple[Span, ...], ...]
    border: Role
    brief: tuple[tuple[Span, ...], ...] = ()
    """The same in fewer words, where that can be had."""
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
    return msgspec.structs.replace(told, words=(paused, *told.words), brief=(paused, *told.brief) if told.brief else ())


def excuse(reading: AnyReading) -> Plain:
    """Why there is nothing, where that is no sign of there being nothing."""
    note = plain(reading.note, 400)
    if reading.away or reading.status == "stale":
        return Plain(f"Not connected: {note}") if note else Plain("Not connected.")
    return note or Plain("This could not be read." if reading.status == "error" else "This cannot be had here.")


def _told(reading: AnyReading, now: float, shown: AnyReading | None) -> Standing:
    note = plain(reading.note, _NOTE_WIDTH)
    age = Plain(str(duration(now - reading.taken_at))) if reading.taken_at else Plain("")
    if reading.status == "stale":
        words = [_span(Plain(f"stale {age}".rstrip()), "warn"), *([_span(note, "warn")] if note else [])]
        return Standing(tuple(words), "warn", faded=True, alert=(Plain("~"), "warn"))
    if reading.status == "error":
        words = [
            _span(Plain("not connected" if reading.away else "error"), "bad"),
            *([_span(note, "bad")] if note else []),
        ]
        return Standing(tuple(words), "bad", faded=True, alert=(Plain("✖"), "bad"))
    if reading.status == "off":
        return Standing((_span(Plain("off"), "dim"),), "border")
    current, brief = _currency(reading, now) if shown is None else (_caveat(shown), [])
    if reading.status == "reduced":
        words = [_span(Plain(f"reduced: {note}" if note else "reduced"), "warn")]
        return Standing((*words, *(current if _caveat(reading) else current[1:])), "border")
    return Standing(tuple(current), "border", tuple(brief))


def _currency(reading: AnyReading, now: float) -> tuple[list[tuple[Span, ...]], list[tuple[Span, ...]]]:
    """``live``, ``exact``, ``12 % scanned``, each with its age once that is worth a word; the same in fewer words."""
    caveat = _caveat(reading)
    words = caveat or [_span(Plain("live" if reading.coverage is None else "exact"), "dim")]
    age, since = now - reading.taken_at, now - reading.counted_at
    if reading.coverage == 1 and reading.counted_at and since > COUNTED_S:
        ago = f"{about(since)} ago"
        brief = _span(Plain(f"about, {ago}"), "warn") if caveat else _span(Plain(f"exact, {ago}"), "dim")
        return [*words, _span(Plain(ago if caveat else f"counted {ago}"), "dim")], [brief]
    if age > FRESH_S:
        words = [*words, _span(Plain(f"{duration(age)} old"), "dim")]
    return words, [_span(Plain("about"), "warn"), *words[1:]] if reading.may_repeat and reading.coverage == 1 else words


def _caveat(reading: AnyReading) -> list[tuple[Span, ...]]:
    """``12 % scanned``, ``counted while keys moved``, where that is the case."""
    if reading.coverage is None:
        return []
    if reading.coverage < 1:
        decimals = 0 if reading.coverage >= 0.01 or not reading.coverage else 1
        return [_span(Plain(f"{percent(reading.coverage, decimals)} scanned"), "warn")]
    return [_span(Plain("counted while keys moved"), "warn")] if reading.may_repeat else []


def _span(text: Plain, role: Role) -> tuple[Span, ...]:
    return ((text, role),)

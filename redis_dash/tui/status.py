"""A reading's status, age and coverage as text, the same for every pane."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import Tallies, about, duration, is_recent, percent
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Role

FRESH_S = 1.5
"""Up to this age a reading counts as current, and its age is not shown."""

_NOTE_WIDTH = 120


class StatusText(msgspec.Struct, frozen=True):
    """A reading's status as text and colours."""

    words: tuple[tuple[Segment, ...], ...]
    border: Role
    briefs: tuple[tuple[tuple[Segment, ...], ...], ...] = ()
    """Shorter forms, the longest first."""
    faded: bool = False
    alert: Segment | None = None
    """A mark for the tab, if something is wrong."""


def is_old(reading: AnyReading | None, now: float) -> bool:
    """Whether the reading's age is shown."""
    return reading is not None and now - reading.taken_at > FRESH_S


def status_text(
    reading: AnyReading | None, now: float, shown: AnyReading | None = None, tallies: Tallies | None = None
) -> StatusText:
    """Put a reading's status into words.

    Args:
        shown: the older reading that a paused pane still shows.
        tallies: the counts of the pane, so that its words do not go to and fro.
    """
    if reading is None:
        return StatusText((((Plain("reading…"), "dim"),),), "border")
    text = _describe(reading, now, shown, tallies or Tallies())
    if shown is None:
        return text
    age = duration(now - shown.taken_at) if shown.taken_at else Plain("")
    paused = _segment(Plain(f"paused {age}".rstrip()), "warn")
    briefs = tuple((paused, *brief) for brief in text.briefs)
    return msgspec.structs.replace(text, words=(paused, *text.words), briefs=briefs)


def excuse(reading: AnyReading) -> Plain:
    """Why there are no values, where that does not mean that there is no data."""
    note = whole_note(reading)
    if reading.away or reading.status == "stale":
        what = "Not connected" if reading.away else "Not read since"
        return Plain(f"{what}: {note}") if note else Plain(f"{what}.")
    return note or Plain("This could not be read." if reading.status == "error" else "This is not available here.")


def whole_note(reading: AnyReading) -> Plain:
    """The note, and what grants the missing right: ``not allowed to run SCAN. ACL SETUSER ann +scan allows it.``

    The command is not cut: a part of it would grant something else.
    """
    note = plain(reading.note, 400)
    return Plain(f"{note}. {plain(reading.remedy)} allows it.") if reading.remedy else note


def shortages(reading: AnyReading) -> tuple[tuple[Segment, ...], ...]:
    """What is missing in a ``reduced`` reading, the longest form first; nothing if it is complete."""
    if reading.status != "reduced":
        return ()
    if not reading.note:
        return (_segment(Plain("reduced"), "warn"),)
    forms = [f"reduced: {plain(reading.note, _NOTE_WIDTH)}", "reduced, see help", "reduced"]
    why, _, rest = reading.note.partition(": ")
    if rest and "; " not in reading.note:  # a single note: what follows from it may be left out
        forms.insert(1, f"reduced: {plain(why, _NOTE_WIDTH)}")
    if reading.remedy and len(reading.remedy) <= _NOTE_WIDTH:
        forms.insert(0, f"{forms[0]}: {plain(reading.remedy)}")
    return tuple(_segment(Plain(form), "warn") for form in forms)


def _describe(reading: AnyReading, now: float, shown: AnyReading | None, tallies: Tallies) -> StatusText:
    note = plain(reading.note, _NOTE_WIDTH)
    is_dated = bool(reading.taken_at) and now - reading.taken_at >= 1
    age = duration(now - reading.taken_at) if is_dated else Plain("")
    if reading.status == "stale":
        words = [_segment(Plain(f"stale {age}".rstrip()), "warn"), *([_segment(note, "warn")] if note else [])]
        return StatusText(tuple(words), "warn", faded=True, alert=(Plain("~"), "warn"))
    if reading.status == "error":
        words = [
            _segment(Plain("not connected" if reading.away else "error"), "bad"),
            *([_segment(note, "bad")] if note else []),
        ]
        return StatusText(tuple(words), "bad", faded=True, alert=(Plain("✖"), "bad"))
    if reading.status == "off":
        return StatusText((_segment(Plain("off"), "dim"),), "border")
    current = _currency(reading, now, tallies) if shown is None else _caveat(shown, now)
    if reading.status == "reduced":
        if reading.count is None:  # it is not "live"
            current = current[1:]
        return beside(current, shortages(reading))
    return StatusText(tuple(current), "border")


def beside(current: Sequence[tuple[Segment, ...]], missing: Sequence[tuple[Segment, ...]]) -> StatusText:
    """Certainty and age, then what is missing: where there is little room, the words for what is missing go first."""
    words, *briefs = [(*current, form) for form in missing] or [tuple(current)]
    return StatusText(words, "border", tuple(briefs))


def _currency(reading: AnyReading, now: float, tallies: Tallies) -> list[tuple[Segment, ...]]:
    """How certain the values are, and their age if it matters."""
    age = now - reading.taken_at
    old = [_segment(Plain(f"{duration(age)} old"), "dim")] if is_old(reading, now) else []
    if old and reading.count is None:
        return old  # it is no longer live
    return [certainty(reading.count, now, tallies), *old]


def _caveat(shown: AnyReading, now: float) -> list[tuple[Segment, ...]]:
    """The certainty of a paused pane's reading; nothing if it was exact."""
    is_plain = shown.count is None or shown.count.certainty == "exact"
    return [] if is_plain else [certainty(shown.count, now, Tallies())]


def certainty(count: Count | None, now: float, tallies: Tallies, of: Hashable = "") -> tuple[Segment, ...]:
    """``live``, ``exact``, ``just counted``, ``counted 8 min ago``, ``12 % scanned``, ``at least``, ``not known``.

    ``counting again``: what was counted says little about the present number, see ``Tallies.is_outdated``.
    """
    if count is None:
        return _segment(Plain("live"), "dim")
    if count.certainty == "exact":
        return _segment(Plain("exact"), "dim")
    if tallies.is_outdated(count, of):
        return _segment(Plain("counting again"), "warn")
    if count.certainty == "counted" or (count.certainty == "at_least" and count.coverage >= 1):
        ago = "just counted" if is_recent(count, now) else f"counted {about(now - count.at)} ago"
        return _segment(Plain(ago if count.certainty == "counted" else f"at least, {ago}"), "dim")
    if count.certainty == "unknown" and count.coverage >= 1:  # what was found may not be read
        return _segment(Plain("not known"), "warn")
    decimals = 0 if count.coverage >= 0.01 or not count.coverage else 1
    return _segment(Plain(f"{percent(count.coverage, decimals)} scanned"), "warn")


def _segment(text: Plain, role: Role) -> tuple[Segment, ...]:
    return ((text, role),)

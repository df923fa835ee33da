"""The contents of the help: all keys, words and signs."""

from __future__ import annotations

from collections.abc import Iterable

from textual.dom import DOMNode

from redis_dash.core.reading import AnyReading
from redis_dash.tui.keys import (
    ABOVE,
    CLEAR_ID,
    EVERYWHERE,
    IN_A_PANE,
    IN_KEYS,
    Entry,
    KeyHelp,
    KeyTable,
    Section,
    groups_of,
)
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Pane
from redis_dash.tui.panes.key_kinds import KeyKindsPane
from redis_dash.tui.status import whole_note

_WORDS: tuple[Section, ...] = (
    (
        "How sure a figure is, and how old (lower right)",
        (
            ("exact", "nothing can have changed since it was counted"),
            ("live", "read just now; no scan is needed for it"),
            ("just counted", "all keys were counted a moment ago; some may have come or gone since"),
            ("counted 8 min ago", "all keys were counted then; some may have come or gone since"),
            ("counting again", "very many keys have been written since they were counted, so a new count is under way"),
            (
                "12 % scanned",
                "estimated from the part of the keys that was looked at so far; {app.full_scan} looks at all",
            ),
            ("1.01 M ± 1 %", "an estimate; 95 times of 100 the true number is no more than 1 % away"),
            ("27–41", "between these two: for certain, or at 95 % where the keys were scanned in part"),
            ("~412 k", "about so many; where there is room, a margin or two bounds say how far it may be off"),
            ("1,204+  at least", "at least so many; there may be more"),
            ("none seen yet", "none in the part scanned so far; there may be some in the rest"),
            ("–  not known", "no figure can be given"),
            ("3 s old", "when the figures were read"),
            ("paused 9 s", "the pane is paused and shows what was read then; {pane.pause} continues"),
            ("stale 7 s", "the server is away, slow or refuses; what is shown was read then"),
            ("reduced", "something is missing, left out or mixed in; the pane says what, or the top of this help"),
            ("off", "this server does not let us read it; it says why"),
            ("error", "it could not be read; it says why"),
            ("reading…", "nothing has been read yet"),
        ),
    ),
    (
        "Signs",
        (
            ("+2  +2 columns", "so many more have no room; {pane.zoom} gives the pane more"),
            ("…", "here something has no room: letters, or, in the first line, figures; the server pane has these"),
            ("1–12 of 40 listed", "the visible ones of the listed rows; more are counted than listed"),
            ("filter  3 found", "the text that rows must hold to be listed; how many do"),
            ("searching 41 %", "among all sessions; so much of the keys was looked at. {pane.clear} stops"),
            ("▸", "the cursor"),
            ("!  !3", "in a tab: messages are lost or the server is in trouble; so many clients are blocked"),
            ("▼  ~  ✖", "in a tab: the hit rate has fallen; stale; error"),
        ),
    ),
)

_COLOURS: Section = (
    "Colours",
    (
        ("red", "blocked, lost or failed"),
        ("amber", "near a limit, fallen, stale, or not complete"),
        ("blue", "the pane with the keyboard; bars that only measure"),
        ("grey", "not current, or less important"),
    ),
)


def key_sections(owners: tuple[type[DOMNode], ...], table: KeyTable) -> list[Section]:
    """All keys of these classes under the keymap, and the steps that Esc takes back."""
    entries: dict[str, list[Entry]] = {EVERYWHERE: [], IN_A_PANE: [], IN_KEYS: [], ABOVE: []}
    for group in sorted(table.groups(*owners), key=lambda group: group.rank):
        if name := table.help_name(group):
            entries[group.section].append((name, table.explain(_meaning(group, table))))
    return [
        (EVERYWHERE, tuple(entries[EVERYWHERE])),
        (IN_A_PANE, tuple(entries[IN_A_PANE])),
        (table.explain("{pane.leave} takes back one thing at a time, the nearest first"), _steps()),
        (IN_KEYS, tuple(entries[IN_KEYS])),
        (ABOVE, tuple(entries[ABOVE])),
    ]


def missing_section(readings: Iterable[AnyReading | None]) -> Section:
    """What is missing now, topic by topic, in full: the panes may have no room for it."""
    names = {pane.TOPIC: str(pane.NAME) for pane in PANES} | {KeyKindsPane.TOPIC: str(KeyKindsPane.NAME)}
    return "Missing now", tuple(
        (names[reading.topic], whole_note(reading))
        for reading in readings
        if reading is not None and reading.status in ("reduced", "off") and reading.note
    )


def word_sections(table: KeyTable) -> list[Section]:
    """The meaning of words and signs: the general ones, those of each pane, colours."""
    sections = (*_WORDS, *(pane.WORDS for pane in PANES if pane.WORDS[1]), KeyKindsPane.WORDS, _COLOURS)
    return [
        (table.explain(title), tuple((word, table.explain(meaning)) for word, meaning in entries))
        for title, entries in sections
    ]


def _meaning(group: KeyHelp, table: KeyTable) -> str:
    """The meaning of a group of keys, after the name of the pane that owns it; then what it also does in some panes."""
    shared = groups_of(Pane)
    owner = next((f"{pane.NAME}: " for pane in PANES if group in groups_of(pane) and group not in shared), "")
    notes = [note for binding_id in table.ids(group) if binding_id != CLEAR_ID for note in _notes(binding_id)]
    return "; ".join((owner + group.description, *notes))


def _steps() -> tuple[Entry, ...]:
    steps = (
        "what is open above the panes: a question, details, this help, what is in here",
        "the filter of the pane",
        "; ".join(_notes(CLEAR_ID)),
        "the full scan or the search that is under way",
        "the zoom",
    )
    return tuple((str(number), step) for number, step in enumerate(filter(None, steps), 1))


def _notes(binding_id: str) -> list[str]:
    """``Sessions: …`` for each pane in which the key also does something else."""
    return [f"{pane.NAME}: {pane.KEY_NOTES[binding_id]}" for pane in PANES if binding_id in pane.KEY_NOTES]

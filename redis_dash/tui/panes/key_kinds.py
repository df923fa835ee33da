"""The list of the kinds of keys: what fills the database, what it is, and which pane shows it."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize

from redis_dash.core.databases import others
from redis_dash.core.frames.keys import KeyKind, KeysFrame
from redis_dash.core.frames.server import ServerFrame
from redis_dash.tui import kind_text
from redis_dash.tui.databases import elsewhere_text, named
from redis_dash.tui.formatting import RECENT_S, Tallies, about, nbytes, percent
from redis_dash.tui.intents import Detail, DetailRequested
from redis_dash.tui.keys import IN_KEYS, KeyHelp
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.key_kind_detail import kind_detail, profile_detail, shown_in
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.theme_styles import Ground
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Table

LONG_PASS_S = 5.0
"""A pass over all keys that lasts longer is worth telling how far it is."""
WIDE = 150
"""From this width on, long names are shown; below, the room goes to what they are recognised as."""
_MARK = " ▾"
COLUMNS = (
    Column(Plain("keys"), 18, most=60),
    Column(Plain("count"), 12, least=8, right=True),
    Column(Plain("share"), 7, right=True, priority=6),
    Column(Plain("memory"), 14, least=8, right=True),
    Column(Plain("share"), 7, right=True, priority=3),
    Column(Plain(""), 20, most=24, priority=7, bar=True),
    Column(Plain("type"), 7, most=14, priority=5),
    Column(Plain("expires"), 8, priority=4),
    Column(Plain("recognised as"), 14, most=50, priority=2),
    Column(Plain("pane"), 10, most=24, priority=1),
)
_SORTED = {"count": 1, "memory": 3}
"""The column by which the rows are sorted."""
_SORT = KeyHelp("sort by memory, or by the number of keys", section=IN_KEYS, footer="sort", priority=1, rank=1)
_PROFILE = KeyHelp(
    "show the config.toml that watches what was recognised", section=IN_KEYS, footer="config.toml", priority=7, rank=2
)


class KeyKindsPane(TablePane[KeysFrame, KeyKind]):
    """The kinds of keys, those that take most memory first."""

    TOPIC = "keys"
    NAME = Plain("What is in here?")
    TAB = Plain("Keys")
    EMPTY = Plain("The kinds of keys are listed here.")
    FRAME = KeysFrame
    WORDS = (
        "What is in here?",
        (
            ("keys", "the pattern of their names; every key counts in one row"),
            ("count  share", "how many keys of the kind there are; their share of all keys"),
            ("memory  share", "what they take together, judging by those that were measured; their share of all kinds"),
            ("12.3 MB+", "at least: the keys that were not measured may be much larger"),
            ("type", "of the keys that were read"),
            ("expires", "all, never, or how many of those that were read"),
            ("recognised as", "the framework that writes them, by names and values"),
            ("by pattern", "no known framework writes them, but a pane's pattern matches their names"),
            ("not recognised", "no known framework writes such keys; your own application may"),
            ("numbers that expire", "counters perhaps; if they are a limiter, --limit names them"),
            ("not read yet", "no key of this kind was read so far"),
            ("rights missing", "our user may not read the keys, or not run a command that reads them"),
            ("gone before it was read", "the keys that were to be read were gone, so what they held is not known"),
            ("(likely)", "names and values fit, but others may write such keys, too"),
            ("pane  not shown", "the pane that shows the keys, since its patterns match; no pane does"),
            ("(in part)", "the patterns match some of the names"),
            ("▾", "the column by which the rows are sorted"),
            ("2 % sampled", "names that were drawn; counts are estimates, kinds of very few keys may be missing"),
            ("scan 12 %", "so much of all keys the scan has seen so far"),
        ),
    )
    BINDINGS: ClassVar = [
        Binding("s", "sort", "Sort", show=False, id="keys.sort", group=_SORT),
        Binding("w", "profile", "Show config.toml", show=False, id="keys.profile", group=_PROFILE),
    ]

    def __init__(self) -> None:
        super().__init__(0)
        self._by = "memory"
        self._sorted: tuple[KeysFrame | None, str, tuple[KeyKind, ...]] = (None, "", ())
        self._rows = _Rows(self.tallies)
        self.server: ServerFrame | None = None
        """The server as it was just read, which tells the databases; None if it was not."""
        self.table: Table[KeyKind] = Table(_columns(self._by, 0), self._rows)

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

    def action_sort(self) -> None:
        """Sort by the other column."""
        self._by = "count" if self._by == "memory" else "memory"
        self._fit(self.size.width)
        self.table.home()
        self.catch_up()

    def action_profile(self) -> None:
        """Show the settings that watch what was recognised."""
        self.post_message(DetailRequested(lambda: profile_detail(self.frame or KeysFrame())))

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the width."""
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        self.table.columns = _columns(self._by, width)
        self.table.forget()
        self.table.repaint()

    def listed(self, frame: KeysFrame) -> tuple[KeyKind, ...]:
        """The rows in their order."""
        of, by, rows = self._sorted
        if of is None or of.kinds is not frame.kinds or by != self._by:
            rows = tuple(sorted(frame.kinds, key=_by_memory if self._by == "memory" else _by_count))
            self._sorted = frame, self._by, rows
        return rows

    def display_frame(self, frame: KeysFrame) -> None:
        """Pass the rows and their totals to the table."""
        self._rows.frame, self._rows.numbers = frame, self._numbers()
        self._rows.memory = sum(kind.memory.value for kind in frame.kinds if kind.memory is not None)
        super().display_frame(frame)

    def _numbers(self) -> dict[str, str]:
        """The panes by topic: ``2 Sessions``."""
        keys = (self.key_table.footer_key(f"pane.{number}") for number in range(1, len(PANES) + 1))
        return {pane.TOPIC: f"{key} {pane.TAB}".lstrip() for pane, key in zip(PANES, keys, strict=True)}

    def has_nothing(self, frame: KeysFrame) -> bool:
        """No key was seen."""
        return not frame.kinds

    def nothing(self, frame: KeysFrame) -> Plain:
        """Whether there is none, or none was seen yet."""
        held = self.reading.count if self.reading else None
        if held is not None and held.certainty == "counted":
            elsewhere = others(self.server.databases, self.server.database) if self.server is not None else ()
            found = elsewhere_text(elsewhere, self.key_table.hint("{app.database} switches."))
            return Plain(f"The database held no keys when it was scanned. {found}".rstrip())
        scan_hint = self.key_table.hint("{app.full_scan} scans all now.")
        return Plain(f"Nothing seen yet, {percent(frame.scan.share, 0)} scanned. {scan_hint}".rstrip())

    def answer(self, frame: KeysFrame) -> tuple[Piece, ...]:
        """``scan 12 % · 20,123 keys · 12 kinds · ~14.2 MB``."""
        scan = frame.scan
        is_long = not scan.passes or (scan.last_s or 0.0) > LONG_PASS_S
        pieces = [piece(f"scan {percent(scan.share, 0)}", "warn")] if scan.share < 1 and is_long else []
        if not frame.kinds:
            return tuple(pieces)
        read = [kind.memory for kind in frame.kinds if kind.memory is not None]
        pieces += piece(plural(frame.keys, "key"), "strong"), piece(plural(len(frame.kinds), "kind"), "dim")
        if read:
            of = "" if len(read) == len(frame.kinds) else f" in {len(read):,} of them"
            about = "~" if any(memory.low != memory.high for memory in read) else ""
            pieces.append(piece(f"{about}{nbytes(sum(memory.value for memory in read))}{of}"))
        return tuple(pieces)

    def asides(self) -> list[Piece]:
        """The watched database and what others hold."""
        server = self.server
        if server is None or server.kind == "cluster":
            return []
        elsewhere = others(server.databases, server.database)
        return [piece(f"db{server.database}"), *([piece(f"others: {named(elsewhere)}", "dim")] if elsewhere else [])]

    def currency(self) -> tuple[Piece, ...]:
        """That only a part of the names was looked at, although the scan has seen more."""
        frame = self.frame
        if frame is None or frame.looked_at >= frame.seen:
            return super().currency()
        share, age_s = frame.looked_at / max(1, frame.keys), time.time() - frame.at
        ago = f" {about(age_s)} ago" if frame.at and age_s >= RECENT_S else ""
        return (piece(f"{percent(share, 0 if share >= 0.01 else 1)} sampled{ago}", "warn"),)

    @property
    def way_back(self) -> Plain:
        """To the dashboard, if there is no filter."""
        return super().way_back or Plain("back")

    def departure(self, is_complete: bool) -> Plain:
        """No key of the kind was seen any more."""
        return Plain("No key of this kind is left.") if is_complete else Plain("No key of this kind was seen again.")

    def describe(self, row: KeyKind) -> Detail:
        """All that is known of the kind."""
        frame = self.frame or KeysFrame()
        return kind_detail(row, frame, self._numbers(), self.tallies)


class _Rows:
    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.frame = KeysFrame()
        self.memory = 0
        self.numbers: dict[str, str] = {}

    def key(self, row: KeyKind) -> Hashable:
        return row.id

    def cells(self, row: KeyKind) -> tuple[Cell, ...]:
        held = self._tallies(row.count, row.id)
        counts = (held, Plain(f"~{row.count.value:,}")) if row.count.certainty == "estimated" else (held,)
        share = row.memory.value / self.memory if row.memory is not None and self.memory else None
        pane = shown_in(row, self.numbers)
        return (
            Name(plain(row.name, 200) or Plain("(empty)"), "text"),
            Figure(counts, "text"),
            Figure((kind_text.share_of(row.count.value, self.frame.keys),), "dim"),
            Figure(kind_text.memories(row), "strong"),
            Figure((percent(share),), "dim"),
            Bar(share, "accent"),
            (kind_text.types(row), "dim"),
            (kind_text.expiry(row), "dim"),
            _recognised(row),
            (pane, "text" if row.watched else "dim"),
        )

    def ground(self, row: KeyKind) -> Ground:
        return "base"

    def words(self, row: KeyKind) -> str:
        return f"{row.name[:400]} {kind_text.recognised(row)} {kind_text.types(row)} {shown_in(row, self.numbers)}"


def _recognised(kind: KeyKind) -> Cell:
    """What they were recognised as."""
    text = kind_text.recognised(kind)
    if text == kind_text.NUMBERS:
        return Figure((text, Plain("not recognised")), "dim")
    return text, "text" if any(one.confidence == "certain" for one in kind.recognised) else "dim"


def _columns(by: str, width: int) -> tuple[Column, ...]:
    """The columns of a list of this width, sorted by one of them."""
    marked = _SORTED[by]
    names = COLUMNS[0] if width >= WIDE else msgspec.structs.replace(COLUMNS[0], most=28)
    return tuple(
        Column(Plain(one.title + _MARK), max(one.width, len(one.title) + len(_MARK)), one.most, one.least, one.right)
        if index == marked
        else one
        for index, one in enumerate((names, *COLUMNS[1:]))
    )


def _by_count(kind: KeyKind) -> tuple[float, str]:
    return -kind.count.value, kind.name


def _by_memory(kind: KeyKind) -> tuple[bool, float, float, str]:
    """Kinds of unknown memory come last."""
    return kind.memory is None, -(kind.memory.value if kind.memory else 0), -kind.count.value, kind.name

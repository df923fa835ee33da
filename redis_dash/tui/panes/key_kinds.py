"""The list of the kinds of keys: what fills the database, what it is, and which pane shows it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize

from redis_dash.core.commands import FollowStreams
from redis_dash.core.databases import others
from redis_dash.core.frames.keys import KeyKind, KeysFrame
from redis_dash.core.frames.server import ServerFrame
from redis_dash.tui import kind_text
from redis_dash.tui.databases import elsewhere_text, named
from redis_dash.tui.formatting import RECENT_S, about, nbytes, percent
from redis_dash.tui.intents import (
    Answer,
    AnswerGiven,
    Detail,
    DetailRequested,
    Form,
    FormRequested,
    NotificationRequested,
    Options,
    OptionsRequested,
    ReadRequested,
)
from redis_dash.tui.keys import IN_KEYS, KeyHelp
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.key_kind_detail import kind_detail, profile_detail
from redis_dash.tui.panes.key_kind_rows import KindRows, by_count, by_memory, columns
from redis_dash.tui.panes.kind_choices import ignore_answer, name_form, topic_options
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.text import Plain, plural
from redis_dash.tui.widgets.table import Table

LONG_PASS_S = 5.0
"""A pass over all keys that lasts longer is worth telling how far it is."""
_SORT = KeyHelp("sort by memory, or by the number of keys", section=IN_KEYS, footer="sort", priority=1, rank=1)
_FOLLOW = KeyHelp("follow the streams of this kind in Events", section=IN_KEYS, footer="follow", priority=8, rank=3)
_PROFILE = KeyHelp(
    "show the config.toml that watches what was recognised", section=IN_KEYS, footer="config.toml", priority=7, rank=2
)

_TOPIC = KeyHelp("choose the pane that shows the keys", section=IN_KEYS, footer="assign", priority=6, rank=3)
_NAME = KeyHelp("give the kind a name of your own", section=IN_KEYS, footer="name", priority=6, rank=4)
_IGNORE = KeyHelp(
    "ignore the kind, here and in all panes, or show it again", section=IN_KEYS, footer="ignore", priority=6, rank=5
)
_IGNORED = KeyHelp("list the ignored kinds, too, or not", section=IN_KEYS, rank=6)


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
            ("counters of the cache", "a pane reads the key by its name; so with companion keys and followed streams"),
            ("not recognised", "no known framework writes such keys; your own application may"),
            ("numbers that expire", "counters perhaps; if they are a limiter, --limit names them"),
            ("not read yet", "no key of this kind was read so far"),
            ("rights missing", "our user may not read the keys, or not run a command that reads them"),
            ("gone before it was read", "the keys that were to be read were gone, so what they held is not known"),
            ("(likely)", "names and values fit, but others may write such keys, too"),
            ("pane  not shown", "the pane that shows the keys, since its patterns match; no pane does"),
            ("(in part)", "the patterns match some of the names"),
            ("Carts · cart:*", "a name of your own before the pattern; {keys.name} gives it"),
            ("ignored", "shown in no pane; {keys.list_ignored} lists such kinds, {keys.ignore} shows one again"),
            ("▾", "the column by which the rows are sorted"),
            ("2 % sampled", "names that were drawn; counts are estimates, kinds of very few keys may be missing"),
            ("4 keys not seen", "the server counts them, the scan has not returned them: expired, or come too late"),
            ("2 keys may be gone", "there were so many fewer during the scan; of which kinds is not known"),
            ("scan 12 %", "so much of all keys the scan has seen so far"),
        ),
    )
    BINDINGS: ClassVar = [
        Binding("s", "sort", "Sort", show=False, id="keys.sort", group=_SORT),
        Binding("f", "follow", "Follow streams", show=False, id="keys.follow", group=_FOLLOW),
        Binding("a", "topic", "Show in a pane", show=False, id="keys.topic", group=_TOPIC),
        Binding("e", "name", "Name", show=False, id="keys.name", group=_NAME),
        Binding("i", "ignore", "Ignore", show=False, id="keys.ignore", group=_IGNORE),
        Binding("v", "list_ignored", "List the ignored", show=False, id="keys.list_ignored", group=_IGNORED),
        Binding("w", "profile", "Show config.toml", show=False, id="keys.profile", group=_PROFILE),
    ]

    def __init__(self) -> None:
        super().__init__(0)
        self._by = "memory"
        self._lists_ignored = False
        self._sorted: tuple[KeysFrame | None, object, tuple[KeyKind, ...]] = (None, None, ())
        self._rows = KindRows(self.tallies)
        self.server: ServerFrame | None = None
        """The server as it was just read, which tells the databases; None if it was not."""
        self.table: Table[KeyKind] = Table(columns(self._by, 0), self._rows)

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

    def action_sort(self) -> None:
        """Sort by the other column."""
        self._by = "count" if self._by == "memory" else "memory"
        self._fit(self.size.width)
        self.table.home()
        self.catch_up()

    def action_topic(self) -> None:
        """Choose the pane that shows the cursor's kind."""
        if (kind := self.table.item) is not None:
            self._request(topic_options(kind, self._numbers()))

    def action_name(self) -> None:
        """Ask for a name of the cursor's kind."""
        if (kind := self.table.item) is not None:
            self._request(name_form(kind))

    def action_ignore(self) -> None:
        """Ignore the cursor's kind, or show it again."""
        if (kind := self.table.item) is not None:
            self._request(ignore_answer(kind))

    def _request(self, wanted: Form | Options | Answer | Plain) -> None:
        match wanted:
            case Form():
                self.post_message(FormRequested(wanted))
            case Options():
                self.post_message(OptionsRequested(wanted))
            case Answer():
                self.post_message(AnswerGiven(wanted))
            case _:
                self.post_message(NotificationRequested(wanted))

    def action_list_ignored(self) -> None:
        """List the ignored kinds, too, or not."""
        self._lists_ignored = not self._lists_ignored
        self.catch_up()

    def action_profile(self) -> None:
        """Show the settings that watch what was recognised."""
        self.post_message(DetailRequested(lambda: profile_detail(self.frame or KeysFrame())))

    def action_follow(self) -> None:
        """Follow the streams of the selected kind."""
        row = self.table.item
        if row is None or [name for name, _ in row.types] != ["stream"]:
            self.post_message(NotificationRequested(Plain("Only kinds whose keys are streams can be followed.")))
            return
        self.post_message(ReadRequested(FollowStreams(row.id)))
        self.post_message(NotificationRequested(kind_text.followed(row)))

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the width."""
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        self.table.columns = columns(self._by, width)
        self.table.forget()
        self.table.repaint()

    def listed(self, frame: KeysFrame) -> tuple[KeyKind, ...]:
        """The rows in their order."""
        of, how, rows = self._sorted
        now = self._by, self._lists_ignored
        if of is None or of.kinds is not frame.kinds or how != now:
            kinds = [kind for kind in frame.kinds if self._lists_ignored or not kind.is_ignored]
            rows = tuple(sorted(kinds, key=by_memory if self._by == "memory" else by_count))
            self._sorted = frame, now, rows
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
        """No key was seen, or all kinds are ignored."""
        return not self.listed(frame)

    def nothing(self, frame: KeysFrame) -> Plain:
        """Whether there is none, or none was seen yet, or all are ignored."""
        if frame.kinds:
            all_ignored = f"{plural(len(frame.kinds), 'kind')}, all ignored."
            return Plain(f"{all_ignored} {self.key_table.hint('{keys.list_ignored} lists them.')}".rstrip())
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
        keys = f"{frame.keys:,}+ keys" if frame.partial else plural(frame.keys, "key")
        pieces += piece(keys, "strong"), piece(plural(len(frame.kinds), "kind"), "dim")
        if read:
            of = "" if len(read) == len(frame.kinds) else f" in {len(read):,} of them"
            about = "~" if any(memory.low != memory.high for memory in read) and not frame.partial else ""
            more = "+" if frame.partial else ""
            pieces.append(piece(f"{about}{nbytes(sum(memory.value for memory in read))}{more}{of}"))
        if ignored := sum(kind.is_ignored for kind in frame.kinds):
            pieces.append(piece(f"{ignored:,} ignored", "dim"))
        return tuple(pieces)

    def asides(self) -> list[Piece]:
        """The watched database and what others hold; how to list the ignored kinds."""
        return [*self._of_databases(), *self._of_ignored(), *super().asides()]

    def _of_ignored(self) -> list[Piece]:
        frame = self.frame
        if frame is None or not any(kind.is_ignored for kind in frame.kinds):
            return []
        return self.hint(f"{{keys.list_ignored}}: {'hide' if self._lists_ignored else 'list'} the ignored")

    def _of_databases(self) -> list[Piece]:
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

    def notes(self) -> list[Piece]:
        """Also how many keys were missed: they may be of any kind."""
        frame = self._shown_frame
        missed = () if frame is None else kind_text.missed(frame.unseen, frame.gone)
        return [*super().notes(), *(piece(text, "dim") for text in missed)]

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

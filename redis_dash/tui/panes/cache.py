"""The cache pane: hit rates."""

from __future__ import annotations

import math
from collections.abc import Hashable

from textual.app import ComposeResult
from textual.events import Resize

from redis_dash.core.frames.cache import CacheFrame, CacheGroup
from redis_dash.tui.formatting import clock, compact, count, percent, tally
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Ground, Role
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.sparkline import Sparkline, drawing_height
from redis_dash.tui.widgets.table import Table

FALL = 0.15
"""The hit rate is falling if it is this far below the rate since the start."""
FALL_LOOKUPS = 20
"""The least number of lookups for that, so that three misses in a row raise no alarm."""
FALL_DEVIATIONS = 3.5
"""The least number of standard deviations: the rate of a few lookups varies by itself."""

TABLE_ROWS = 8
"""The lines that the frame and a table of a few caches take."""

COLUMNS = (
    Column(Plain("cache"), 12, most=40),
    Column(Plain(""), 6, most=24, priority=3, bar=True),
    Column(Plain("hit rate"), 8, right=True),
    Column(Plain("now"), 7, least=7, right=True, priority=2),
    Column(Plain("hits"), 7, right=True),
    Column(Plain("misses"), 7, right=True),
    Column(Plain("keys"), 6, most=13, right=True, priority=1),
)


class CachePane(TablePane[CacheFrame, CacheGroup]):
    """The server's hit rate over time, then the application's caches."""

    TOPIC = "cache"
    NAME = TAB = Plain("Cache")
    EMPTY = Plain(
        "No lookup but ours has been counted since the server's statistics began. Hits and misses appear here."
    )
    FRAME = CacheFrame
    WORDS = (
        "Cache",
        (
            ("hit rate  now", "lookups that found something: since counting began; over the last seconds"),
            ("hits  misses", "lookups that found something, that found nothing"),
            (
                "since start",
                "since the server was started, or its counters were reset before this dashboard came; lookups of",
            ),
            ("", "earlier runs of redis-dash are in it, since their number is not known"),
            ("since 14:02:41", "since its counters were reset then"),
            ("without our own", "lookups that this dashboard makes itself are not counted"),
            ("with lookups of other", "dashboards: another one has watched since the counters began"),
            ("keys", "answers in the cache, as the scan has counted or estimated them"),
            ("cache", "its name, as in --cache"),
        ),
    )

    DEFAULT_CSS = "CachePane > Sparkline { height: 2; }"

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._history = Sparkline()
        self.table: Table[CacheGroup] = Table(COLUMNS, _Rows())
        self.table.placeholder = Plain(
            "No cache of the application is named. --cache 'NAME=PATTERN' lists one here: its keys, hits and misses."
        )

    def compose(self) -> ComposeResult:
        """The sparkline above, the caches below."""
        yield self._history
        yield self.table

    def on_resize(self, event: Resize) -> None:
        """The sparkline takes the lines that the table does not need."""
        self._history.styles.height = drawing_height(event.size.height - TABLE_ROWS)

    def has_nothing(self, frame: CacheFrame) -> bool:
        """No lookup yet, and no cache known."""
        return not frame.groups and not frame.hits and not frame.misses

    def answer(self, frame: CacheFrame) -> tuple[Piece, ...]:
        """``93.4 % now · 91.0 % since start``; after a reset of the server's counters ``· 91.0 % since 14:02:41``."""
        falling = is_falling(frame)
        now = piece(f"{'▼ ' if falling else ''}{percent(frame.interval_hit_rate)} now", "warn" if falling else "strong")
        if frame.interval_hit_rate is None:
            now = piece("no lookups now" if _lookups(frame) == 0 else "– now", "dim")
        since = "start" if frame.since is None else clock(frame.since)[:8]
        return now, piece(f"{percent(frame.hit_rate)} since {since}"), piece(_own(frame), "dim")

    def brief_answer(self, frame: CacheFrame) -> tuple[Piece, ...]:
        """Without our own lookups, which never count."""
        return self.answer(frame)[:2]

    def nothing(self, frame: CacheFrame) -> Plain:
        """After a reset of the counters there may have been lookups before."""
        if frame.since is None:
            return self.EMPTY
        return Plain(f"Nothing has been looked up since the server's counters were reset at {clock(frame.since)[:8]}.")

    def warning(self, frame: CacheFrame) -> Segment | None:
        """The hit rate is falling."""
        return (Plain("▼"), "warn") if is_falling(frame) else None

    def listed(self, frame: CacheFrame) -> tuple[CacheGroup, ...]:
        """The application's caches."""
        return frame.groups

    def display_frame(self, frame: CacheFrame) -> None:
        """Show the sparkline and the rows."""
        role: Role = "warn" if is_falling(frame) else "accent"
        self._history.show(frame.history, 1.0, (Plain("100 %"), Plain("0")), role)
        super().display_frame(frame)

    def describe(self, group: CacheGroup) -> Detail:
        """Everything about one cache."""
        facts = (
            (Plain("cache"), plain(group.name, 200) or Plain("(empty)")),
            (Plain("keys"), tally(group.keys)),
            (Plain("hits"), _known(group.hits)),
            (Plain("misses"), _known(group.misses)),
            (Plain("hit rate"), percent(group.hit_rate, 2)),
            (Plain("hit rate now"), percent(group.interval_hit_rate, 2)),
            (Plain("lookups now"), _known(group.interval_lookups)),
        )
        return Detail(Plain("Cache"), facts)


def is_falling(frame: CacheFrame) -> bool:
    """Whether the rate of the last seconds is well below the rate since the start, and not by chance.

    While another dashboard watches, its lookups are in both rates, so they say nothing.
    """
    usual, now, lookups = frame.hit_rate, frame.interval_hit_rate, _lookups(frame) or 0
    if usual is None or now is None or lookups < FALL_LOOKUPS or (frame.dashboards or 1) > 1:
        return False
    return usual - now >= max(FALL, FALL_DEVIATIONS * math.sqrt(usual * (1 - usual) / lookups))


def _lookups(frame: CacheFrame) -> int | None:
    """The number of lookups in the last seconds."""
    hits, misses = frame.interval_hits, frame.interval_misses
    return None if hits is None or misses is None else hits + misses


def _own(frame: CacheFrame) -> Plain:
    if frame.had_others:
        return Plain("with lookups of other dashboards")
    return Plain(f"without our own {compact(frame.own_hits + frame.own_misses)} lookups")


def _known(value: int | None) -> Plain:
    return Plain("not known") if value is None else count(value)


class _Rows:
    def key(self, group: CacheGroup) -> Hashable:
        return group.name

    def cells(self, group: CacheGroup) -> tuple[Cell, ...]:
        falling = _group_falls(group)
        now = percent(group.interval_hit_rate)
        return (
            Name(plain(group.name, 200) or Plain("(empty)"), "text"),
            Bar(group.hit_rate, "gauge"),
            (percent(group.hit_rate), "strong"),
            (Plain(f"▼{now}") if falling else now, "warn" if falling else "dim"),
            (_short(group.hits), "text"),
            (_short(group.misses), "text"),
            _keys(group),
        )

    def ground(self, _group: CacheGroup) -> Ground:
        return "base"

    def words(self, group: CacheGroup) -> str:
        return group.name


def _group_falls(group: CacheGroup) -> bool:
    if group.hit_rate is None or group.interval_hit_rate is None:
        return False
    return (group.interval_lookups or 0) >= FALL_LOOKUPS and group.hit_rate - group.interval_hit_rate >= FALL


def _keys(group: CacheGroup) -> Figure:
    """``200``, ``1.20 M``, ``1.20 M ± 2 %``; without room for the margin ``~1.20M``."""
    short, margin = compact(group.keys.value), tally(group.keys)
    if margin == count(group.keys.value):
        return Figure((short,), "dim")
    return Figure((margin, Plain(f"~{short}"), Plain(f"~{short.replace(' ', '')}")), "dim")


def _short(value: int | None) -> Plain:
    """The exact value while it fits the column."""
    if value is None:
        return Plain("–")
    return count(value) if value < 1_000_000 else compact(value)

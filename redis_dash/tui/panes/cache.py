"""The cache pane: hit rates."""

from __future__ import annotations

from collections.abc import Hashable

from textual.app import ComposeResult
from textual.events import Resize

from redis_dash.core.durations import tenths
from redis_dash.core.frames.cache import FALL_IS_NEWS_S, CacheFrame, CacheGroup
from redis_dash.tui.cluster_text import seen_part
from redis_dash.tui.formatting import Tallies, clock, compact, count, percent
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

EARLIER = Plain("total: any earlier dashboards too"), Plain("incl. any earlier dashboards")
"""Their lookups cannot be told from those of the application; the longest form first."""
OTHERS = Plain("both rates: other dashboards too"), Plain("incl. other dashboards")
"""The lookups of those that watch now; the longest form first."""
BESIDE = 26
"""Room in the lower edge for its corners and the status."""

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
            ("hit rate  now", "share of the lookups that found something: since counting began; over the last seconds"),
            ("hits  misses", "lookups that found something, that found nothing"),
            ("total", "by the server's counters: since its start, or since a reset before this dashboard came"),
            ("earlier dashboards", "lookups of earlier runs of redis-dash, which cannot be told from others"),
            ("▼ 50.0 % now", "fell 15 points or more below the median of earlier readings"),
            ("▼ ends", f"half way back, or after {FALL_IS_NEWS_S / 60:.0f} min: then the lower rate is the usual one"),
            ("▼50.0 %", "the same of one cache: below its hit rate of all lookups before"),
            ("lookups now", "in the last seconds; the details of a cache say in how many"),
            ("since 14:02:41", "since the server's counters were reset, at that time; of a cluster those of all nodes"),
            (
                "reset in part 14:02:41",
                "the counters of some nodes were reset then: total holds what others counted before",
            ),
            ("without our own", "lookups that this dashboard makes itself are not counted"),
            ("other dashboards too", "another one has watched meanwhile: its lookups are in these rates"),
            ("keys", "keys of the cache, as the scan has counted or estimated them"),
            ("cache", "its name, as in --cache"),
        ),
    )

    DEFAULT_CSS = "CachePane > Sparkline { height: 2; }"

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._history = Sparkline()
        self.table: Table[CacheGroup] = Table(COLUMNS, _Rows(self.tallies))
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
        """``93.4 % now · 91.0 % total``; after a reset of the server's counters ``· 91.0 % since 14:02:41``."""
        falling = frame.has_fallen
        now = piece(f"{'▼ ' if falling else ''}{percent(frame.interval_hit_rate)} now", "warn" if falling else "strong")
        if frame.interval_hit_rate is None:
            now = piece("no lookups now" if _lookups(frame) == 0 else "– now", "dim")
        total = piece(f"{percent(frame.hit_rate)} {_total(frame)}")
        part = (piece(seen_part(frame.partial), "warn"),) if frame.partial else ()
        return now, total, *part, piece(f"without our own {compact(frame.own_hits + frame.own_misses)} lookups", "dim")

    def notes(self) -> list[Piece]:
        """Also whose lookups are, or may be, in the rates."""
        frame = self._shown_frame
        forms = [] if frame is None else [form for form in _included(frame) if len(form) <= self.size.width - BESIDE]
        in_part = (
            [] if frame is None or frame.reset_in_part is None else [piece(_reset_in_part(frame.reset_in_part), "dim")]
        )
        return [*super().notes(), *in_part, *(piece(form, "dim") for form in forms[:1])]

    def brief_answer(self, frame: CacheFrame) -> tuple[Piece, ...]:
        """The rates alone."""
        return self.answer(frame)[: 3 if frame.partial else 2]

    def nothing(self, frame: CacheFrame) -> Plain:
        """After a reset of the counters there may have been lookups before."""
        if frame.hits is None or frame.misses is None:
            return Plain("This server does not tell its hits and misses.")
        if frame.since is None:
            return self.EMPTY
        return Plain(f"Nothing has been looked up since the server's counters were reset at {clock(frame.since)[:8]}.")

    def warning(self, frame: CacheFrame) -> Segment | None:
        """The hit rate has fallen."""
        return (Plain("▼"), "warn") if frame.has_fallen else None

    def listed(self, frame: CacheFrame) -> tuple[CacheGroup, ...]:
        """The application's caches."""
        return frame.groups

    def display_frame(self, frame: CacheFrame) -> None:
        """Show the sparkline and the rows."""
        role: Role = "warn" if frame.has_fallen else "accent"
        self._history.show(frame.history, 1.0, (Plain("100 %"), Plain("0")), role)
        super().display_frame(frame)

    def describe(self, group: CacheGroup) -> Detail:
        """Everything about one cache."""
        facts = (
            (Plain("cache"), plain(group.name, 200) or Plain("(empty)")),
            (Plain("keys"), self.tallies(group.keys, group.name)),
            (Plain("hits"), _known(group.hits)),
            (Plain("misses"), _known(group.misses)),
            (Plain("hit rate"), percent(group.hit_rate, 2)),
            (Plain("hit rate now"), percent(group.interval_hit_rate, 2)),
            (Plain("lookups now"), _lookups_now(group, self.frame)),
        )
        return Detail(Plain("Cache"), facts)


def _included(frame: CacheFrame) -> tuple[Plain, ...]:
    """Whose lookups are in the rates beside the application's; the longest form first."""
    if frame.hit_rate is None:
        return ()
    if not frame.had_others:
        return EARLIER if frame.earlier_dashboards is None else ()
    since = _total(frame)
    is_now = (frame.dashboards or 1) > 1 and frame.interval_hit_rate is not None
    return OTHERS if is_now else (Plain(f"{since}: other dashboards too"), Plain(f"{since}: others too"))


def _total(frame: CacheFrame) -> str:
    """``since 14:02:41`` after a reset that was seen; else nobody knows when the server's counters began."""
    return "total" if frame.since is None else f"since {clock(frame.since)[:8]}"


def _reset_in_part(at: float) -> Plain:
    """The sum of all nodes is not since then."""
    return Plain(f"reset in part {clock(at)[:8]}")


def _lookups(frame: CacheFrame) -> int | None:
    """The number of lookups in the last seconds."""
    hits, misses = frame.interval_hits, frame.interval_misses
    return None if hits is None or misses is None else hits + misses


def _lookups_now(group: CacheGroup, frame: CacheFrame | None) -> Plain:
    """``28 in 1.0 s``."""
    seconds = frame.interval_s if frame is not None else None
    if group.interval_lookups is None or seconds is None:
        return Plain("not known")
    return Plain(f"{count(group.interval_lookups)} in {tenths(seconds)}")


def _known(value: int | None) -> Plain:
    return Plain("not known") if value is None else count(value)


class _Rows:
    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def key(self, group: CacheGroup) -> Hashable:
        return group.name

    def cells(self, group: CacheGroup) -> tuple[Cell, ...]:
        falling = group.has_fallen
        now = percent(group.interval_hit_rate)
        return (
            Name(plain(group.name, 200) or Plain("(empty)"), "text"),
            Bar(group.hit_rate, "gauge"),
            (percent(group.hit_rate), "strong"),
            (Plain(f"▼{now}") if falling else now, "warn" if falling else "dim"),
            (_short(group.hits), "text"),
            (_short(group.misses), "text"),
            _keys(group, self._tallies(group.keys, group.name)),
        )

    def ground(self, _group: CacheGroup) -> Ground:
        return "base"

    def words(self, group: CacheGroup) -> str:
        return group.name


def _keys(group: CacheGroup, margin: Plain) -> Figure:
    """``200``, ``1.20 M``, ``1.20 M ± 2 %``, ``85–140``; without room for the bounds ``~1.20M``."""
    short = compact(group.keys.value)
    if margin == count(group.keys.value):
        return Figure((short,), "dim")
    return Figure((margin, Plain(f"~{short}"), Plain(f"~{short.replace(' ', '')}")), "dim")


def _short(value: int | None) -> Plain:
    """The exact value while it fits the column."""
    if value is None:
        return Plain("–")
    return count(value) if value < 1_000_000 else compact(value)

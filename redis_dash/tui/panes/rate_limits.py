"""The rate limits pane: clients near, at or over their limit."""

from __future__ import annotations

import re
from collections.abc import Hashable, Set
from itertools import takewhile
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core.certainty import Count, at_least
from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.tui.abbreviation import Abbreviations
from redis_dash.tui.formatting import compact, count, duration, seen, tally
from redis_dash.tui.intents import Detail, Form, FormRequested, NotificationRequested
from redis_dash.tui.keys import IN_A_PANE, KeyHelp
from redis_dash.tui.panes import limit_text
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.limit_form import limit_form
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Ground
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Table

_SET = KeyHelp(
    "set the limit of the row's kind of keys, change or remove it; only where Redis does not hold it",
    section=IN_A_PANE,
    footer="limit",
    priority=6,
    rank=20,
)
COLUMNS = (
    Column(Plain("client"), 40),
    Column(Plain("limiter"), 10, most=60, before_bars=True),
    Column(Plain(""), 5, most=40, priority=1, bar=True),
    Column(Plain("used"), 15, least=7, right=True),
    Column(Plain("state"), 19, least=14, most=26),
)


class RateLimitsPane(TablePane[RateLimitsFrame, LimitRow]):
    """Clients and how much of their limit they have used; blocked clients first."""

    TOPIC = "rate_limits"
    NAME = Plain("Rate limits")
    TAB = Plain("Limits")
    EMPTY = Plain("Keys that match --limit (ratelimit:* by default) are listed here, the fullest first.")
    FRAME = RateLimitsFrame
    WORDS = (
        "Rate limits",
        (
            ("client", "whom the limit counts: an address, a user, an API key"),
            ("limiter", "what counts the client: the pattern of its keys, and the route, if the key names one"),
            ("counters", "instead of clients, with several limiters: one for each client and limiter"),
            ("used", "requests in the limit's window, of those allowed"),
            ("150 held", "without a known limit: all entries that the client's key holds, of any age"),
            ("7 left", "where the key says how many are left, and not how many are used"),
            ("clear in 25 s", "where the key says only when nothing is used any more; how much is used is not known"),
            ("state", "one of the following; empty where nothing is used, or the window is not known"),
            ("blocked, 41 s", "all requests are used that the limit allows; after that time the next is let in"),
            ("near, 12 s", "80 % of the limit or more is used; falls or resets in that time"),
            ("falls in 12 s", "then the oldest requests leave the window, and fewer are used"),
            ("resets in 12 s", "then the window ends, and nothing is used"),
            ("falling", "the oldest requests have just left the window; what is used now is not read yet"),
            ("resetting", "the window has just ended; what is used now is not read yet"),
            (
                "ends in 5 min, not 60 s",
                "its counter lasts longer than the window of --limit: it has another limit, or is blocked for longer",
            ),
            ("no expiry", "its counter never ends by itself"),
            (
                "window may be over",
                "its key outlives the window, and does not say when that ends; also written: may be over",
            ),
            (
                "blocked, or window over",
                "the limit is used up, unless the window is over; counted neither as blocked nor as near",
            ),
            ("9+ blocked", "at least: others may have come, or their states say why it is not known; so with near"),
            ("clients exact", "their number is exact, and that of the blocked ones a lower bound"),
            ("limit not known", "Redis holds no limit; {limits.set} or --limit sets it, to see who is blocked"),
            ("set by you", "the limit was set with {limits.set}, which also changes and removes it"),
            ("limit does not fit", "no counter ends within the window of the limit, so none is judged by it"),
            ("keys", "instead of clients: some that match hold no counter known here, or not all keys were seen yet"),
        ),
    )

    BINDINGS: ClassVar = [
        Binding("l", "set_limit", "Set the limit", show=False, id="limits.set", group=_SET),
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._rows = _Rows()
        self.table: Table[LimitRow] = Table(COLUMNS, self._rows)

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

    @property
    def has_own_key(self) -> bool:
        """Whether a client is listed."""
        return self.table.item is not None

    def action_set_limit(self) -> None:
        """Ask for the limit of the cursor's row, or say why there is nothing to set."""
        row = self.table.item
        if row is None:
            return
        form = limit_form(row)
        self.post_message(FormRequested(form) if isinstance(form, Form) else NotificationRequested(form))

    def asides(self) -> list[Piece]:
        """How to set a limit that is not known."""
        frame = self.frame
        is_open = frame is not None and frame.unlimited and bool(frame.rows)
        return [*(self.hint("{limits.set}: set the limit") if is_open else ()), *super().asides()]

    def has_nothing(self, frame: RateLimitsFrame) -> bool:
        """No client is counted, or no key is one that is known here."""
        return not frame.rows and (not frame.count.value or bool(frame.unrecognised))

    def nothing(self, frame: RateLimitsFrame) -> Plain:
        """The patterns that were searched for; what the keys are, if they are no limiters."""
        if not frame.unrecognised:
            return self.empty_text("limiters", "--limit")
        kinds = ", ".join(kind if number == 1 else f"{kind} ({number:,})" for kind, number in frame.unrecognised)
        return Plain(f"The keys that match hold no counter that is known here: {plain(kinds, 200)}.")

    def known(self, frame: RateLimitsFrame) -> int:
        """All clients, listed or not."""
        return frame.count.value

    def answer(self, frame: RateLimitsFrame) -> tuple[Piece, ...]:
        """``1 blocked · 3 near · 40 clients``, ``1,204+ blocked · 310+ near · 480 k ± 1 % clients``."""
        clients = piece(seen(frame.count, _counted(frame), self.tallies))
        if not frame.rows:
            return (clients,)
        if frame.unlimited and frame.blocked.value:  # the keys say so
            return piece(f"{_at_least(frame.blocked)} blocked", "alarm"), clients, piece("limit not known", "dim")
        if frame.unlimited:
            misfits = any(row.given_limit is not None for row in frame.rows)
            return clients, piece("limit does not fit" if misfits else "limit not known", "dim")
        return (
            piece(f"{_at_least(frame.judged(frame.blocked))} blocked", "alarm" if frame.blocked.value else "dim"),
            piece(f"{_at_least(frame.judged(frame.near))} near", "warn" if frame.near.value else "dim"),
            clients,
        )

    def currency(self) -> tuple[Piece, ...]:
        """``clients exact`` where the number of blocked ones in the title is not: ``9+ blocked``."""
        frame, known = self.frame, self.reading.count if self.reading else None
        own = super().currency()
        if own or frame is None or known is None or known.certainty != "exact":
            return own
        says_blocked = bool(frame.rows) and (not frame.unlimited or frame.blocked.value > 0)
        is_vague = says_blocked and frame.judged(frame.blocked).certainty in ("at_least", "unknown")
        return (piece(f"{_counted(frame)}s exact", "dim"),) if is_vague else ()

    def brief_answer(self, frame: RateLimitsFrame) -> tuple[Piece, ...]:
        """``1,204+ blocked · 310+ near · ~480 k clients``: the margin of an estimate is left out."""
        pieces = self.answer(frame)
        if frame.unlimited or frame.count.certainty != "estimated" or not frame.count.value:
            return pieces
        return (*pieces[:-1], piece(f"~{compact(frame.count.value)} {_counted(frame)}s"))

    def warning(self, frame: RateLimitsFrame) -> Segment | None:
        """A client is blocked."""
        return (Plain(f"!{_at_least(frame.judged(frame.blocked))}"), "alarm") if frame.blocked.value else None

    def listed(self, frame: RateLimitsFrame) -> tuple[LimitRow, ...]:
        """The clients with the largest share."""
        return frame.rows

    def display_frame(self, frame: RateLimitsFrame) -> None:
        """The rows; each names its limiter if there are several."""
        names = short_names({row.limiter for row in frame.rows}) if frame.limiters > 1 else {}
        if names != self._rows.limiters:
            self._rows.name_limiters(names)
            self.table.forget()
        super().display_frame(frame)

    def departure(self, is_complete: bool) -> Plain:
        """All requests left the window, or others have used more. Another key may count the client by now."""
        return Plain("This key counts nothing any more.") if is_complete else super().departure(is_complete)

    def describe(self, row: LimitRow) -> Detail:
        """The limit behind the row, and the client's usage."""
        facts = (
            (Plain("client"), plain(row.identity, 200) or Plain("(empty)")),
            (Plain("state"), limit_text.explained(row, self.key_table.hint("; {limits.set} sets it"))),
            limit_text.used(row),
            (Plain("limit"), limit_text.limit(row, self.key_table.hint("; {limits.set} changes it"))),
            (Plain("window"), Plain("not in the key") if row.window_s is None else duration(row.window_s)),
            (Plain("usage resets in" if row.resets else "usage falls in"), limit_text.falls(row)),
            *([(Plain("limiter"), plain(row.limiter, 200))] if row.limiter else []),
            (Plain("key"), plain(row.key, 400)),
            (Plain("kind"), plain(row.dialect, 60)),
        )
        return Detail(Plain("Rate limit"), facts)


def _at_least(number: Count) -> Plain:
    """``9``, ``9+``: each client that may have come since may be blocked, too, so no upper bound says anything."""
    is_vague = number.certainty == "counted" and tally(number) != count(number.value)
    return tally(at_least(number.low) if is_vague else number)


def _counted(frame: RateLimitsFrame) -> str:
    """What a key counts; a client has one for each limiter."""
    if frame.unrecognised or not frame.has_seen_all:
        return "key"
    return "counter" if frame.limiters > 1 else "client"


def short_names(names: Set[str]) -> dict[str, str]:
    """Names without the words with which all begin: ``login`` and ``api`` for ``limit:login`` and ``limit:api``."""
    words = {name: re.findall(r"[^:/ ]+[:/ ]*", name) for name in names}
    shared = len(list(takewhile(lambda each: len(set(each)) == 1, zip(*words.values(), strict=False))))
    common = max(0, min([shared, *(len(each) - 1 for each in words.values())]))
    return {name: "".join(each[common:]) for name, each in words.items()}


class _Rows:
    def __init__(self) -> None:
        self.limiters: dict[str, str] = {}
        """The short names of the limiters, if there are several."""
        self._abbreviations = Abbreviations()

    def name_limiters(self, names: dict[str, str]) -> None:
        """Show these short names; where there is no room, that of them in which they differ."""
        self.limiters, self._abbreviations = names, Abbreviations()
        for name in names.values():
            self._abbreviations.learn(plain(name, 200))

    def key(self, row: LimitRow) -> Hashable:
        return row.whole_key or row.key

    def cells(self, row: LimitRow) -> tuple[Cell, ...]:
        identity = Name(plain(row.identity, 200) or Plain("(empty)"), "bad" if row.blocked else "text")
        limiter = Name(plain(self.limiters.get(row.limiter, ""), 200), "dim", self._abbreviations.fit)
        role = limit_text.level(row)
        doubtful = role in ("bad", "warn") or row.given_window_s is not None
        state = Figure(limit_text.state(row), ("bad" if role == "bad" else "warn") if doubtful else "dim")
        if row.limit is None:
            return identity, limiter, Bar(None, role), Figure(limit_text.figure(row), "text"), state
        share = row.used / row.limit if row.limit > 0 else 1.0
        forms = (Plain(f"{row.used:,}/{row.limit:,}"), Plain(f"{compact(row.used)}/{compact(row.limit)}"))
        return identity, limiter, Bar(share, role), Figure(forms, role if row.blocked else "text"), state

    def ground(self, row: LimitRow) -> Ground:
        return "trouble" if row.blocked else "base"

    def words(self, row: LimitRow) -> str:
        return f"{row.identity} {row.key} {row.limiter} {limit_text.word(row)} {row.dialect}"

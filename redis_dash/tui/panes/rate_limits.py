"""The rate limits pane: clients near, at or over their limit."""

from __future__ import annotations

import re
from collections.abc import Hashable, Set
from itertools import takewhile

from textual.app import ComposeResult

from redis_dash.core.frames.rate_limits import LimitRow, RateLimitsFrame
from redis_dash.tui.formatting import about, compact, count, duration, seen, tally
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.theme_styles import Ground, Role
from redis_dash.tui.widgets.cells import Bar, Cell, Figure, Name
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Table

NEAR = 0.8
"""From this share of its limit on, a client is near it."""

_MAY_BE_OVER = "window may be over"

COLUMNS = (
    Column(Plain("client"), 40),
    Column(Plain("limiter"), 10, most=60, before_bars=True),
    Column(Plain(""), 5, most=40, priority=1, bar=True),
    Column(Plain("used"), 15, least=7, right=True),
    Column(Plain("state"), 16, least=14, most=26),
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
            ("near", "80 % of the limit or more is used"),
            ("falls in 12 s", "then the oldest requests leave the window, and fewer are used"),
            ("resets in 12 s", "then the window ends, and nothing is used"),
            ("resetting", "the window has just ended; what is used now is not read yet"),
            (
                "ends in 5 min, not 60 s",
                "its counter lasts longer than the window of --limit, so that limit is not its own",
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
            ("9+ blocked", "at least: of some others it is not known now, their states say why; so with near"),
            ("limit not known", "Redis holds no limit; name it with --limit to see who is blocked"),
            ("limit does not fit", "no counter ends within the window of --limit, so none is judged by it"),
            ("keys", "instead of clients, where some of the keys that match hold no counter that is known here"),
        ),
    )

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._rows = _Rows()
        self.table: Table[LimitRow] = Table(COLUMNS, self._rows)

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table

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
            return piece(f"{tally(frame.blocked)} blocked", "alarm"), clients, piece("limit not known", "dim")
        if frame.unlimited:
            misfits = any(row.given_limit is not None for row in frame.rows)
            return clients, piece("limit does not fit" if misfits else "limit not known", "dim")
        return (
            piece(f"{tally(frame.judged(frame.blocked))} blocked", "alarm" if frame.blocked.value else "dim"),
            piece(f"{tally(frame.judged(frame.near))} near", "warn" if frame.near.value else "dim"),
            clients,
        )

    def brief_answer(self, frame: RateLimitsFrame) -> tuple[Piece, ...]:
        """``1,204+ blocked · 310+ near · ~480 k clients``: the margin of an estimate is left out."""
        pieces = self.answer(frame)
        if frame.unlimited or frame.count.certainty != "estimated" or not frame.count.value:
            return pieces
        return (*pieces[:-1], piece(f"~{compact(frame.count.value)} {_counted(frame)}s"))

    def warning(self, frame: RateLimitsFrame) -> Segment | None:
        """A client is blocked."""
        return (Plain(f"!{tally(frame.blocked)}"), "alarm") if frame.blocked.value else None

    def listed(self, frame: RateLimitsFrame) -> tuple[LimitRow, ...]:
        """The clients with the largest share."""
        return frame.rows

    def display_frame(self, frame: RateLimitsFrame) -> None:
        """The rows; each names its limiter if there are several."""
        names = short_names({row.limiter for row in frame.rows}) if frame.limiters > 1 else {}
        if names != self._rows.limiters:
            self._rows.limiters = names
            self.table.forget()
        super().display_frame(frame)

    def departure(self, is_complete: bool) -> Plain:
        """All requests left the window, or others have used more. Another key may count the client by now."""
        return Plain("This key counts nothing any more.") if is_complete else super().departure(is_complete)

    def describe(self, row: LimitRow) -> Detail:
        """The limit behind the row, and the client's usage."""
        facts = (
            (Plain("client"), plain(row.identity, 200) or Plain("(empty)")),
            (Plain("state"), _explained(row)),
            _used(row),
            (Plain("limit"), _limit(row)),
            (Plain("window"), Plain("not in the key") if row.window_s is None else duration(row.window_s)),
            (Plain("usage resets in" if row.resets else "usage falls in"), _falls(row)),
            *([(Plain("limiter"), plain(row.limiter, 200))] if row.limiter else []),
            (Plain("key"), plain(row.key, 400)),
            (Plain("kind"), plain(row.dialect, 60)),
        )
        return Detail(Plain("Rate limit"), facts)


def _counted(frame: RateLimitsFrame) -> str:
    """What a key counts; a client has one for each limiter."""
    if frame.unrecognised:
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

    def key(self, row: LimitRow) -> Hashable:
        return row.whole_key or row.key

    def cells(self, row: LimitRow) -> tuple[Cell, ...]:
        identity = Name(plain(row.identity, 200) or Plain("(empty)"), "bad" if row.blocked else "text")
        limiter = Name(plain(self.limiters.get(row.limiter, ""), 200), "dim")
        role = _level(row)
        doubtful = role in ("bad", "warn") or row.given_window_s is not None
        state = Figure(_state(row), ("bad" if role == "bad" else "warn") if doubtful else "dim")
        if row.limit is None:
            return identity, limiter, Bar(None, role), Figure(_figure(row), "text"), state
        share = row.used / row.limit if row.limit > 0 else 1.0
        forms = (Plain(f"{row.used:,}/{row.limit:,}"), Plain(f"{compact(row.used)}/{compact(row.limit)}"))
        return identity, limiter, Bar(share, role), Figure(forms, role if row.blocked else "text"), state

    def ground(self, row: LimitRow) -> Ground:
        return "trouble" if row.blocked else "base"

    def words(self, row: LimitRow) -> str:
        return f"{row.identity} {row.key} {row.limiter} {_word(row)} {row.dialect}"


def _figure(row: LimitRow) -> tuple[Plain, ...]:
    """What a key without a limit says: ``37``, ``150 held``, ``7 left``."""
    if row.clear_s is not None:
        return Plain("not known"), Plain("?")
    if row.left is not None:
        return Plain(f"{row.left:,} left"), Plain(f"{compact(row.left)} left")
    word = " held" if row.is_held else ""
    return Plain(f"{row.used:,}{word}"), Plain(f"{compact(row.used)}{word}")


def _used(row: LimitRow) -> tuple[Plain, Plain]:
    """The name and the text of what is used."""
    if row.clear_s is not None:
        return Plain("used"), Plain(f"not known; nothing any more in {_wait(row.clear_s)}")
    if row.may_be_over:
        return Plain("counted"), Plain(f"{row.used:,}, in a window that may be over")
    if row.left is not None:
        return Plain("left"), Plain(f"{row.left:,}, at the last request")
    return (
        (Plain("entries held"), Plain(f"{row.used:,}, of any age")) if row.is_held else (Plain("used"), count(row.used))
    )


def _level(row: LimitRow) -> Role:
    if row.has_ended or row.may_be_over:
        return "good"
    if row.blocked:
        return "bad"
    return "warn" if row.limit and row.used >= NEAR * row.limit else "good"


def _is_used_up(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= row.limit


def _word(row: LimitRow) -> str:
    """The state as a word, since colour alone is not enough."""
    return {"bad": "blocked", "warn": "near"}.get(_level(row), "")


def _state(row: LimitRow) -> tuple[Plain, ...]:
    """``blocked, 9 min 04 s``, ``near, falls in 12 s``, ``resets in 12 s``; the same in fewer words."""
    word = _word(row)
    if row.may_be_over:
        forms = ("blocked, or window over", "blocked or over") if _is_used_up(row) else (_MAY_BE_OVER, "may be over")
        return tuple(map(Plain, forms))
    if row.is_endless:
        return (Plain("no expiry"),)
    if row.clear_s is not None:
        return Plain(f"clear in {_wait(row.clear_s)}"), Plain(f"clear in {about(row.clear_s)}")
    if row.reset_s is None:
        return (Plain(word),)
    if row.given_window_s is not None:
        return _ends(row.reset_s, row.given_window_s)
    waits = (_wait(row.reset_s), about(row.reset_s))
    if row.blocked:
        return (*(Plain(f"blocked, {wait}") for wait in waits), Plain(word))
    if row.resets:
        falls = [Plain("resetting")] if row.has_ended else [Plain(f"resets in {wait}") for wait in waits]
    else:
        falls = [Plain(f"falls in {wait}") for wait in waits]
    return (*(Plain(f"near, {fall}") for fall in falls), Plain(word)) if word else tuple(falls)


def _ends(reset_s: float, window_s: float) -> tuple[Plain, ...]:
    """``ends in 5 min, not 1 min``; ``ends in 1 min 30 s`` where both are about the same."""
    ends, window = about(reset_s), about(window_s)
    if ends == window:
        return Plain(f"ends in {duration(reset_s)}"), Plain(f"ends in {ends}")
    return Plain(f"ends in {ends}, not {window}"), Plain(f"ends in {ends}")


def _limit(row: LimitRow) -> Plain:
    if row.limit is not None:
        return count(row.limit)
    if row.given_limit is None:
        return Plain("not known: Redis does not hold it")
    return Plain(
        f"not known: --limit gives {row.given_limit:,} in {duration(row.given_window_s)}, but the key lasts longer"
    )


def _falls(row: LimitRow) -> Plain:
    if row.is_endless:
        return Plain("never: its key has no expiry")
    return Plain("not known") if row.reset_s is None else _wait(row.reset_s)


def _wait(seconds: float) -> Plain:
    """At least "<1 s": an event that is still to come takes some time."""
    return duration(seconds) if seconds >= 1 else Plain("<1 s")


def _explained(row: LimitRow) -> Plain:
    """Why a client is blocked, or how much of its limit is left."""
    if row.given_limit is not None:
        return Plain("not known: its limit is another one than --limit gives")
    free = "" if row.reset_s is None else f"; the next is let in in {_wait(row.reset_s)}"
    if row.limit is None and row.blocked:
        return Plain(f"blocked by the application{free}")
    if row.limit is None:
        over = "its window may be over, and " if row.may_be_over else ""
        return Plain(f"not known: {over}its limit is not named, see --limit")
    window = "" if row.window_s is None else f" in {duration(row.window_s)}"
    made = f"{row.used:,} of {plural(row.limit, 'request')} used{window}"
    if row.may_be_over:
        return Plain(f"{'blocked' if _is_used_up(row) else 'not blocked'}: {made}, or its window is over")
    if row.blocked:
        return Plain(f"blocked: {made}{free}")
    return Plain(f"{_word(row) or 'not blocked'}: {made}, {row.limit - row.used:,} left")

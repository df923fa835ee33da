"""The words about a client's use of a limit."""

from __future__ import annotations

from redis_dash.core.frames.rate_limits import NEAR, LimitRow
from redis_dash.tui.formatting import about, compact, count, duration
from redis_dash.tui.text import Plain, plural
from redis_dash.tui.theme_styles import Role

_MAY_BE_OVER = "window may be over"


def figure(row: LimitRow) -> tuple[Plain, ...]:
    """What a key without a limit says: ``37``, ``150 held``, ``7 left``."""
    if row.clear_s is not None:
        return Plain("not known"), Plain("?")
    if row.left is not None:
        return Plain(f"{row.left:,} left"), Plain(f"{compact(row.left)} left")
    word = " held" if row.is_held else ""
    return Plain(f"{row.used:,}{word}"), Plain(f"{compact(row.used)}{word}")


def used(row: LimitRow) -> tuple[Plain, Plain]:
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


def level(row: LimitRow) -> Role:
    if row.has_ended:
        return "warn" if row.stays_near else "good"
    if row.may_be_over:
        return "good"
    if row.blocked:
        return "bad"
    return "warn" if row.limit and row.used >= NEAR * row.limit else "good"


def _is_used_up(row: LimitRow) -> bool:
    return row.limit is not None and row.used >= row.limit


def word(row: LimitRow) -> str:
    """The state as a word, since colour alone is not enough."""
    return {"bad": "blocked", "warn": "near"}.get(level(row), "")


def state(row: LimitRow) -> tuple[Plain, ...]:
    """``blocked, 9 min 04 s``, ``near, falls in 12 s``, ``resets in 12 s``; the same in fewer words: ``near, 12 s``."""
    called = word(row)
    if row.may_be_over:
        forms = ("blocked, or window over", "blocked or over") if _is_used_up(row) else (_MAY_BE_OVER, "may be over")
        return tuple(map(Plain, forms))
    if row.is_endless:
        return (Plain(f"{called}, no expiry"), Plain(called)) if called else (Plain("no expiry"),)
    if row.clear_s is not None:
        return Plain(f"clear in {_wait(row.clear_s)}"), Plain(f"clear in {_short_wait(row.clear_s)}")
    if row.reset_s is None:
        return (Plain(called),)
    if row.given_window_s is not None:
        return _ends(row.reset_s, row.given_window_s)
    waits = (_wait(row.reset_s), _short_wait(row.reset_s))
    if row.blocked:
        return (*(Plain(f"blocked, {wait}") for wait in waits), Plain(called))
    verb = "resets" if row.resets else "falls"
    if row.has_ended:
        now = Plain("resetting" if row.resets else "falling")
        return (Plain(f"{called}, {now}"), Plain(called)) if called else (now,)
    falls = [Plain(f"{verb} in {wait}") for wait in waits]
    if not called:
        return (*falls, Plain(f"{verb}, {waits[-1]}"))
    return *(Plain(f"near, {fall}") for fall in falls), *(Plain(f"near, {wait}") for wait in waits), Plain(called)


def _ends(reset_s: float, window_s: float) -> tuple[Plain, ...]:
    """``ends in 5 min, not 1 min``; ``ends in 1 min 30 s`` where both are about the same."""
    ends, window = about(reset_s), about(window_s)
    if ends == window:
        return Plain(f"ends in {duration(reset_s)}"), Plain(f"ends in {ends}")
    return Plain(f"ends in {ends}, not {window}"), Plain(f"ends in {ends}")


def limit(row: LimitRow, change_hint: str) -> Plain:
    """The limit, and who gives it.

    Args:
        change_hint: Which key changes a limit that the user has set; may be empty.
    """
    if row.limit is not None:
        said_by = {"user": f", set by you{change_hint}", "settings": ", by --limit or config.toml"}
        return Plain(f"{row.limit:,}{said_by.get(row.limit_from, '')}")
    if row.given_limit is None:
        return Plain("not known: Redis does not hold it")
    giver = "you set" if row.limit_from == "user" else "--limit gives"
    if row.given_window_s is None:
        return Plain(f"not known: {giver} {row.given_limit:,}, without the window that is needed{change_hint}")
    given = f"{giver} {row.given_limit:,} in {duration(row.given_window_s)}"
    return Plain(f"not known: {given}, but the key lasts longer{change_hint if row.limit_from == 'user' else ''}")


def falls(row: LimitRow) -> Plain:
    if row.is_endless:
        return Plain("never: its key has no expiry")
    return Plain("not known") if row.reset_s is None else _wait(row.reset_s)


def _wait(seconds: float) -> Plain:
    """At least "<1 s": an event that is still to come takes some time."""
    return duration(seconds) if seconds >= 1 else Plain("<1 s")


def _short_wait(seconds: float) -> Plain:
    return about(seconds) if seconds >= 1 else _wait(seconds)


def explained(row: LimitRow, set_hint: str) -> Plain:
    """Why a client is blocked, or how much of its limit is left.

    Args:
        set_hint: Which key sets a limit; may be empty.
    """
    if row.given_limit is not None:
        giver = "you set" if row.limit_from == "user" else "--limit gives"
        if row.given_window_s is None:
            return Plain("not known: its limit needs a window")
        return Plain(f"not known: its limit is another one than {giver}")
    free = "" if row.reset_s is None else f"; the next is let in in {_wait(row.reset_s)}"
    if row.limit is None and row.blocked:
        return Plain(f"blocked by the application{free}")
    if row.limit is None:
        over = "its window may be over, and " if row.may_be_over else ""
        return Plain(f"not known: {over}its limit is not known{set_hint}")
    window = "" if row.window_s is None else f" in {duration(row.window_s)}"
    made = f"{row.used:,} of {plural(row.limit, 'request')} used{window}"
    if row.may_be_over:
        return Plain(f"{'blocked' if _is_used_up(row) else 'not blocked'}: {made}, or its window is over")
    if row.blocked:
        return Plain(f"blocked: {made}{free}")
    if row.has_ended:
        return Plain(f"{word(row) or 'not blocked'}: {made} when it was read, fewer by now")
    return Plain(f"{word(row) or 'not blocked'}: {made}, {row.limit - row.used:,} left")

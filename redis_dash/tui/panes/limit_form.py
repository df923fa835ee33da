"""Setting a limit that Redis does not hold: the form, and why there is none where somebody else gives the limit."""

from __future__ import annotations

from redis_dash.core.choices import Choose
from redis_dash.core.decoding import raw
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.patterns import Pattern
from redis_dash.core.toml_text import without_odd_bytes
from redis_dash.tui.formatting import duration
from redis_dash.tui.intents import Answer, Field, Form
from redis_dash.tui.text import Plain, plain, plural

MOST_REQUESTS = 10**12
LONGEST_S = 1e9
MOST_CHARS = 200
"""A longer pattern is not shown whole, so it cannot be edited."""


def limit_form(row: LimitRow) -> Form | Plain:
    """The form for the kind of keys of a row; or why no limit can be set for it."""
    if row.limit_from == "redis":
        window = "" if row.window_s is None else f" in {duration(row.window_s)}"
        return Plain(f"Redis holds this limit: {plural(row.limit or 0, 'request')}{window}. Nothing has to be set.")
    if row.limit_from == "settings":
        return Plain("This limit comes from --limit or from config.toml: change it there.")
    if not row.pattern:
        return Plain("A part of this pattern is hidden, since it may be an id or a token: name the limit with --limit.")
    is_set = row.limit_from == "user"
    limit = row.limit if row.limit is not None else row.given_limit
    window_s = row.given_window_s if row.given_window_s is not None else row.window_s
    about = (
        Plain(
            "Redis does not hold it: say what your application allows. It applies at once to all clients whose keys "
            "match the pattern. Nothing is written to Redis."
        ),
    )
    fields = (
        Field(Plain("keys"), plain(row.pattern, MOST_CHARS), Plain("a pattern, for example ratelimit:login:*")),
        Field(Plain("limit"), _number(limit) if is_set else Plain(""), Plain("requests, for example 100")),
        Field(
            Plain("window"),
            _number(window_s) if is_set else Plain(""),
            Plain(f"seconds, for example 60; {'needed for these keys' if _needs_window(row) else 'may be empty'}"),
        ),
    )
    title = Plain("Change your limit" if is_set else "Set the limit")
    hint = Plain("an empty limit removes yours") if is_set else Plain("")
    return Form(title, about, fields, lambda values: _read(row, values), first=1, hint=hint)


def _read(row: LimitRow, values: tuple[str, ...]) -> Answer | Plain:
    """The choice; or what is wrong."""
    keys, limit_text, window_text = values
    if not window_text:  # as settings are written: 100/60
        limit_text, _, window_text = limit_text.partition("/")
    pattern = row.pattern if keys == plain(row.pattern, MOST_CHARS).strip() else without_odd_bytes(keys)
    if not limit_text:
        if row.limit_from != "user":
            return Plain("The limit is missing: how many requests are allowed?")
        return Answer(Choose(row.pattern, "limit", ""), Plain(f"Your limit for {plain(row.pattern, 60)} is removed."))
    if not pattern:
        return Plain("The pattern is missing: for which keys is the limit?")
    if Pattern(pattern).variable(row.whole_key.reveal() if row.whole_key else raw(row.key)) is None:
        return Plain("The pattern does not match the key of this client.")
    limit = int(limit_text) if limit_text.isascii() and limit_text.isdigit() and len(limit_text) <= 13 else 0
    if not 1 <= limit <= MOST_REQUESTS:
        return Plain("The limit is a whole number of requests, 1 or more.")
    window_s = _seconds(window_text)
    if window_text and window_s is None:
        return Plain("The window is a number of seconds, above 0: 60 for a minute, 3600 for an hour.")
    if window_s is None and _needs_window(row):
        return Plain("These keys need the window, too: without it the usage is not known.")
    is_a_block = row.blocks and row.used > limit
    if window_s and row.resets and not is_a_block and row.reset_s is not None and row.reset_s > window_s + 1:
        return Plain(f"This counter still lasts {duration(row.reset_s)}, so its window is longer; it may be empty.")
    value = f"{limit}" if window_s is None else f"{limit}/{_number(window_s)}"
    window = "" if window_s is None else f" in {duration(window_s)}"
    return Answer(
        Choose(pattern, "limit", value),
        Plain(f"{plural(limit, 'request')}{window} for keys that match {plain(pattern, 60)}."),
    )


def _needs_window(row: LimitRow) -> bool:
    """Whether only the window tells how much is used."""
    return row.is_held or row.left is not None or row.clear_s is not None


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= LONGEST_S else None


def _number(value: float | None) -> Plain:
    """A number without an idle fraction, as it is typed and written."""
    return Plain("" if value is None else f"{int(value)}" if value == int(value) else f"{value!r}")

"""The text of an empty pane: what was searched for, among how many keys, and what to do."""

from __future__ import annotations

from redis_dash.core.certainty import Count, Scope
from redis_dash.tui.databases import elsewhere_text
from redis_dash.tui.formatting import compact, count, percent
from redis_dash.tui.text import Plain, plain, plural

_PATTERN = "'PATTERN'"
_VALUES = {"--limit": "'PATTERN=100/60', or =none if the limit is not known"}
"""What an option is followed by, if it is not a pattern alone."""

HINTS = (
    "{app.full_scan} scans all now.",
    "{app.database} switches.",
    "{app.keys} lists all kinds of keys, {keys.topic} there assigns one.",
)
"""What the last three parameters of ``empty_text`` say, with the ids of the keys."""


def _ignored(scope: Scope) -> str:
    names = ", ".join(plain(pattern, 40) for pattern in scope.ignored[:3])
    return f"{plural(len(scope.ignored), 'kind')} ignored ({names})"


def _other_names(scope: Scope, things: str, option: str, assign_hint: str) -> str:
    """What to do if the keys have other names, and which kinds of keys may be meant."""
    start = f"start with {option} {_VALUES.get(option, _PATTERN)}."
    if not scope.unrecognised:
        return f"If your {things} have other names, {start}"
    names = ", ".join(plain(pattern, 40) for pattern in scope.unrecognised)
    return f"Not recognised: {names}. If your {things} are among them, {start} {assign_hint}".rstrip()


def empty_text(
    scope: Scope,
    found: Count,
    things: str,
    option: str,
    scan_hint: str,
    switch_hint: str = "",
    assign_hint: str = "",
) -> Plain:
    """Why nothing is listed. It distinguishes "none seen yet" from "none there", and keys of another type from no keys.

    Args:
        things: What the keys hold, for example ``sessions``.
        option: The command-line option that names their pattern, for example ``--session``.
        scan_hint: Which key scans all keys now; may be empty.
        switch_hint: Which key watches another database; may be empty.
        assign_hint: Which keys choose a kind of keys for the pane; may be empty.
    """
    elsewhere = f" {elsewhere_text(scope.elsewhere, switch_hint)}".rstrip()
    looked_for = " or ".join(plain(pattern, 40) for pattern in scope.patterns[:4]) or "no pattern at all"
    looked_for += ", or looks like one of a known framework," if scope.recognised else ""
    if found.certainty in ("estimated", "unknown") or found.coverage < 1:
        share = percent(found.coverage, 0 if found.coverage >= 0.01 else 1)
        most = "" if found.high is None else f"; there may be up to {compact(found.high)}"
        of = f" of {count(scope.keys)}{'+' if scope.is_part else ''} keys" if scope.keys else ""
        text = f"No key that matches {looked_for} was seen yet: {share}{of} scanned{most}. {scan_hint}"
        return Plain(text.rstrip())
    if found.certainty == "at_least":
        hint = _other_names(scope, things, option, assign_hint)
        return Plain(f"No key that matches {looked_for} was seen; there may be some. {hint}{elsewhere}")
    if not scope.keys:
        held = "holds no keys" if found.certainty == "exact" else "held no keys when it was scanned"
        return Plain(f"The database {held}. {things.capitalize()} would be listed here.{elsewhere}")
    if scope.ignored:
        return Plain(f"No key that matches {looked_for} is left, since you ignore some: {_ignored(scope)}.")
    if scope.others:
        others = f"{plural(scope.others, 'key')} of another type {'does' if scope.others == 1 else 'do'}"
        return Plain(f"No {things.removesuffix('s')} matches {looked_for.rstrip(',')}; {others}.")
    hint = _other_names(scope, things, option, assign_hint)
    if found.certainty == "exact":
        return Plain(
            f"No key matches {looked_for.rstrip(',')}, among {count(scope.keys)} in this database. {hint}{elsewhere}"
        )
    others = "; there may be others"
    if found.high is not None:
        others = f"; up to {compact(found.high)} may have come since" if found.high else ""
    return Plain(f"No key that matches {looked_for} was there when all were counted{others}. {hint}{elsewhere}")

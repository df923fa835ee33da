"""What was recognised, as the text of a ``config.toml``: with it nothing has to be recognised again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from redis_dash.config import Choices, Config, LimitPattern
from redis_dash.core.toml_text import quoted
from redis_dash.dialects.layout import Claim
from redis_dash.discovery.adopt import DEFAULTS, adopted
from redis_dash.redaction.secret_fields import hide_tokens

BY_USER, BY_DEFAULT = "chosen in the dashboard", "the default"
"""Why a setting is there, if nothing was recognised."""


def profile(claims: Sequence[Claim], choices: Choices | None = None) -> str:
    """The settings that watch what was recognised or chosen; a topic of which nothing was is left out.

    Args:
        choices: what the user has chosen in the dashboard. Names of kinds are no settings.
    """
    choices = choices or Choices()
    shown = [claim for claim in claims if hide_tokens(claim.glob) == claim.glob]
    found = adopted(DEFAULTS, shown, choices)
    reasons = {claim.glob: _why(claim) for claim in shown}
    reasons = {kind.keys: BY_USER for kind in choices.kinds if kind.topic} | reasons
    lines = [*_ignored(found.config), *_boards(found.config, reasons), *_tables(found.config, reasons, choices)] or [
        "# Nothing was recognised that a pane shows."
    ]
    if hidden := len(claims) - len(shown):
        lines.append(f"# Left out, since a secret may be in its name: {_kinds(hidden)}.")
    for topic, number in found.left_out.items():
        lines.append(f"# {topic.replace('_', ' ')}: {_kinds(number)} more.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _kinds(number: int) -> str:
    return "1 kind of keys" if number == 1 else f"{number:,} kinds of keys"


def _ignored(config: Config) -> Iterator[str]:
    if config.ignore:
        yield f"ignore = [{', '.join(map(quoted, config.ignore))}]  # {BY_USER}"
        yield ""


def _boards(config: Config, reasons: Mapping[str, str]) -> Iterator[str]:
    """Plain lists come before all tables: that is TOML's order."""
    if config.leaderboards == DEFAULTS.leaderboards:
        return
    yield "leaderboards = ["
    for board in config.leaderboards:
        keys, name = (board, "") if isinstance(board, str) else (board.keys, board.name)
        value = f"{{ keys = {quoted(keys)}, name = {quoted(name)} }}" if name else quoted(keys)
        yield f"  {value},  # {reasons.get(keys, BY_DEFAULT)}"
    yield "]"
    yield ""


def _tables(config: Config, reasons: Mapping[str, str], choices: Choices) -> Iterator[str]:
    if config.sessions != DEFAULTS.sessions:
        for session in config.session_patterns:
            yield from _table("sessions", reasons, keys=session.keys, format=session.format)
    if (limits := _limits(config, choices)) != DEFAULTS.limits:
        for limit in limits:
            yield from _table("limits", reasons, keys=limit.keys, limit=limit.limit, format=limit.format)
            without_window = choices.of(limit.keys).limit if not limit.limit else ""
            if without_window:
                yield f"# limit = {quoted(without_window)}, {BY_USER} without a window; here it needs one: 100/60"
                yield ""
            elif not limit.limit:
                yield '# limit = "100/60"  # requests/seconds, if Redis does not hold it'
                yield ""
    for cache in config.caches:
        yield from _table("caches", reasons, name=cache.name, keys=cache.keys)


def _limits(config: Config, choices: Choices) -> tuple[LimitPattern, ...]:
    """The limits with those that the user has set; these come first, since they may be of narrower patterns."""
    chosen = {kind.keys: kind.limit for kind in choices.kinds if kind.limit}
    there = {limit.keys for limit in config.limits}
    new = [LimitPattern(keys, limit if "/" in limit else "") for keys, limit in chosen.items() if keys not in there]
    old = [
        LimitPattern(one.keys, limit, one.format)
        if "/" in (limit := chosen.get(one.keys, "")) and not one.limit
        else one
        for one in config.limits
    ]
    return (*new, *old)


def _table(table: str, reasons: Mapping[str, str], **settings: str) -> Iterator[str]:
    yield f"# {reasons.get(settings['keys'], BY_USER if settings.get('limit') else BY_DEFAULT)}"
    yield f"[[{table}]]"
    yield from (f"{setting} = {quoted(value)}" for setting, value in settings.items() if value)
    yield ""


def _why(claim: Claim) -> str:
    layout = claim.layout
    return f"{layout.name}, {layout.confidence}: {layout.evidence} ({claim.fitting} of {claim.sampled} keys)"

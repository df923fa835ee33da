"""What was recognised, as the text of a ``config.toml``: with it nothing has to be recognised again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from redis_dash.config import Config
from redis_dash.dialects.layout import Claim
from redis_dash.discovery.adopt import DEFAULTS, adopted
from redis_dash.redaction.secret_fields import hide_tokens


def profile(claims: Sequence[Claim]) -> str:
    """The settings that watch what was recognised; a topic of which nothing was recognised is left out."""
    shown = [claim for claim in claims if hide_tokens(claim.glob) == claim.glob]
    found = adopted(DEFAULTS, shown)
    by_glob = {claim.glob: claim for claim in shown}
    lines = [*_boards(found.config, by_glob), *_tables(found.config, by_glob)] or [
        "# Nothing was recognised that a pane shows."
    ]
    if hidden := len(claims) - len(shown):
        lines.append(f"# Left out, since a secret may be in its name: {_kinds(hidden)}.")
    for topic, number in found.left_out.items():
        lines.append(f"# {topic.replace('_', ' ')}: {_kinds(number)} more.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _kinds(number: int) -> str:
    return "1 kind of keys" if number == 1 else f"{number:,} kinds of keys"


def _boards(config: Config, claims: dict[str, Claim]) -> Iterator[str]:
    """Plain lists come before all tables: that is TOML's order."""
    if config.leaderboards == DEFAULTS.leaderboards:
        return
    yield "leaderboards = ["
    for glob in config.board_globs:
        yield f"  {quoted(glob)},  # {_why(claims.get(glob))}"
    yield "]"
    yield ""


def _tables(config: Config, claims: dict[str, Claim]) -> Iterator[str]:
    if config.sessions != DEFAULTS.sessions:
        for session in config.session_patterns:
            yield from _table("sessions", claims.get(session.keys), keys=session.keys, format=session.format)
    if config.limits != DEFAULTS.limits:
        for limit in config.limits:
            yield from _table("limits", claims.get(limit.keys), keys=limit.keys, format=limit.format)
    for cache in config.caches:
        yield from _table("caches", claims.get(cache.keys), name=cache.name, keys=cache.keys)


def _table(table: str, claim: Claim | None, **settings: str) -> Iterator[str]:
    yield f"# {_why(claim)}"
    yield f"[[{table}]]"
    yield from (f"{setting} = {quoted(value)}" for setting, value in settings.items() if value)
    if table == "limits":
        yield '# limit = "100/60"  # requests/seconds, if Redis does not hold it'
    yield ""


def _why(claim: Claim | None) -> str:
    if claim is None:
        return "the default"
    layout = claim.layout
    return f"{layout.name}, {layout.confidence}: {layout.evidence} ({claim.fitting} of {claim.sampled} keys)"


def quoted(text: str) -> str:
    """A text as TOML writes it. A byte that is not UTF-8, which no TOML file holds, becomes ``?``: any byte."""
    return json.dumps(re.sub(r"[\ud800-\udfff]", "?", text), ensure_ascii=False).replace("\x7f", "\\u007f")

"""The front end that tells what a database holds: the kinds of its keys, and which framework writes them."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.client.deployment import Deployment
from redis_dash.config import Config, Url
from redis_dash.core.errors import SourceError
from redis_dash.core.json_text import json_text
from redis_dash.core.similar_ids import SimilarIds
from redis_dash.dialects.layout import Claim
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.kinds import KindOfKeys
from redis_dash.keyspace.scan import Keyspace
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.redaction.session_keys import mask_keys
from redis_dash.standard_streams import Talk
from redis_dash.tui.formatting import nbytes, percent, tally
from redis_dash.tui.text import Plain, pad, plain, width_of

OK, UNREACHABLE, UNREAD = 0, 1, 3
"""Exit codes: kinds were listed, nothing was reached, the keys may not be read."""
SHOWN = 200
"""Kinds that are listed."""
LONGEST_GLOB = 60
"""The room for a pattern in the table."""


async def discover(config: Config, *, as_json: bool, talk: Talk | None = None) -> tuple[str, int]:
    """Scan everything once at full speed; returns the text and the exit code."""
    talk = talk or Talk()
    deployment = Deployment(Url(config.url))
    discovery = Discovery(deployment)
    keyspace = Keyspace(deployment, {}, config.budget, config.refresh_s)
    keyspace.patterns = discovery.patterns
    keyspace.set_full_speed(True)
    try:
        await deployment.connect()
        await keyspace.pass_over()
        await discovery.look(SHOWN)
    except SourceError as error:
        talk.say(f"{deployment.url.shown}: {error}")
        return "", UNREACHABLE if deployment.unreachable else UNREAD
    finally:
        await deployment.close()
    kinds = discovery.kinds[:SHOWN]
    if as_json:
        return _json(deployment.url.shown, keyspace.last_done, kinds), OK
    return _table(deployment.url.shown, keyspace.last_done, kinds), OK


def _json(target: str, keys: int, kinds: Sequence[KindOfKeys]) -> str:
    rows = [
        {
            "keys": _name(kind),
            "count": kind.count.value,
            "low": kind.count.low,
            "high": kind.count.high,
            "certainty": kind.count.certainty,
            "sampled": kind.sampled,
            "refused": kind.refused,
            "types": dict(kind.types),
            "endless": kind.endless,
            "longest_s": kind.longest_s,
            "mean_bytes": kind.mean_bytes,
            "recognised": [
                {
                    "as": claim.layout.name,
                    "topic": claim.layout.topic,
                    "keys": _without_ids(claim.glob),
                    "confidence": claim.layout.confidence,
                    "evidence": claim.layout.evidence,
                    "fitting": claim.fitting,
                    "of": claim.sampled,
                }
                for claim in kind.claims
            ],
        }
        for kind in kinds
    ]
    return json_text({"schema": 1, "target": target, "keys": keys, "kinds": rows})


def _table(target: str, keys: int, kinds: Sequence[KindOfKeys]) -> str:
    head = tuple(map(Plain, ("keys", "count", "share", "memory", "type", "expires", "recognised as")))
    rows = [head, *(_row(kind, keys) for kind in kinds)]
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(pad(text, widths[column], right=column in (1, 2, 3)) for column, text in enumerate(row)).rstrip()
        for row in rows
    ]
    return "\n".join([f"{plain(target)}: {keys:,} keys", "", *lines])


def _row(kind: KindOfKeys, keys: int) -> tuple[Plain, ...]:
    return (
        plain(_name(kind), LONGEST_GLOB),
        tally(kind.count),
        percent(kind.count.value / keys if keys else None),
        Plain("–" if kind.mean_bytes is None else f"~{nbytes(kind.mean_bytes * kind.count.value)}"),
        plain("/".join(name for name, _ in kind.types) or "–", 40),
        Plain(_expiry(kind)),
        Plain("; ".join(map(_recognised, kind.claims)) or _why_not(kind)),
    )


def _name(kind: KindOfKeys) -> str:
    """The glob; a single key is shown without the session's id or token that it may hold."""
    if "*" in kind.glob:
        return _without_ids(kind.glob)
    sessions = [claim.glob for claim in kind.claims if claim.layout.topic == "sessions"]
    return _without_ids(mask_keys(kind.glob, sessions))


def _without_ids(glob: str) -> str:
    """The glob of few keys may hold an id, of whatever form: no session was read here."""
    return SimilarIds().mask(hide_tokens(glob), unsure=True)


def _recognised(claim: Claim) -> str:
    return claim.layout.name if claim.layout.confidence == "certain" else f"{claim.layout.name} (likely)"


def _why_not(kind: KindOfKeys) -> str:
    if kind.refused:
        return "may not be read"
    return "not recognised" if kind.sampled else "gone before it was read"


def _expiry(kind: KindOfKeys) -> str:
    if not kind.sampled:
        return "–"
    if kind.endless == kind.sampled:
        return "never"
    return "all" if not kind.endless else f"{kind.sampled - kind.endless} of {kind.sampled}"

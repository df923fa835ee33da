"""Recognises and decodes samples as the program does."""

from __future__ import annotations

from collections.abc import Sequence

from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import SessionFacts
from redis_dash.dialects.layout import Claim, KeySample, recognise
from redis_dash.dialects.registry import layouts, session_dialect
from redis_dash.redaction.secret_fields import SessionSecret
from redis_dash.sources.session_facts import showable


def session_claims(samples: Sequence[KeySample]) -> list[Claim]:
    """What is recognised as sessions."""
    return [claim for claim in recognise(samples, layouts()) if claim.layout.topic == "sessions"]


def claimed(claims: Sequence[Claim], key: bytes) -> Claim | None:
    """The claim whose keys this key is among."""
    return next((claim for claim in claims if Pattern(claim.glob).variable(key) is not None), None)


def reply_of(sample: KeySample) -> object:
    """The reply to the command that reads the key whole."""
    if isinstance(sample.value, dict):
        return [part for pair in sample.value.items() for part in pair]
    return sample.value


def decoded(claim: Claim, sample: KeySample) -> SessionFacts:
    """What the dialect of a layout decodes."""
    dialect = session_dialect(claim.layout.name)
    assert dialect is not None
    assert dialect.read(sample.key) == (b"HGETALL" if sample.type == "hash" else b"GET", sample.key)
    assert dialect.name == claim.layout.name
    facts = dialect.decode(reply_of(sample))
    assert facts is not None
    return facts


def shown(claim: Claim, sample: KeySample) -> SessionFacts:
    """What may be shown of a session."""
    identifier = Pattern(claim.glob).variable(sample.key)
    assert identifier is not None
    return showable(decoded(claim, sample), SessionSecret(identifier))

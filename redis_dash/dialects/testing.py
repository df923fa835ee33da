"""For tests of dialects in other packages: what redis-dash makes of recorded keys, without a server.

from redis_dash.dialects.testing import check, sample, sessions

check(FRAMEWORK)
facts = sessions(FRAMEWORK, [sample(b"acme:s:1f0c", b'{"login": "ann"}')])[b"acme:s:1f0c"]
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis_dash.core.patterns import Pattern
from redis_dash.dialects import registry
from redis_dash.dialects.base import LimitDialect, Rule, SessionDialect, SessionFacts, Usage
from redis_dash.dialects.guarded import guarded
from redis_dash.dialects.layout import Claim, Framework, KeySample, Layout, recognise
from redis_dash.dialects.problems import problem_of

__all__ = ["check", "claims", "read_recording", "sample", "sessions", "usages"]


def check(framework: Framework) -> None:
    """Check what redis-dash checks before it uses a framework of another package.

    Raises:
        AssertionError: the text says what is wrong.
    """
    problem = problem_of(framework, registry.names())
    assert not problem, problem


def sample(key: bytes, value: object, *, ttl_s: float | None = 3600.0) -> KeySample:
    """A key with its value: bytes, a dict of bytes (a hash), a list, a set, or pairs of member and score."""
    if isinstance(value, bytes | dict):
        return KeySample(key, "string" if isinstance(value, bytes) else "hash", ttl_s, value)
    elements = list(value) if isinstance(value, list | set) else []
    is_scored = bool(elements) and isinstance(elements[0], tuple)
    return KeySample(key, "zset" if is_scored else "set" if isinstance(value, set) else "list", ttl_s, elements)


def read_recording(path: Path) -> list[KeySample]:
    """The keys of a recording, as ``frameworks/dump.py`` writes them: ``{"keys": [{"name": …, "type": …, …}]}``."""
    return [_recorded(key) for key in json.loads(path.read_text("utf-8"))["keys"]]


def claims(framework: Framework, samples: Sequence[KeySample]) -> list[Claim]:
    """What is recognised among the keys, with all other frameworks present: another one may claim the same keys."""
    layouts = [layout for one in (*registry.FRAMEWORKS, guarded(framework)) for layout in one.layouts]
    return recognise(samples, layouts)


def sessions(framework: Framework, samples: Sequence[KeySample]) -> dict[bytes, SessionFacts]:
    """The sessions of the framework among the keys, decoded and without secrets, as they are shown."""
    dialects: dict[str, SessionDialect] = {one.name: one for one in guarded(framework).sessions}
    found = {}
    for layout, one in _of(framework, "sessions", samples):
        dialect = dialects.get(layout.dialect) or registry.session_dialect(layout.dialect)
        assert dialect is not None, f"no dialect has the name {layout.dialect!r}"
        facts = dialect.decode(_reply(one))
        assert facts is not None, f"{one.key!r} is recognised, but {layout.dialect!r} does not decode it"
        found[one.key] = facts
    return found


def usages(
    framework: Framework,
    samples: Sequence[KeySample],
    replies: dict[bytes, Sequence[object]],
    now: float,
    rule: Rule | None = None,
) -> dict[bytes, Usage | None]:
    """The usage that the limiters of the framework hold.

    Args:
        replies: what the server answers to the commands of ``reads``, by key.
        now: the server's clock, in Unix epoch seconds.
        rule: the limit that a user gives; that of a key's name is used without one.
    """
    dialects: dict[str, LimitDialect] = {one.name: one for one in guarded(framework).limits}
    found = {}
    for layout, one in _of(framework, "rate_limits", samples):
        dialect = dialects.get(layout.dialect) or registry.limit_dialect(layout.dialect)
        assert dialect is not None, f"no dialect has the name {layout.dialect!r}"
        name = layout.read_name(one.key)
        found[one.key] = dialect.decode(one.key, replies[one.key], now, rule or (name.rule if name else None))
    return found


def _of(framework: Framework, topic: str, samples: Sequence[KeySample]) -> list[tuple[Layout, KeySample]]:
    """The recognised keys of one topic that belong to this framework."""
    names = {layout.name for layout in framework.layouts}
    found = []
    for claim in claims(framework, samples):
        pattern = Pattern(claim.glob)
        if claim.layout.name in names and claim.layout.topic == topic:
            found += [(claim.layout, one) for one in samples if pattern.variable(one.key) is not None]
    return found


def _reply(one: KeySample) -> object:
    """The reply to the command that reads the key whole."""
    return [part for pair in one.value.items() for part in pair] if isinstance(one.value, dict) else one.value


def _recorded(key: dict[str, Any]) -> KeySample:
    left = key["pttl"] / 1000 if key["pttl"] >= 0 else None
    return KeySample(_unescaped(key["name"]), key["type"], left, _value(key["type"], key["value"]))


def _value(kind: str, value: Any) -> object:
    if kind == "string":
        return _decoded(value)
    if kind == "hash":
        return {_decoded(field): _decoded(content) for field, content in value}
    if kind == "zset":
        return [(_decoded(member), score) for member, score in value]
    return [_decoded(one) for one in value] if kind in ("list", "set") else None


def _decoded(content: str | dict[str, str]) -> bytes:
    return content.encode("ascii") if isinstance(content, str) else base64.b64decode(content["base64"], validate=True)


def _unescaped(text: str) -> bytes:
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", lambda found: bytes([int(found[1][1:] or b"5c", 16)]), text.encode("ascii"))

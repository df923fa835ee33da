"""The rule and the dialect of each limiter's key, as far as they are known before it is read; what is no limiter."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from redis_dash.config import LimitPattern
from redis_dash.core.decoding import text
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import LimitDialect, Rule, Usage
from redis_dash.dialects.registry import LIMIT_DIALECTS
from redis_dash.sources.base import NO_NOTE, Note


class Limiter(NamedTuple):
    """How to read one key."""

    identity: bytes
    rule: Rule | None
    dialect: LimitDialect


class Limiters:
    """Remembers dialects. The dialect that fitted last in a pattern is tried first on the pattern's new keys."""

    def __init__(self, limits: Sequence[LimitPattern]) -> None:
        self._patterns = [(Pattern(limit.keys), limit.rule) for limit in limits]
        self._usual = [0] * (len(limits) + 1)
        self._of_key: dict[bytes, int] = {}
        """The dialects of keys that were read, as indexes into ``LIMIT_DIALECTS``."""

    @property
    def has_rule(self) -> bool:
        """Whether the limit of any pattern is known."""
        return any(rule is not None for _, rule in self._patterns)

    def of(self, key: bytes) -> Limiter:
        """How to read a key, as far as that is known."""
        index, identity, rule = self._find(key)
        dialect = self._of_key.get(key)
        return Limiter(identity, rule, LIMIT_DIALECTS[self._usual[index] if dialect is None else dialect])

    def try_next(self, key: bytes) -> None:
        """The dialect did not fit: try the next one."""
        now = self._of_key.get(key, self._usual[self._find(key)[0]])
        self._of_key[key] = (now + 1) % len(LIMIT_DIALECTS)

    def confirm(self, key: bytes) -> None:
        """The dialect fitted: try it first on other keys of the pattern."""
        index = self._find(key)[0]
        self._usual[index] = self._of_key.setdefault(key, self._usual[index])

    def forget(self, key: bytes) -> None:
        """Drop a key that is gone."""
        self._of_key.pop(key, None)

    def keep(self, keys: Container[bytes]) -> None:
        """Drop all other keys."""
        self._of_key = {key: dialect for key, dialect in self._of_key.items() if key in keys}

    def _find(self, key: bytes) -> tuple[int, bytes, Rule | None]:
        for index, (pattern, rule) in enumerate(self._patterns):
            identity = pattern.variable(key)
            if identity is not None:
                return index, identity, rule
        return len(self._patterns), key, None


def limit_row(key: bytes, limiter: Limiter, usage: Usage) -> LimitRow:
    """One client's usage. A rule that does not fit is no limit of it."""
    given = limiter.rule
    rule = given if usage.fits else None
    return LimitRow(
        key=text(key),
        identity=text(limiter.identity),
        used=usage.used,
        limit=rule.limit if rule else None,
        window_s=rule.window_s if rule else None,
        reset_s=usage.reset_s,
        blocked=rule is not None and usage.used >= rule.limit,
        dialect=limiter.dialect.name,
        is_held=usage.is_held,
        is_endless=usage.is_endless,
        given_limit=None if usage.fits or given is None else given.limit,
        given_window_s=None if usage.fits or given is None else given.window_s,
    )


def type_name(reply: object) -> str:
    """The name of a key's type, from the reply to TYPE."""
    name = reply.decode(errors="replace") if isinstance(reply, bytes) else ""
    return {"zset": "sorted set", "": "another type"}.get(name, name)


def unrecognised_note(unrecognised: Sequence[tuple[str, int]]) -> Note:
    """``3 keys not recognised: hash (2), negative number``."""
    number = sum(how_many for _, how_many in unrecognised)
    if not number:
        return NO_NOTE
    kinds = ", ".join(kind if how_many == 1 else f"{kind} ({how_many:,})" for kind, how_many in unrecognised)
    return Note(f"{number:,} {'key' if number == 1 else 'keys'} not recognised: {kinds}")


def misfit_note(rows: Iterable[LimitRow]) -> Note:
    """How many counters do not end within the window of their limit, so that the limit may be wrong."""
    misfits = [row for row in rows if row.given_window_s is not None]
    endless = sum(row.is_endless for row in misfits)
    longer = len(misfits) - endless
    parts = (
        f"{longer:,} {'counter lasts' if longer == 1 else 'counters last'} longer than the window of --limit"
        if longer
        else "",
        f"{endless:,} {'counter has' if endless == 1 else 'counters have'} no expiry" if endless else "",
    )
    return Note(", ".join(filter(None, parts)))

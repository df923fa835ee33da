"""The rule and the dialect of each limiter's key, as far as they are known before it is read."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from redis_dash.config import LimitPattern
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import LimitDialect, Rule
from redis_dash.dialects.registry import LIMIT_DIALECTS


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

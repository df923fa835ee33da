"""What is known of each limiter's keys before they are read: the rule, and how they are laid out."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from redis_dash.config import LimitPattern
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.base import LimitDialect, Rule
from redis_dash.dialects.registry import LIMIT_DIALECTS


class Limiter(NamedTuple):
    """How one key is to be read."""

    identity: bytes
    rule: Rule | None
    dialect: LimitDialect


class Limiters:
    """Keys of one pattern are laid out alike, as a rule: the dialect that fitted last is tried first on a new one."""

    def __init__(self, limits: Sequence[LimitPattern]) -> None:
        self._patterns = [(Pattern(limit.keys), limit.rule) for limit in limits]
        self._usual = [0] * (len(limits) + 1)
        self._of_key: dict[bytes, int] = {}
        """The dialects of keys that were read."""

    def of(self, key: bytes) -> Limiter:
        """How to read a key, as far as known."""
        index, identity, rule = self._find(key)
        dialect = self._of_key.get(key)
        return Limiter(identity, rule, LIMIT_DIALECTS[self._usual[index] if dialect is None else dialect])

    def try_next(self, key: bytes) -> None:
        """It was not laid out as thought."""
        now = self._of_key.get(key, self._usual[self._find(key)[0]])
        self._of_key[key] = (now + 1) % len(LIMIT_DIALECTS)

    def settle(self, key: bytes) -> None:
        """It is laid out as thought: so will be others of its pattern."""
        index = self._find(key)[0]
        self._usual[index] = self._of_key.setdefault(key, self._usual[index])

    def forget(self, key: bytes) -> None:
        """It is gone."""
        self._of_key.pop(key, None)

    def keep(self, keys: Container[bytes]) -> None:
        """Forget all others."""
        self._of_key = {key: dialect for key, dialect in self._of_key.items() if key in keys}

    def _find(self, key: bytes) -> tuple[int, bytes, Rule | None]:
        for index, (pattern, rule) in enumerate(self._patterns):
            identity = pattern.variable(key)
            if identity is not None:
                return index, identity, rule
        return len(self._patterns), key, None

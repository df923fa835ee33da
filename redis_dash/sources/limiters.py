"""The rule and the dialect of each limiter's key, as far as they are known before it is read; what is no limiter."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from redis_dash.config import Choices, ChosenLimit, LimitPattern
from redis_dash.core.decoding import text
from redis_dash.core.frames.rate_limits import LimitFrom, LimitRow
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command
from redis_dash.dialects.base import LimitDialect, OtherDialectError, Rule, Usage
from redis_dash.dialects.registry import LIMIT_DIALECTS, limit_dialect, limit_layouts
from redis_dash.sources.base import NO_NOTE, Note
from redis_dash.sources.missing_commands import example

_WILDCARDS = re.compile(r"(\[[^]]*\]|[*?])+")


class Limiter(NamedTuple):
    """How to read one key."""

    identity: bytes
    rule: Rule | None
    dialect: LimitDialect
    format: str = ""
    """The format that the pattern names, if any, as it is shown."""
    name: str = ""
    """The pattern without its wildcards, and what the key names beside the client."""
    pattern: str = ""
    """The pattern of its keys, or the one for which the user has set a limit."""
    rule_from: LimitFrom = ""
    """Who gives the rule."""
    chosen: ChosenLimit | None = None
    """The limit that the user has set, where nobody else gives one."""

    @property
    def limit(self) -> int | None:
        """The limit, as far as it is known before the key is read."""
        return self.rule.limit if self.rule else self.chosen.limit if self.chosen else None


class _Way(NamedTuple):
    """One way in which the keys of a pattern may have to be read."""

    dialect: LimitDialect
    format: str = ""
    """Its format, if the pattern names one."""


class _Match(NamedTuple):
    """What a key's name says."""

    pattern: int
    """Which pattern it matches."""
    identity: bytes
    rule: Rule | None = None
    rule_from: LimitFrom = ""
    name: str = ""
    """The limiter's name."""
    is_other: bool = False
    """Whether the keys of the pattern's layout have other names."""


class OtherName:
    """Reads nothing: the key has another name than the keys of its pattern's layout."""

    name = "other name"
    by_clock = False

    def probe(self, key: bytes) -> Command:
        """Read the type."""
        return (b"TYPE", key)

    def bound(self, reply: object) -> int:
        """Raises OtherDialectError."""
        raise OtherDialectError

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        """Read the type."""
        return [(b"TYPE", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        """None if the key is gone.

        Raises:
            OtherDialectError: it exists.
        """
        if replies[0] == b"none":
            return None
        raise OtherDialectError("key of another name")


class Limiters:
    """Remembers dialects. The dialect that fitted last in a pattern is tried first on the pattern's new keys."""

    def __init__(self, limits: Sequence[LimitPattern], choices: Choices | None = None) -> None:
        """``choices`` holds limits that the user sets while the program runs."""
        self._choices = choices or Choices()
        self._patterns = [(Pattern(limit.keys), limit.rule) for limit in limits]
        self._layouts = [next(iter(limit_layouts(limit.format)), None) for limit in limits]
        self._ways = [*(_ways(limit.format) for limit in limits), _ways("")]
        self._usual = [0] * len(self._ways)
        self._of_key: dict[bytes, int] = {}
        """How keys were read that were, as indexes into the ways of their patterns."""

    @property
    def has_rule(self) -> bool:
        """Whether the limit of any pattern is known."""
        in_names = any(layout is not None and layout.rule is not None for layout in self._layouts)
        return in_names or self._choices.has_limits or any(rule is not None for _, rule in self._patterns)

    def of(self, key: bytes) -> Limiter:
        """How to read a key, as far as that is known."""
        found = self._find(key)
        index, identity, name = found.pattern, found.identity, found.name
        way = self._ways[index][self._of_key.get(key, self._usual[index])]
        pattern = self._patterns[index][0].glob if index < len(self._patterns) else ""
        if found.is_other:
            return Limiter(identity, None, OtherName(), way.format, name, pattern)
        if found.rule is not None or (chosen := self._choices.limit_of(key)) is None:
            return Limiter(identity, found.rule, way.dialect, way.format, name, pattern, found.rule_from)
        pattern = self._choices.limit_pattern(key)
        rule = None if chosen.window_s is None else Rule(chosen.limit, chosen.window_s)
        return Limiter(identity, rule, way.dialect, way.format, name, pattern, "user", chosen)

    def pattern_of(self, key: bytes, pattern: str) -> str:
        """The keys for which a limit may be set: of the same route or rule, if the key names one; else the pattern."""
        found = self._find(key).pattern
        layout = self._layouts[found] if found < len(self._layouts) else None
        return (layout.glob_of_part(key) if layout else "") or pattern

    def ways(self, keys: Sequence[bytes]) -> list[list[Command]]:
        """The commands of each way in which the keys of a pattern may have to be read; ``keys`` are known ones."""
        ways = []
        for (pattern, rule), of_pattern in zip(self._patterns, self._ways[:-1], strict=True):
            known = next((key for key in keys if pattern.variable(key) is not None), None)
            key = example(pattern.glob) if known is None else known
            for dialect, _ in of_pattern:
                known_rule = rule if known is None else self.of(key).rule
                ways.append([dialect.probe(key), *dialect.reads(key, time.time(), known_rule)])
        return ways

    def of_new(self, keys: Sequence[bytes]) -> list[Limiter]:
        """How to read keys that have not been read before; where all are read alike, without their identities."""
        if len(self._patterns) > 1 or self._layouts != [None] or self._choices.has_limits:
            return [self.of(key) for key in keys]
        return [Limiter(b"", self._patterns[0][1], self._ways[0][self._usual[0]].dialect)] * len(keys)

    def try_next(self, key: bytes) -> None:
        """The dialect did not fit: try the next one."""
        index = self._find(key).pattern
        now = self._of_key.get(key, self._usual[index])
        self._of_key[key] = (now + 1) % len(self._ways[index])

    def confirm(self, key: bytes) -> None:
        """The dialect fitted: try it first on other keys of the pattern."""
        index = self._find(key).pattern
        self._usual[index] = self._of_key.setdefault(key, self._usual[index])

    def forget(self, key: bytes) -> None:
        """Drop a key that is gone."""
        self._of_key.pop(key, None)

    def keep(self, keys: Container[bytes]) -> None:
        """Drop all other keys."""
        self._of_key = {key: dialect for key, dialect in self._of_key.items() if key in keys}

    def _find(self, key: bytes) -> _Match:
        """The first pattern that matches a key, and what the key's name says."""
        for index, (pattern, rule) in enumerate(self._patterns):
            identity = pattern.variable(key)
            if identity is not None:
                layout = self._layouts[index]
                told = layout.read_name(key) if layout else None
                if told is not None:
                    name = _name(told.label, told.identity, told.part)
                    said_by: LimitFrom = "settings" if rule else "redis"
                    return _Match(index, told.identity, rule or told.rule, said_by, name)
                is_other = layout is not None and not layout.other_names
                return _Match(index, identity, rule, "settings", _name(pattern.glob, identity), is_other)
        return _Match(len(self._patterns), key)


@lru_cache(maxsize=4096)
def _name(glob: str, identity: bytes, part: bytes = b"") -> str:
    """``limit:login`` of ``limit:login:*``, and what else the key names; empty if the limiter is the client's alone."""
    pattern = _WILDCARDS.sub("*", glob).replace("\\", "").strip("*:/|{}_-. ")
    return " ".join(filter(None, (pattern if pattern != text(identity) else "", text(part))))


def _ways(format_: str) -> list[_Way]:
    """The dialects to try, the named one first. Layouts of one family write keys of the same names."""
    likely = {layout.name for layout in limit_layouts(format_) if layout.confidence == "likely"}
    names = [layout.name for layout in limit_layouts(format_)] or [format_]
    found = [(name, limit_dialect(name)) for name in names]
    named = [_Way(dialect, f"{name} (likely)" if name in likely else name) for name, dialect in found if dialect]
    return named or [_Way(dialect) for dialect in LIMIT_DIALECTS]


def limit_row(key: bytes, limiter: Limiter, usage: Usage) -> LimitRow:
    """One client's usage. A rule that does not fit is no limit; a limit that the key holds wins over a set one."""
    given, chosen = limiter.rule, limiter.chosen
    rule = given if usage.fits and not (chosen and usage.limit is not None) else None
    limit = rule.limit if rule else usage.limit
    said_by: LimitFrom = "redis" if usage.limit is not None and not rule else limiter.rule_from if given else ""
    misfit: tuple[int | None, float | None] = (None, None)
    if given is not None and not usage.fits:
        misfit = given.limit, given.window_s
    if chosen and limit is None:
        said_by = "user"
        if given is None and not usage.is_held and usage.left is None and usage.clear_s is None:
            limit = chosen.limit
        elif given is None:
            misfit = chosen.limit, None
    return LimitRow(
        key=text(key),
        identity=text(limiter.identity),
        used=usage.used,
        limit=limit,
        window_s=rule.window_s if rule else usage.window_s,
        reset_s=usage.reset_s,
        blocked=usage.is_blocked or (limit is not None and usage.used >= limit and not usage.may_be_over),
        dialect=limiter.format or limiter.dialect.name,
        is_held=usage.is_held,
        is_endless=usage.is_endless,
        given_limit=misfit[0],
        given_window_s=misfit[1],
        left=usage.left,
        clear_s=usage.clear_s,
        resets=usage.resets,
        near_s=usage.near_s,
        may_be_over=usage.may_be_over,
        blocks=usage.blocks,
        limiter=limiter.name,
        limit_from=said_by,
        pattern=limiter.pattern,
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
    giver = "your limit" if all(row.limit_from == "user" for row in misfits) else "--limit"
    endless = sum(row.is_endless for row in misfits)
    longer = len(misfits) - endless
    parts = (
        f"{longer:,} {'counter lasts' if longer == 1 else 'counters last'} longer than the window of {giver}"
        if longer
        else "",
        f"{endless:,} {'counter has' if endless == 1 else 'counters have'} no expiry" if endless else "",
    )
    return Note(", ".join(filter(None, parts)))

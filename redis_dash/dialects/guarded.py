"""Code of other packages, run so that an error in it costs one key, and that nothing secret of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from redis_dash.core.resp import Command
from redis_dash.dialects.base import LimitDialect, OtherDialectError, Rule, SessionDialect, SessionFacts, Usage
from redis_dash.dialects.decoded_session import undecodable
from redis_dash.dialects.formats import HasContent
from redis_dash.dialects.layout import Framework, Layout, star
from redis_dash.dialects.problems import is_read
from redis_dash.dialects.session_values import FIELDS_SHOWN, harmless
from redis_dash.redaction.secret_fields import HIDDEN, is_secret

A = TypeVar("A")
R = TypeVar("R")


def guarded(framework: Framework) -> Framework:
    """The same framework, whose functions do not raise, send nothing but reads, and show no secret."""
    return Framework(
        tuple(map(_layout, framework.layouts)),
        tuple(map(_Session, framework.sessions)),
        tuple(map(_Limit, framework.limits)),
    )


def _or(function: Callable[[A], R], otherwise: R) -> Callable[[A], R]:
    def run(value: A) -> R:
        try:
            return function(value)
        except Exception:
            return otherwise

    return run


def _layout(layout: Layout) -> Layout:
    def id_glob(variable: bytes) -> str:
        return _or(layout.id_glob, "*")(variable)

    return msgspec.structs.replace(
        layout,
        value=_or(layout.value, False),
        also=_or(layout.also, False),
        rule=None if layout.rule is None else _or(layout.rule, None),
        id_glob=star if layout.id_glob is star else id_glob,
    )


def redacted(facts: SessionFacts) -> SessionFacts:
    """The facts without secrets, whatever the dialect has put into them."""
    fields = [(str(name), str(value)) for name, value in facts.fields[:FIELDS_SHOWN]]
    return msgspec.structs.replace(
        facts,
        user=harmless(str(facts.user)),
        role=harmless(str(facts.role)),
        others=tuple(harmless(str(one)) for one in facts.others),
        fields=tuple((harmless(name), HIDDEN if is_secret(name) else harmless(value)) for name, value in fields),
    )


class _Session:
    """A session dialect; its errors become a field that tells of them."""

    def __init__(self, dialect: SessionDialect) -> None:
        self.name = dialect.name
        self._dialect = dialect
        self.searchable = _or(dialect.searchable, None)
        if isinstance(dialect, HasContent):
            self.content = _or(dialect.content, None)

    def read(self, key: bytes) -> Command:
        return _only_read(self._dialect.read, key)

    def decode(self, reply: object) -> SessionFacts | None:
        try:
            facts = self._dialect.decode(reply)
            return None if facts is None else redacted(facts)
        except Exception as error:
            return undecodable(f"not decoded: {self.name} fails with {type(error).__name__}")


class _Limit:
    """A limit dialect; a key on which it fails is not recognised."""

    def __init__(self, dialect: LimitDialect) -> None:
        self.name = dialect.name
        self.by_clock = bool(dialect.by_clock)
        self._dialect = dialect

    def probe(self, key: bytes) -> Command:
        return _only_read(self._dialect.probe, key)

    def bound(self, reply: object) -> int:
        try:
            return int(self._dialect.bound(reply))
        except OtherDialectError:
            raise
        except Exception as error:
            raise self._failed(error) from None

    def reads(self, key: bytes, now: float, rule: Rule | None) -> Sequence[Command]:
        try:
            commands = list(self._dialect.reads(key, now, rule))
        except Exception:
            commands = []
        return commands if commands and all(is_read(one, key) for one in commands) else [(b"TYPE", key)]

    def decode(self, key: bytes, replies: Sequence[object], now: float, rule: Rule | None) -> Usage | None:
        try:
            usage = self._dialect.decode(key, replies, now, rule)
        except OtherDialectError:
            raise
        except Exception as error:
            raise self._failed(error) from None
        if usage is not None and not isinstance(usage, Usage):
            raise self._failed(TypeError())
        return usage

    def _failed(self, error: Exception) -> OtherDialectError:
        return OtherDialectError(f"{self.name} fails with {type(error).__name__}")


def _only_read(command_of: Callable[[bytes], Command], key: bytes) -> Command:
    try:
        command = command_of(key)
    except Exception:
        command = ()
    return command if is_read(command, key) else (b"TYPE", key)

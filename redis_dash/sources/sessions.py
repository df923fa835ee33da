"""Who is signed in? The sessions' keys from the scan, their values and lifetimes read a share at a time."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence

import msgspec

from redis_dash.dialects import SESSION_DIALECTS
from redis_dash.dialects.base import SessionFacts
from redis_dash.keyspace import Estimate
from redis_dash.model import Credential, SessionRow, SessionsFrame, mask
from redis_dash.ownreads import Command, ReplyError
from redis_dash.patterns import Pattern
from redis_dash.sources.base import Context, Sample, text

FAMILY = "sessions"
NEW_AT_ONCE = 2000
"""Sessions whose value is read for the first time in one poll."""
LIFETIMES_AT_ONCE = 500
"""Known sessions whose lifetime is read again in one poll, those read longest ago first."""
VALUES_AT_ONCE = 50
"""Known sessions whose value is read again in one poll."""
ROWS = 500
"""Rows handed on."""
UNREADABLE = SessionFacts(user="", fields=(("", "the value is in no form that is known here"),))


class _Known(msgspec.Struct):
    facts: SessionFacts
    dialect: str
    expires_at: float | None
    """``time.monotonic()``; None: never."""
    lifetime_s: float | None
    expires_known: bool = False


class SessionsSource:
    """Keeps what it read until the scan no longer finds the key, or a read finds it gone."""

    topic = "sessions"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._family = context.keyspace.families[FAMILY]
        self._patterns = [Pattern(glob) for glob in context.config.sessions]
        self._known: dict[bytes, _Known] = {}
        self._no_lifetimes = ""
        self._lifetime_turn = 0
        self._value_turn = 0

    async def read(self) -> Sample[SessionsFrame]:
        """New sessions first, then a share of the known ones again."""
        await self._context.require_scan()
        keys, size = self._family.keys, self._family.estimate()
        present = set(keys)
        for gone in self._known.keys() - present:
            del self._known[gone]
        new = [key for key in keys if key not in self._known]
        unread = max(0, len(new) - NEW_AT_ONCE)
        del new[NEW_AT_ONCE:]
        again, self._value_turn = _turn(list(self._known), self._value_turn, VALUES_AT_ONCE)
        lifetimes, self._lifetime_turn = _turn(list(self._known), self._lifetime_turn, LIFETIMES_AT_ONCE)
        await self._read_values(new + again)
        await self._read_lifetimes([*new, *lifetimes])
        return self._sample(size, len(keys), unread)

    async def _read_values(self, keys: Sequence[bytes]) -> None:
        dialect = SESSION_DIALECTS[0]
        replies = await self._context.deployment.pipeline([dialect.read(key) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            if reply is None:
                self._forget(key)
                continue
            facts = dialect.decode(reply)
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = _Known(UNREADABLE, "unknown", None, None)
            known.facts = facts or UNREADABLE
            known.dialect = dialect.name if facts else "unknown"

    async def _read_lifetimes(self, keys: Sequence[bytes]) -> None:
        commands: list[Command] = [(b"PTTL", key) for key in keys]
        replies = await self._context.deployment.pipeline(commands)
        now = time.monotonic()
        self._no_lifetimes = next((str(reply) for reply in replies if isinstance(reply, ReplyError)), "")
        for key, reply in zip(keys, replies, strict=True):
            known = self._known.get(key)
            if reply == -2:
                self._forget(key)
            elif known is not None and isinstance(reply, int):
                left = None if reply < 0 else reply / 1000
                known.lifetime_s = None if left is None else max(known.lifetime_s or 0.0, left)
                known.expires_at = None if left is None else now + left
                known.expires_known = True

    def _forget(self, key: bytes) -> None:
        self._known.pop(key, None)
        self._family.discard(key)

    def _sample(self, size: Estimate, keys: int, unread: int) -> Sample[SessionsFrame]:
        """Of ``keys`` that the scan holds by name, those that we read and found gone are taken off the total."""
        now = time.monotonic()
        live = [
            (key, known) for key, known in self._known.items() if known.expires_at is None or known.expires_at > now
        ]
        latest = heapq.nlargest(ROWS, live, key=_latest)
        full = max((known.lifetime_s or 0.0 for _, known in live), default=0.0)
        rows = tuple(self._row(key, known, now, full) for key, known in latest)
        ended = keys - unread - len(live)
        frame = SessionsFrame(size.keys - ended, size.low - ended, size.high - ended, rows)
        if self._no_lifetimes:
            return Sample(frame, size.coverage, "reduced", f"time left unknown: {self._no_lifetimes}")
        if unread:
            return Sample(frame, size.coverage, "reduced", f"{unread:,} not read yet")
        return Sample(frame, size.coverage)

    def _row(self, key: bytes, known: _Known, now: float, full: float) -> SessionRow:
        identifiers = (pattern.variable(key) for pattern in self._patterns)
        identifier = next((found for found in identifiers if found is not None), key)
        return SessionRow(
            key=Credential(key),
            id=mask(identifier),
            user=known.facts.user,
            role=known.facts.role,
            ttl_s=None if known.expires_at is None else known.expires_at - now,
            ttl_known=known.expires_known,
            ttl_full_s=None if known.expires_at is None else full,
            created_at=known.facts.created_at,
            dialect=known.dialect,
            fields=_without(identifier, known.facts.fields),
        )


def _without(identifier: bytes, fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The session's id must not be readable where the application repeats it in the value."""
    whole = text(identifier)
    if len(whole) < 8:
        return fields
    return tuple((name, value.replace(whole, mask(identifier))) for name, value in fields)


def _latest(item: tuple[bytes, _Known]) -> tuple[float, float]:
    """Sliding lifetimes tell the latest activity: what expires last was used last."""
    known = item[1]
    return (known.expires_at or 0.0, known.facts.created_at or 0.0)


def _turn(keys: list[bytes], start: int, length: int) -> tuple[list[bytes], int]:
    """The next ``length`` keys in a round, and where the round goes on."""
    if len(keys) <= length:
        return keys, 0
    start %= len(keys)
    chosen = (keys + keys[:length])[start : start + length]
    return chosen, start + length

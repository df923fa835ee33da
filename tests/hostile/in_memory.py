"""Passes generated inputs through every decoder, dialect, layout and redaction; only the agreed errors may come."""

from __future__ import annotations

import contextlib
import random
import unicodedata
from collections.abc import Callable, Sequence

import redis_dash.decoders
from redis_dash.core.decoding import text as decoded
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.core.resp import ReplyError
from redis_dash.decoders import Decoded, Opaque, UndecodableError
from redis_dash.dialects.base import LimitDialect, OtherDialectError, Rule, SessionDialect
from redis_dash.dialects.formats import ANY_STRING, SESSION_FORMATS
from redis_dash.dialects.layout import KeySample, recognise
from redis_dash.dialects.messages import read_message
from redis_dash.dialects.registry import FRAMEWORKS, LIMIT_DIALECTS, LIMIT_FORMATS, SESSION_DIALECTS, layouts
from redis_dash.pubsub.message_log import HEAD_BYTES
from redis_dash.redaction.redact import redact_event
from redis_dash.tui.text import plain
from tests.tui.test_hostile import FORBIDDEN

NOW = 1_764_000_000.0
RULES = (None, Rule(5, 60.0), Rule(1, 0.001), Rule(10**9, 1e9))
DECODERS: list[Callable[[bytes], object]] = [
    getattr(redis_dash.decoders, name) for name in redis_dash.decoders.__all__ if name.startswith("dec")
]
SESSIONS: list[SessionDialect] = [
    *SESSION_DIALECTS,
    *SESSION_FORMATS,
    ANY_STRING,
    *(dialect for framework in FRAMEWORKS for dialect in framework.sessions),
]
LIMITS: list[LimitDialect] = [
    *LIMIT_DIALECTS,
    *LIMIT_FORMATS,
    *(dialect for framework in FRAMEWORKS for dialect in framework.limits),
]


def reply_of(one: KeySample) -> object:
    """The reply to the command that reads the key whole."""
    if isinstance(one.value, dict):
        return [part for pair in one.value.items() for part in pair]
    if isinstance(one.value, list) and one.type == "zset":
        return [part for member, score in one.value for part in (member, b"%r" % score)]
    return one.value


def through_all(inputs: Sequence[KeySample], seed: int) -> int:
    """Pass all inputs through; return how many calls were made.

    Raises:
        Exception: one that nothing allows; a note says which input caused it.
    """
    chance = random.Random(seed)
    calls = 0
    for one in inputs:
        try:
            calls += _decode(one) + _read(one, chance) + _show(one)
        except Exception as error:
            error.add_note(f"input: {one!r:.2000}")
            raise
    recognise(inputs, layouts())
    return calls


def assert_whole(value: object) -> None:
    """Every text within can be written as UTF-8."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, Opaque):
        assert_whole([value.name, value.fields])
    elif isinstance(value, Decoded):
        assert_whole(value.value)
    elif isinstance(value, dict):
        assert_whole([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            assert_whole(part)


def _decode(one: KeySample) -> int:
    if not isinstance(one.value, bytes):
        return 0
    for decoder in DECODERS:
        with contextlib.suppress(UndecodableError):
            assert_whole(decoder(one.value))
    read_message(Event(1.0, one.key[:200], one.value[:HEAD_BYTES], len(one.value)))
    return len(DECODERS) + 1


def _read(one: KeySample, chance: random.Random) -> int:
    reply = reply_of(one)
    for session in SESSIONS:
        session.read(one.key)
        if (facts := session.decode(reply)) is not None:
            assert_whole([facts.user, facts.role, *map(list, facts.fields), *facts.others])
        session.searchable(reply)
    for limit in LIMITS:
        rule = chance.choice(RULES)
        try:
            limit.probe(one.key)
            limit.bound(reply)
            limit.decode(one.key, _replies(reply, len(limit.reads(one.key, NOW, rule)), chance), NOW, rule)
        except OtherDialectError:
            pass
    return 3 * len(SESSIONS) + 2 * len(LIMITS)


def _replies(reply: object, number: int, chance: random.Random) -> list[object]:
    """As many replies as commands: that of the key among them, and odd ones."""
    odd: tuple[object, ...] = (reply, None, 0, -1, -2, 2**63 - 1, b"", b"\xff", b"nan", [], ReplyError("WRONGTYPE x"))
    return [reply, *(chance.choice(odd) for _ in range(number - 1))][:number]


def _show(one: KeySample) -> int:
    texts: list[str | bytes] = [decoded(one.key), KnownIds().mask(decoded(one.key))]
    if isinstance(one.value, bytes):
        event = Event(1.0, one.key[:200], one.value[:HEAD_BYTES], len(one.value))
        shown = redact_event(event, ("session:*", "sess:*"), KnownIds())
        texts += [shown.channel, shown.payload]
    for text in texts:
        bad = {char for char in plain(text, 300) if unicodedata.category(char) in FORBIDDEN}
        assert not bad, f"{bad!r} in {plain(text, 300)!r}"
    return len(texts)

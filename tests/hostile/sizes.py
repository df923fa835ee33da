"""Measures that the time of reading and showing a value grows no faster than its size."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.decoders import UndecodableError
from redis_dash.dialects.base import OtherDialectError
from redis_dash.dialects.messages import read_message
from redis_dash.redaction.redact import redact_event
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.redaction.session_keys import mask_keys
from redis_dash.tui.text import plain
from tests.hostile.in_memory import DECODERS, LIMITS, SESSIONS
from tests.unit.decoders.hostile import filled

SMALL, LARGE = 16 * 1024, 256 * 1024
LEAST_S = 0.002
"""A shorter time is not judged: it is mostly the cost of the call."""
ROUNDS = 3
_JWT = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"
UNITS: dict[str, tuple[bytes, bytes, bytes]] = {
    "letters": (b"", b"a", b""),
    "digits": (b"", b"9", b""),
    "spaces": (b"", b" ", b""),
    "zero bytes": (b"", b"\x00", b""),
    "no UTF-8": (b"", b"\xff", b""),
    "combining marks": (b"a", "\u0301".encode(), b""),
    "colons": (b"", b":", b""),
    "ids": (b"", b"session:0a3c6f5e12344321888801234567abcd ", b""),
    "tokens": (b"", _JWT + b".", b""),
    "quotes": (b"", b'"', b""),
    "backslashes": (b'"', b"\\", b'"'),
    "JSON, arrays": (b"[0", b",[]", b"]"),
    "JSON, nested": (b"", b"[", b""),
    "JSON, objects": (b"[0", b',{"password":"x"}', b"]"),
    "JSON, escapes": (b'["', b"\\u00e9", b'"]'),
    "MessagePack, arrays": (b"\xdd\x00\x03\xff\xfb", b"\x90", b""),
    "PHP, elements": (b"a:1000000:{", b"i:0;N;", b"}"),
    "PHP, session": (b"", b"a|N;", b""),
    "pickle, operations": (b"\x80\x04", b"N0", b"N."),
    "Ruby, elements": (b"\x04\x08[\x03\x40\x42\x0f", b"0", b""),
    "Java, texts": (b"\xac\xed\x00\x05sr\x00\x01A", b"t\x00\x01a", b""),
    "base64": (b"", b"QUJD", b""),
}


class Growth(NamedTuple):
    """How the time of one reader grows with the size of one kind of value."""

    reader: str
    value: str
    small_s: float
    large_s: float

    @property
    def ratio(self) -> float:
        """The time for each byte of the large value, as a multiple of that of the small one."""
        return self.large_s / LARGE / (self.small_s / SMALL)


def readers() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """All that reads, redacts or shows a value, by name."""
    for decoder in DECODERS:
        yield getattr(decoder, "__name__", repr(decoder)), decoder
    for session in SESSIONS:
        yield f"sessions, {session.name}", session.decode
        yield f"search, {session.name}", session.searchable
    for limit in LIMITS:
        yield f"limits, {limit.name}", limit.bound
    yield "plain", lambda value: plain(value, 200)
    yield "tokens", lambda value: hide_tokens(value.decode("utf-8", "surrogateescape"))
    yield "session keys", lambda value: mask_keys(value.decode("utf-8", "surrogateescape"), ("session:*", "*:sess"))
    yield "known ids", lambda value: KnownIds().mask(value.decode("utf-8", "surrogateescape"))
    yield "redaction of a message", lambda value: redact_event(Event(1.0, b"c", value, len(value)), ("session:*",))
    yield "message", lambda value: read_message(Event(1.0, b"c", value, len(value)))


def growths() -> Iterator[Growth]:
    """One for each reader and kind of value that takes a time worth judging."""
    gc.collect()
    gc.freeze()  # else a collection goes through all that was imported
    for name, (start, unit, end) in UNITS.items():
        small, large = (filled(start, unit, end, size) for size in (SMALL, LARGE))
        for reader, read in readers():
            large_s = _fastest(read, large)
            if large_s >= LEAST_S:
                yield Growth(reader, name, _fastest(read, small), large_s)


def table(most: int = 5) -> Iterator[str]:
    """How the time grows where it grows most, and the slowest readers, as Markdown."""
    found = sorted(growths(), key=lambda one: -one.ratio)
    slowest = sorted(found, key=lambda one: -one.large_s)[:most]
    yield f"{len(found)} pairs of a reader and a value take {LEAST_S * 1000:.0f} ms or more for {LARGE // 1024} KiB."
    yield ""
    yield f"| reader | value | {SMALL // 1024} KiB | {LARGE // 1024} KiB | time for a byte |"
    yield "|---|---|---:|---:|---:|"
    for one in dict.fromkeys([*found[:most], *slowest]):
        times = f"{one.small_s * 1000:.2f} ms | {one.large_s * 1000:.1f} ms"
        yield f"| {one.reader} | {one.value} | {times} | {one.ratio:.2f}x |"


def _fastest(read: Callable[[bytes], object], value: bytes) -> float:
    """The CPU seconds of the fastest round."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        with contextlib.suppress(UndecodableError, OtherDialectError):
            read(value)
        taken.append(time.process_time() - began)
    return min(taken)

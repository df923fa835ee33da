"""Generates keys whose names, types and values are hostile: recorded ones that are changed, and made-up ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import redis

from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.testing import read_recording
from tests.tui.hostile import PAYLOADS
from tests.unit.decoders.hostile import hostile_values

RECORDED = Path(__file__).parents[1] / "recorded"
LONGEST = 4096
"""Bytes of a generated text, in most cases; some are hostile values of up to 256 KiB."""
PIECES = (
    b"\x1b[31m",
    b"\x1b]0;x\x07",
    b"\x9b2J",
    "\u202e".encode(),
    "\u2028".encode(),
    "\u200d".encode(),
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\r\n",
    b"[@click=app.quit]x[/]",
    b"{user}",
    b":",
    b"*",
    b"\\",
    b"[^]a]",
    b"1e308",
    b"-0",
    b"nan",
    b"inf",
    b"9" * 40,
    b'"',
    b"',",
    b"}}",
    b"[[[[",
    "é漢字👩‍👧".encode(),
)
"""What is inserted: control characters, directions, markup, globs, numbers at the limits, ends of structures."""
SCORES = (0.0, -1.0, 1e308, -1e308, float("inf"), float("-inf"), 5e-324, 1764000000.5, 1764000000123.0, 2.0**53)
NUMBERS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1)


@cache
def seeds() -> tuple[KeySample, ...]:
    """The recorded keys of all frameworks, the values that attack decoders, and payloads with control characters."""
    recorded = [
        one for path in sorted(RECORDED.glob("*.json")) for one in read_recording(path) if one.value is not None
    ]
    values = (*hostile_values().values(), *(one for one in PAYLOADS if len(one) <= 262_144))
    return (*recorded, *(KeySample(b"session:%d" % place, "string", 60.0, one) for place, one in enumerate(values)))


class Generator:
    """Makes the same inputs for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._seeds = seeds()

    def inputs(self, number: int) -> Iterator[KeySample]:
        """So many keys."""
        for _ in range(number):
            yield self._input()

    def _input(self) -> KeySample:
        one = self._chance.choice(self._seeds)
        if self._chance.random() < 0.15:  # a value of another key under this name
            other = self._chance.choice(self._seeds)
            one = KeySample(one.key, other.type, one.ttl_s, other.value)
        key = one.key if self._chance.random() < 0.3 else self._changed(one.key)
        ttl_s = self._chance.choice((one.ttl_s, None, 0.001, 1e9))
        return KeySample(key[:LONGEST] or b"x", one.type, ttl_s, self._changed_value(one.value))

    def _changed_value(self, value: object) -> object:
        if self._chance.random() < 0.1:
            return value
        if isinstance(value, bytes):
            return self._changed(value)
        if isinstance(value, dict):
            return dict(self._changed_pair(*pair) for pair in value.items())
        assert isinstance(value, list)
        return [self._changed_element(one) for one in value]

    def _changed_pair(self, field: bytes, content: bytes) -> tuple[bytes, bytes]:
        change: Callable[[bytes], bytes] = self._changed
        return (field if self._chance.random() < 0.7 else change(field)), change(content)

    def _changed_element(self, element: object) -> object:
        if isinstance(element, tuple):
            score = element[1] if self._chance.random() < 0.5 else self._chance.choice(SCORES)
            return self._changed(element[0]), score
        assert isinstance(element, bytes)
        return self._changed(element)

    def _changed(self, text: bytes) -> bytes:
        """The text with one to four changes; long ones are rarely copied, since that is slow."""
        if len(text) > LONGEST and self._chance.random() < 0.9:
            text = text[:LONGEST]
        changed = bytearray(text or b"x")
        for _ in range(self._chance.randint(1, 4)):
            self._change(changed)
        return bytes(changed)

    def _change(self, text: bytearray) -> None:
        chance = self._chance
        at, kind = chance.randrange(len(text) + 1), chance.randrange(7)
        if kind == 0:
            text[at : at + 1] = chance.randbytes(1)
        elif kind == 1:
            del text[at : at + chance.randint(1, 8)]
        elif kind == 2:
            text[at:at] = text[chance.randrange(len(text) + 1) :][: chance.randint(1, 40)]
        elif kind == 3:
            text[at : at + 4] = struct.pack(chance.choice(("<I", ">I")), chance.choice(NUMBERS))
        elif kind == 4:
            del text[at:]
        elif kind == 5:
            text[at:at] = chance.randbytes(chance.randint(1, 24))
        else:
            text[at:at] = chance.choice(PIECES)


def write(client: redis.Redis, inputs: list[KeySample]) -> None:
    """Write the keys as they are; one that was there before is replaced."""
    pipe = client.pipeline(transaction=False)
    for one in inputs:
        pipe.delete(one.key)
        if isinstance(one.value, bytes):
            pipe.set(one.key, one.value)
        elif isinstance(one.value, dict):
            pipe.hset(one.key, mapping=one.value)
        elif isinstance(one.value, list) and one.value:
            if one.type == "zset":
                pipe.zadd(one.key, dict(one.value))
            elif one.type == "set":
                pipe.sadd(one.key, *one.value)
            else:
                pipe.rpush(one.key, *one.value)
        if one.ttl_s is not None:
            pipe.pexpire(one.key, max(1, int(one.ttl_s * 1000)))
    pipe.execute()

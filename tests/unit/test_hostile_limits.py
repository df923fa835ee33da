"""No bytes of a server make a limiter's dialect fail, or tell a figure that no limiter has."""

from __future__ import annotations

import random
import struct

import pytest

from redis_dash.core.resp import Command
from redis_dash.dialects.base import LimitDialect, OtherDialectError, Rule
from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.registry import FRAMEWORKS, LIMIT_DIALECTS, layouts

NOW = 1_800_000_000.0
BUCKET = struct.pack(">iii", 1, 1, 1)
STATE = struct.pack(">iii", 3, 1, 3)
TEXTS = [
    b"",
    b"0",
    b"5",
    b"-5",
    b"7.5",
    b"-0.5",
    b"1e308",
    b"-1e308",
    b"nan",
    b"inf",
    b"9" * 30,
    b"1_0",
    b"\xff\x00",
    b" 5",
    b"1800000030",
    b"1800000030000000000",
    b"316771230.25",
    b"i:5;",
    b"i:1800000030;",
    b"\x80\x05]\x94.",
    b"[1e300, NaN]",
    BUCKET
    + struct.pack(">iqqqqbqbb", 1, 2**62, 1, 1, 2**62, 0, 0, 0, 0)
    + STATE
    + struct.pack(">qqqiq", -(2**62), -(2**62), 0, 1, 0),
    BUCKET
    + struct.pack(">iqqqqbqbb", 1, 1, 1, 2**62, 1, 1, 0, 0, 0)
    + STATE
    + struct.pack(">qqqiq", 2**62, 2**62, 0, 1, 0),
    BUCKET
    + struct.pack(">iqqqqbqbb", 1, 2**62, 1, 2**62, 1, 0, 0, 0, 0)
    + STATE
    + struct.pack(">qqqiq", 0, 5, 0, 1, 0),
]
SCORES = [b"0", b"1", b"-inf", b"inf", b"1799999990.5", b"1.7e+308", b"1800000000000", b"1800000000000000"]
NAMES = [b"tokens", b"last", b"last_refreshed", b"start", b"end", b"count"]
KEYS = [
    b"",
    b"a",
    b"a:timer",
    b"{a:b}:hits",
    b"x:period:0",
    b"x:period:30000000",
    b"rack::attack:0:a:b",
    b"rack::attack:30000000:a:b",
    b"r:a:1800000000000:month",
    b"r:a:9999999999999:year",
    b"r:a:1800000000000:week",
    b"a_1799999999",
    b"x:period:999999999999",
]


def dialects() -> list[LimitDialect]:
    return [*LIMIT_DIALECTS, *(dialect for framework in FRAMEWORKS for dialect in framework.limits)]


def reply(chance: random.Random, command: Command) -> object:
    """What a server may answer to a command."""
    name = command[0]
    if name == b"GET":
        return chance.choice([None, *TEXTS])
    if name in (b"PTTL", b"ZCARD", b"ZCOUNT", b"EXISTS"):
        return chance.choice([-2, -1, 0, 1, 5000, 2**62]) if name == b"PTTL" else chance.choice([0, 1, 5000])
    if name == b"HGETALL":
        fields = chance.choice([NAMES[:3], NAMES[3:], NAMES[1:3], []])
        return [part for field in fields for part in (field, chance.choice(TEXTS))]
    if name == b"LRANGE":
        return [chance.choice(TEXTS) for _ in range(chance.choice([0, 1, 2, 4]))]
    return [part for _ in range(chance.choice([0, 1, 2])) for part in (chance.choice(TEXTS), chance.choice(SCORES))]


@pytest.mark.parametrize("name", [dialect.name for dialect in dialects()])
def test_no_reply_makes_a_dialect_fail_or_lie(name: str) -> None:
    dialect = next(dialect for dialect in dialects() if dialect.name == name)
    chance = random.Random(7)
    for _ in range(6000):
        key, rule = chance.choice(KEYS), chance.choice([None, Rule(5, 60.0), Rule(1, 0.001)])
        reads = dialect.reads(key, NOW, rule)
        try:
            usage = dialect.decode(key, [reply(chance, command) for command in reads], NOW, rule)
        except OtherDialectError:
            continue
        if usage is not None:
            assert 0 <= usage.used < 10**18
            assert usage.left is None or 0 <= usage.left < 10**18
            for wait in (usage.reset_s, usage.clear_s, usage.window_s):
                assert wait is None or 0 <= wait < 1e16


def test_no_sample_makes_a_layout_fail() -> None:
    chance = random.Random(7)
    hashes: list[object] = [
        None,
        {},
        {b"tokens": b"nan", b"last": b"1"},
        {b"start": b"", b"end": b"inf", b"count": b"5"},
    ]
    values: dict[str, list[object]] = {
        "string": [None, *TEXTS],
        "hash": hashes,
        "zset": [None, [], [(b"a", float("nan"))], [(b"", 1e300)], [(b"x:0123456789:1", 1.8e12)]],
        "list": [None, [], [b"nan"], [b"1e300", b""]],
        "set": [None, [], [b"\xff"]],
    }
    for layout in layouts():
        for kind, ones in values.items():
            for value in ones:
                sample = KeySample(chance.choice(KEYS), kind, chance.choice([None, 0.0, 60.0]), value)
                assert layout.fits(sample) in (True, False)
                layout.read_name(sample.key)

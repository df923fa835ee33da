"""Hostile values: a result or an ``UndecodableError``, bounded memory, and a result that is quick to print."""

from __future__ import annotations

import gc
import gzip
import lzma
import pickle
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import msgspec
import pytest

import redis_dash.decoders
from redis_dash.decoders import Decoded, Opaque, UndecodableError, decode
from redis_dash.decoders.bounds import Reader
from tests.unit.decoders.hostile import SIZE, hostile_values
from tests.unit.decoders.test_containers import entry, session
from tests.unit.decoders.test_java import MAP, USER

DECODERS: list[Callable[[bytes], object]] = [
    getattr(redis_dash.decoders, name) for name in redis_dash.decoders.__all__ if name.startswith("dec")
]
DATA = {"user": "priya é", "n": [1, -2, 3.5, None, True, 2**70], "in": {"a": [{"b": b"\xff"}], "t": (1, 2)}}
VALID = [
    *(pickle.dumps(DATA, protocol) for protocol in range(6)),
    b"!" + pickle.dumps(DATA),
    pickle.dumps({"o": Opaque("A", {"x": 1}), "e": ValueError("x")}),
    msgspec.msgpack.encode({"a": [1, -1, 300, 70_000, 1.5, b"x", msgspec.msgpack.Ext(5, b"abc")], "t": "a" * 40}),
    msgspec.json.encode({"a": [1, -1.5, "é", None, {"b": []}]}),
    b'a:3:{s:1:"a";O:1:"A":1:{s:4:"\0*\0x";d:1.5;}i:0;R:2;i:1;C:1:"B":2:{xy}}',
    b'user|s:5:"priya";cart|a:1:{i:0;b:1;}n|N;',
    b'\x04\x08{\x08:\x06ai\x02\x00\x01I"\x06b\x06:\x06ET[\x07f\x081.5l+\x07\x00\x00\x00\x40o:\x06A\x06:\x07@xi\x06@\x06',
    bytes.fromhex(USER),
    bytes.fromhex(MAP),
    entry(1, b"\x04\x08[\x06i\x06", version=b"v"),
    entry(0x82, zlib.compress(b"hello" * 20)),
    session((b"user", b"priya"), (b"n", b"\x00\x00\x00\x07")),
    zlib.compress(pickle.dumps(DATA)),
    gzip.compress(b'{"a":1}', mtime=0),
    lzma.compress(b'{"a":1}'),
    b"1.5",
    b"hello",
]


def attempt(decoder: Callable[[bytes], object], data: bytes) -> object:
    """The result, or the error that is allowed."""
    try:
        return decoder(data)
    except UndecodableError as error:
        return error


def size(value: object) -> Iterator[int]:
    """The characters of each part; a part that is shared counts each time."""
    if isinstance(value, Opaque):
        yield len(value.name)
        value = value.fields
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from size(key)
            yield from size(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from size(inner)
    else:
        yield len(value) if isinstance(value, str | bytes) else 1


def test_hostile_values_end_in_a_result_or_a_reason(subtests: pytest.Subtests) -> None:
    for name, value in hostile_values().items():
        with subtests.test(name):
            assert len(value) <= SIZE
            for decoder in DECODERS:
                attempt(decoder, value)


def test_hostile_values_take_at_most_20_megabytes_and_are_small_when_printed(subtests: pytest.Subtests) -> None:
    gc.collect()
    gc.freeze()  # else each of the many collections below goes through all that earlier tests left
    for name, value in hostile_values().items():
        with subtests.test(name):
            peak, result = peak_and_result(value)
            assert peak < 20_000_000
            if isinstance(result, Decoded):
                assert sum(size(result.value)) <= 1_100_000
                assert len(repr(result)) < 5_000_000


def peak_and_result(value: bytes) -> tuple[int, object]:
    """The most memory that ``decode`` takes at once, and what it returns."""
    gc.collect()
    tracemalloc.start()
    try:
        result = attempt(decode, value)
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", VALID, ids=lambda data: repr(data[:12]))
def test_valid_values_that_are_cut_at_any_byte(data: bytes) -> None:
    assert not isinstance(attempt(decode, data), UndecodableError)
    for end in range(len(data)):
        for decoder in DECODERS:
            attempt(decoder, data[:end])


@pytest.mark.parametrize("data", VALID, ids=lambda data: repr(data[:12]))
def test_valid_values_that_are_changed(data: bytes) -> None:
    chance = random.Random(len(data))
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(changed))
            what = chance.randrange(4)
            if what == 0:
                changed[at] = chance.randrange(256)
            elif what == 1:
                changed[at : at + chance.randint(1, 4)] = b""
                changed = changed or bytearray(b"x")
            elif what == 2:
                changed[at:at] = changed[chance.randrange(len(changed)) :][: chance.randint(1, 30)]
            else:
                changed[at : at + 4] = struct.pack(">I", chance.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
        for decoder in DECODERS:
            attempt(decoder, bytes(changed))


STARTS = [
    b"",
    b"\x80\x04",
    b"\x04\x08",
    b"\xac\xed\x00\x05",
    b"\x00\x11\x01",
    b"\x02\x00\x00",
    b"\x93",
    b"\x78\x9c",
    b"a:1:{",
]


@pytest.mark.parametrize("start", STARTS)
def test_random_bytes(start: bytes) -> None:
    chance = random.Random(7)
    for _ in range(1500):
        data = start + chance.randbytes(chance.randrange(1, 60))
        for decoder in DECODERS:
            attempt(decoder, data)


def test_random_operations_of_pickles() -> None:
    chance = random.Random(8)
    named = [b"K\x01", b"\x8c\x01a", b"cA\nB\n", b"h\x00", b"q\x00", b"h\x01", b"q\x01", b"I01\n"]
    pieces = [
        *(bytes([code]) for code in b"()]}NtludeasbRio0129.\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94\x97Q"),
        *named,
    ]
    kept = 0
    for _ in range(20_000):
        data = b"".join(chance.choices(pieces, k=chance.randrange(1, 25))) + b"."
        kept += not isinstance(attempt(redis_dash.decoders.decode_pickle, data), UndecodableError)
    assert kept > 100  # else only the first operation would be tried


def test_deep_nesting_is_told_as_such() -> None:
    nested = {name: value for name, value in hostile_values().items() if ", nested" in name and "closed" not in name}
    assert len(nested) > 10
    for name, value in nested.items():
        if name not in ("JSON, nested objects", "pickle, nested tuples"):  # cut off, and too many operations
            assert "more than" in str(attempt(decode, value)), name


def test_no_decoder_reads_more_than_one_mebibyte() -> None:
    for decoder in DECODERS:
        assert "larger than" in str(attempt(decoder, b" " * (1024 * 1024 + 1)))


def test_a_negative_length_is_refused() -> None:
    reader = Reader(b"abc", 2)
    with pytest.raises(EOFError):
        reader.take(-1)

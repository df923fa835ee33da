"""Which format a value is taken for, compression, and the reasons for what is not decoded."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import pickle
import random
import sys
import zlib

import msgspec
import pytest

from redis_dash.decoders import Decoded, UndecodableError, decode, decompress


@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        (b"0", "integer", 0),
        (b"-12", "integer", -12),
        (b"9" * 300, "integer", 10**300 - 1),
        (b"9" * 301, "text", "9" * 301),
        (b"007", "text", "007"),
        (b"-0", "text", "-0"),
        (b"1.50", "float", 1.5),
        (b"1e-05", "float", 1e-05),
        (b"1e999", "text", "1e999"),
        (b"\xd9\xa1", "text", "١"),
        (b"1_000", "text", "1_000"),
        (b" 1", "text", " 1"),
        (b'{"a":1}', "json", {"a": 1}),
        (b" [1]", "json", [1]),
        (b'"x"', "json", "x"),
        (b"null", "json", None),
        (b"true", "json", True),
        (b"", "text", ""),
        (b"hello, world.", "text", "hello, world."),
        (b"two\n\tlines", "text", "two\n\tlines"),
        (b"{no json}", "text", "{no json}"),
        (b"x^2", "text", "x^2"),
        (b"a:b", "text", "a:b"),
        (b"name|role", "text", "name|role"),
        (b"!important", "text", "!important"),
        (b"c\nd\n.", "text", "c\nd\n."),
        (b"gAAAAh", "text", "gAAAAh"),
        (b"\x80", "msgpack", {}),
        (b"\x92\x01\xa1a", "msgpack", [1, "a"]),
    ],
)
def test_recognition(data: bytes, name: str, value: object) -> None:
    assert decode(data) == Decoded(name, value)


def test_a_format_that_is_demanded() -> None:
    assert decode(b"12", only="text") == Decoded("text", "12")
    assert decode(b"5", only="json") == Decoded("json", 5)
    assert decode(zlib.compress(b"12"), only="text") == Decoded("zlib, text", "12")
    with pytest.raises(UndecodableError, match="not valid pickle"):
        decode(b'{"a":1}', only="pickle")
    with pytest.raises(ValueError, match="no format has the name 'yaml'"):
        decode(b"12", only="yaml")


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("zlib", zlib.compress),
        ("zlib", lambda data: zlib.compress(data, 1)),
        ("zlib", lambda data: zlib.compress(data, 9)),
        ("zlib", lambda data: zlib.compress(data, 0)),
        ("gzip", gzip.compress),
        ("xz", lambda data: lzma.compress(data, preset=4)),
        ("xz", lzma.compress),
        ("xz", lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=4)),
    ],
)
def test_compressed_values(name: str, compress: object) -> None:
    assert callable(compress)
    data = compress(pickle.dumps({"a": 1}))
    assert decompress(data) == (name, pickle.dumps({"a": 1}))
    assert decode(data) == Decoded(f"{name}, pickle", {"a": 1})
    with pytest.raises(UndecodableError, match="cut off"):
        decompress(data[:-3] if name != "xz" else data[:30])
    with pytest.raises(UndecodableError):
        decode(data + b"\0more")


def test_two_compressions_and_no_more() -> None:
    once = zlib.compress(b"[1]")
    assert decode(gzip.compress(once)) == Decoded("gzip, zlib, json", [1])
    with pytest.raises(UndecodableError, match="compressed more than 2 times"):
        decode(gzip.compress(gzip.compress(once)))


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress, lzma.compress])
def test_one_mebibyte_is_decompressed_and_no_more(compress: object) -> None:
    assert callable(compress)
    assert decode(compress(b"a" * 1024 * 1024)).value == "a" * 1024 * 1024
    with pytest.raises(UndecodableError, match="more than 1,024 KiB when decompressed"):
        decode(compress(b"a" * (1024 * 1024 + 1)))


def test_xz_that_needs_much_memory() -> None:
    with pytest.raises(UndecodableError, match="xz in a way that needs more than 12 MiB"):
        decode(lzma.compress(b"[]", preset=9))


# Frames of zstd and lz4 that hold {"a":1}; lz4 has no compressed blocks then.
ZSTD = bytes.fromhex("28b52ffd 20 07 390000") + b'{"a":1}'
LZ4 = bytes.fromhex("04224d18 6040 82 07000080") + b'{"a":1}' + bytes(4)


@pytest.mark.parametrize(("data", "name", "package"), [(ZSTD, "zstd", "zstandard"), (LZ4, "lz4", "lz4")])
def test_what_needs_a_package_is_told(data: bytes, name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.frame", None)
    with pytest.raises(UndecodableError, match=f"compressed with {name}, which needs the package {package}"):
        decode(data)


@pytest.mark.parametrize(("data", "name", "package"), [(ZSTD, "zstd", "zstandard"), (LZ4, "lz4", "lz4.frame")])
def test_what_needs_a_package_is_decompressed_with_it(data: bytes, name: str, package: str) -> None:
    module = pytest.importorskip(package)
    assert decode(data) == Decoded(f"{name}, json", {"a": 1})
    compress = module.ZstdCompressor().compress if name == "zstd" else module.compress
    bomb = compress(bytes(64 * 1024 * 1024))
    while len(bomb) > 256 * 1024:
        bomb = compress(bytes(8 * 1024 * 1024))
    with pytest.raises(UndecodableError, match="more than 1,024 KiB when decompressed"):
        decode(bomb)
    if name == "zstd":
        wide = module.ZstdCompressionParameters.from_level(3, window_log=25)
        with pytest.raises(UndecodableError, match="zstd in a way that needs more than 8 MiB"):
            decode(module.ZstdCompressor(compression_params=wide).compress(b"text" * 16 * 1024 * 1024))
    with pytest.raises(UndecodableError, match="cut off"):
        decompress(compress(random.Random(1).randbytes(5000))[:-100])


def test_encrypted_values() -> None:
    parts = {"iv": "a" * 24, "value": "b" * 44, "mac": "c" * 64, "tag": ""}
    laravel = base64.b64encode(json.dumps(parts, separators=(",", ":")).encode())
    fernet = b"gAAAAA" + base64.urlsafe_b64encode(random.Random(1).randbytes(75))
    for data in (laravel, fernet, zlib.compress(fernet)):
        with pytest.raises(UndecodableError, match="encrypted by the application"):
            decode(data)
    assert decode(base64.b64encode(b'{"iv":"a"}')).format == "text"
    assert decode(laravel[:-5]).format == "text"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\xff", "in no format that is known"),
        (b"\xff", "in no format that is known"),
        (b"a\x1b[2Jb", "in no format that is known"),
        (b"\x80\x04\x95", "pickle that is cut off"),
        (b"\x04\x08[", "Ruby Marshal that is cut off"),
        (b"\xac\xed\x00\x05t\x00\x05a", "Java serialization that is cut off"),
        (b"\x78\x9c\x00", "not valid zlib or gzip|cut off"),
        (b"\x00\x00\x00\x02\x14\x01", "igbinary"),
        (bytes(256 * 1024 + 1), "larger than 256 KiB"),
    ],
)
def test_reasons(data: bytes, reason: str) -> None:
    with pytest.raises(UndecodableError, match=reason):
        decode(data)


def test_the_result_can_be_written_as_json() -> None:
    value = {"a": [1, 1.5, None], "o": {1, 2}, "b": b"x"}
    assert json.loads(msgspec.json.encode(decode(pickle.dumps(value)).value)) == {
        "a": [1, 1.5, None],
        "o": [1, 2],
        "b": "eA==",
    }

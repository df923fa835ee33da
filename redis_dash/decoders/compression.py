"""Decompression with a bound on what comes out, and on the memory that it takes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from redis_dash.decoders.bounds import MOST_BYTES, MOST_DECOMPRESSED, check_size
from redis_dash.decoders.decoded import MalformedError, UndecodableError

_MOST_MEMORY = 12 * 1024 * 1024
"""Most bytes of memory for xz; its presets 0 to 6 need less."""
_WINDOW = 8 * 1024 * 1024
_ZSTD_STEP = 64
"""Bytes at a time: zstd has no limit for what it returns, and these give at most 2 MiB."""
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_GZIP_BITS = zlib.MAX_WBITS | 16


def compression(data: bytes) -> str:
    """The name of the compression whose first bytes these are, else an empty text."""
    return next((name for name, (starts, _) in _KINDS.items() if data.startswith(starts)), "")


def decompress(data: bytes) -> tuple[str, bytes]:
    """The name of the compression, and what was compressed."""
    check_size(data, MOST_BYTES)
    name = compression(data)
    if not name:
        raise MalformedError("not compressed")
    try:
        return name, _KINDS[name][1](data)
    except EOFError:
        raise MalformedError(f"{name} that is cut off") from None


def inflate(data: bytes, bits: int) -> bytes:
    """What zlib or gzip, as ``bits`` says, has compressed."""
    try:
        stream = zlib.decompressobj(bits)
        content = _bounded(stream.decompress(data, MOST_DECOMPRESSED + 1))
    except zlib.error:
        raise MalformedError("not valid zlib or gzip") from None
    return _whole(content, stream.eof, stream.unused_data)


def _bounded(content: bytes | bytearray) -> bytes:
    if len(content) > MOST_DECOMPRESSED:
        raise UndecodableError(f"more than {MOST_DECOMPRESSED // 1024:,} KiB when decompressed")
    return bytes(content)


def _whole(content: bytes, is_at_end: bool, following: bytes) -> bytes:
    if not is_at_end:
        raise EOFError
    if following:
        raise MalformedError("compressed, with other bytes after its end")
    return content


def _needs_more(name: str, most: int) -> str:
    return f"compressed with {name} in a way that needs more than {most >> 20} MiB of memory"


def _package(name: str, compressed_with: str) -> ModuleType:
    """An optional package."""
    try:
        return import_module(name)
    except ImportError:
        raise UndecodableError(
            f"compressed with {compressed_with}, which needs the package {name.partition('.')[0]}"
        ) from None


def _xz(data: bytes) -> bytes:
    lzma = _package("lzma", "xz")
    try:
        stream = lzma.LZMADecompressor(memlimit=_MOST_MEMORY)
        content = _bounded(stream.decompress(data, MOST_DECOMPRESSED + 1))
    except lzma.LZMAError as error:
        if "limit" in str(error):
            raise UndecodableError(_needs_more("xz", _MOST_MEMORY)) from None
        raise MalformedError("not valid xz") from None
    return _whole(content, stream.eof, stream.unused_data)


def _zstd(data: bytes) -> bytes:
    zstandard = _package("zstandard", "zstd")
    stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    content = bytearray()
    try:
        for at in range(0, len(data), _ZSTD_STEP):
            content += stream.decompress(data[at : at + _ZSTD_STEP])
            if stream.eof or len(content) > MOST_DECOMPRESSED:
                return _whole(_bounded(content), stream.eof, stream.unused_data + data[at + _ZSTD_STEP :])
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise UndecodableError(_needs_more("zstd", _WINDOW)) from None
        raise MalformedError("not valid zstd") from None
    raise EOFError


def _lz4(data: bytes) -> bytes:
    frame = _package("lz4.frame", "lz4")
    stream = frame.LZ4FrameDecompressor()
    try:
        content = _bounded(stream.decompress(data, MOST_DECOMPRESSED + 1))
    except RuntimeError:
        raise MalformedError("not valid lz4") from None
    return _whole(content, stream.eof, stream.unused_data or b"")


_KINDS: dict[str, tuple[tuple[bytes, ...], Callable[[bytes], bytes]]] = {
    "zlib": (_ZLIB_STARTS, lambda data: inflate(data, zlib.MAX_WBITS)),
    "gzip": ((b"\x1f\x8b",), lambda data: inflate(data, _GZIP_BITS)),
    "xz": ((b"\xfd7zXZ\x00", b"\x5d\x00\x00"), _xz),
    "zstd": ((b"\x28\xb5\x2f\xfd",), _zstd),
    "lz4": ((b"\x04\x22\x4d\x18",), _lz4),
}
"""Each compression with its first bytes and its function."""

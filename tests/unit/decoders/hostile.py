"""Values of at most 256 KiB that are made to take much time or memory, or to run something."""

from __future__ import annotations

import gzip
import lzma
import pickle
import struct
import zlib
from functools import cache

SIZE = 256 * 1024
LARGE = 1024 * 1024
_COLLIDING = 2**61 - 1  # all its multiples have the same hash


def filled(start: bytes, unit: bytes, end: bytes = b"", size: int = SIZE) -> bytes:
    """As many units as fit."""
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


@cache
def hostile_values() -> dict[str, bytes]:
    """All of them by name. To make them takes seconds: a test asks when it runs, not when tests are collected."""
    return {**_nested(), **_wide(), **_pickles(), **_numbers(), **_compressed()}


def _nested() -> dict[str, bytes]:
    return {
        "JSON, nested arrays": b"[" * SIZE,
        "JSON, closed nested arrays": b"[" * 900 + b"]" * 900,
        "JSON, nested objects": filled(b"", b'{"a":'),
        "MessagePack, nested arrays": b"\x91" * SIZE,
        "MessagePack, nested maps": b"\x81\x01" * (SIZE // 2),
        "PHP, nested arrays": filled(b"", b"a:1:{i:0;"),
        "PHP, nested objects": filled(b"", b'O:1:"A":1:{s:1:"a";'),
        "Ruby, nested arrays": filled(b"\x04\x08", b"[\x06"),
        "Ruby, nested variables": filled(b"\x04\x08", b"I"),
        "Ruby, nested classes": filled(b"\x04\x08", b"C:\x06A"),
        "pickle, nested tuples": filled(b"\x80\x04)", b"\x85", b"."),
        "pickle, nested tuples within the operations": b"\x80\x04)" + b"\x85" * 9000 + b".",
        "pickle, marks": filled(b"\x80\x04", b"(", b"."),
    }


def _wide() -> dict[str, bytes]:
    return {
        "JSON, numbers": filled(b"[0", b",0", b"]"),
        "JSON, empty arrays": filled(b"[0", b",[]", b"]"),
        "JSON, empty objects": filled(b"[0", b",{}", b"]"),
        "JSON, commas in a text": filled(b'["', b",", b'"]'),
        "JSON, escapes": filled(b'["', b"\\u00e9", b'"]'),
        "JSON, many keys": b"{%b}" % b",".join(b'"%05x":0' % place for place in range(26_000)),
        "MessagePack, empty arrays": filled(b"\xdd" + struct.pack(">I", SIZE - 5), b"\x90"),
        "MessagePack, map of a million": filled(b"\xdf\x00\x0f\x42\x40", b"\x01"),
        "MessagePack, array said to be huge": b"\xdd\xff\xff\xff\xff" + bytes(1000),
        "MessagePack, bytes said to be huge": b"\x91\xc6\xff\xff\xff\xff" + bytes(1000),
        "PHP, array of a million": filled(b"a:1000000:{", b"i:0;N;"),
        "PHP, session of many": filled(b"", b"a|N;"),
        "PHP, references to itself": filled(b"a:100000:{", b"i:0;R:1;"),
        "PHP, references that double": b"a:100:{i:0;N;" + b"".join(
            b"i:%d;a:2:{i:0;R:%d;i:1;R:%d;}" % (place, place + 1, place + 1) for place in range(1, 100)
        ) + b"}",
        "Ruby, array of a million": filled(b"\x04\x08[\x03\x40\x42\x0f", b"0"),
        "Ruby, links to itself": filled(b"\x04\x08[\x03\x40\x42\x0f", b"@\x00"),
        "Ruby, one long text linked often": b"\x04\x08[\x02\x00\x20\"\x02\x00\xf0" + b"a" * 0xF000 + b"@\x06" * 0x1FFF,
        "Java, candidates for texts": filled(b"\xac\xed\x00\x05sr\x00\x01A", b"t\x03\xff"),
        "Java, long candidates": filled(b"\xac\xed\x00\x05sr\x00\x01A", b"t\x03\xe8" + b"a" * 999 + b"\x01"),
        "Java, short texts": filled(b"\xac\xed\x00\x05sr\x00\x01A", b"t\x00\x01a"),
        "ASP.NET, a million fields": filled(b"\x02\x0f\x42\x40" + bytes(16), bytes(6)),
        "Fernet that is none": filled(b"gAAAA", b"A", b"!"),
        "text": b"a" * SIZE,
        "zero bytes": bytes(SIZE),
        "spaces": b" " * SIZE,
        "PHP session without an end": b"a|" * (SIZE // 2),
        "PHP session, long names": b"a" * SIZE,
    }  # fmt: skip


def _pickles() -> dict[str, bytes]:
    doubling = b"\x80\x04]\x94" + b"".join(b"0h%c" % place + b"h%c\x86\x94" % place for place in range(200)) + b"."
    colliding = b"".join(b"\x8a\x0d" + (n * _COLLIDING << 30).to_bytes(13, "little") + b"N" for n in range(1, 4500))
    states = b"\x80\x04}(" + b"NN" * 1500 + b"u\x940cA\nB\n)\x81"  # an object, and a dict in the memo
    long_text = b"\x80\x04](\x58" + struct.pack("<I", 250_000) + b"a" * 250_000 + b"\x94"
    command = b"\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    return {
        "pickle, many operations": filled(b"\x80\x04", b"N0", b"N."),
        "pickle, a map of a million": filled(b"\x80\x04}(", b"K\x01N", b"u."),
        "pickle, tuples that double": doubling,
        "pickle, one long text repeated": long_text + b"h\x00" * 5000 + b"e.",
        "pickle, keys of one hash": b"\x80\x04}(" + colliding + b"u.",
        "pickle, memo of one hash": b"".join(b"Np%d\n" % (n * _COLLIDING) for n in range(1, 4000)) + b".",
        "pickle, list in itself": b"\x80\x04]\x94h\x00a.",
        "pickle, dict in itself": b"\x80\x04}\x94K\x01h\x00s.",
        "pickle, object in itself": b"\x80\x04cA\nB\n)\x81\x94}K\x01h\x00sb.",
        "pickle, states that grow": b"\x80\x04cA\nB\n)\x81" + b"}K\x01Nsb" * 1900 + b".",
        "pickle, one state given often": states + b"h\x00b" * 3000 + b".",
        "pickle, a state of many states": states + b"(" + b"h\x00" * 5000 + b"tb.",
        "pickle, items that grow": b"\x80\x04cA\nB\n)\x81" + b"NNs" * 3300 + b".",
        "pickle, doubled stack": b"\x80\x04N" + b"2" * 9000 + b"t.",
        "pickle, text said to be huge": b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7fa.",
        "pickle, escapes": filled(b"S'", b"\\x41", b"'\n."),
        "pickle, an unknown escape": filled(b"S'", b"\\q", b"'\n."),
        "pickle, backslashes": filled(b"V", b"\\", b"\n."),
        "pickle, lines without an end": filled(b"(dp0\n", b"S'"),
        "pickle, the command of protocol 0": b"cos\nsystem\n(S'touch /tmp/harm'\ntR.",
        "pickle, the command of protocol 4": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00" + command,
        "pickle, an instance of protocol 0": b"(S'touch /tmp/harm'\nios\nsystem\n.",
        "pickle, long text of plain data": pickle.dumps("a" * 250_000),
    }  # fmt: skip


def _numbers() -> dict[str, bytes]:
    return {
        "digits": b"9" * SIZE,
        "digits after a point": filled(b"0.", b"9"),
        "JSON, digits": b"[%b]" % (b"9" * (SIZE - 2)),
        "JSON, long numbers": filled(b"[0", b"," + b"9" * 4000, b"]"),
        "pickle, digits": filled(b"\x80\x04I", b"9", b"\n."),
        "pickle, a long integer": b"\x80\x02\x8b" + struct.pack("<I", SIZE - 16) + b"\x7f" * (SIZE - 16) + b".",
        "PHP, digits": filled(b"i:", b"9", b";"),
        "PHP, a length of digits": filled(b"s:", b"9", b':"";'),
        "Ruby, a long integer": b"\x04\x08l+\x02\xff\xff" + b"\x7f" * 0x1FFFE,
        "Ruby, a long float": b"\x04\x08f\x02\xff\xff" + b"9" * 0xFFFF,
    }


def _compressed() -> dict[str, bytes]:
    bomb, tokens = bytes(64 * LARGE), filled(b"[0", b",[]", b"]", LARGE)
    zlib_bomb = zlib.compress(bomb)
    bombs = {
        "zlib bomb": zlib_bomb,
        "gzip bomb": gzip.compress(bomb),
        "xz bomb": lzma.compress(bomb, preset=0),
        "zlib bomb in a zlib bomb": zlib.compress(zlib.compress(bytes(LARGE - 1))),
        "zlib in zlib in zlib": zlib.compress(zlib.compress(zlib.compress(b"[]"))),
        "zlib, JSON of empty arrays": zlib.compress(tokens),
        "zlib, JSON of empty objects": zlib.compress(filled(b"[0", b",{}", b"]", LARGE)),
        "zlib, JSON of small texts": zlib.compress(filled(b'["ab"', b',"ab"', b"]", LARGE)),
        "zlib, JSON of long numbers": zlib.compress(filled(b"[0", b"," + b"9" * 4000, b"]", LARGE)),
        "zlib, MessagePack": zlib.compress(filled(b"\xdd\x00\x0f\xff\x00", b"\x90", size=LARGE)),
        "zlib, text": zlib.compress("\U0001f600".encode() * (LARGE // 4)),
        "zlib, JSON text": zlib.compress(b'["' + "\U0001f600".encode() * (LARGE // 4 - 1) + b'"]'),
        "zlib, bytes": zlib.compress(b"\xff" * LARGE),
        "zlib, pickle": zlib.compress(filled(b"\x80\x04](", b"\x8c\x02ab", b"e.", LARGE)),
        "zlib, PHP": zlib.compress(filled(b"a:1000000:{", b"i:0;N;", size=LARGE)),
        "zlib, Java": zlib.compress(filled(b"\xac\xed\x00\x05sr\x00\x01A", b"t\x03\xff", size=LARGE)),
        "xz that asks for much memory": lzma.compress(b"[]", preset=9),
        "Rails cache entry, bomb": b"\x00\x11\x82" + struct.pack("<di", -1, -1) + zlib_bomb,
        "Rails 7.0 cache entry, bomb": b"\x01" + zlib_bomb,
    }
    return {name: value for name, value in bombs.items() if len(value) <= SIZE}

"""Four attacks on each format that redis-dash decodes, and what they take.

``python -m tests.unit.decoders.attacks`` prints the table of docs/hostile-values.md.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import time
import zlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from redis_dash.decoders import UndecodableError, decode
from tests.unit.decoders.hostile import SIZE, filled

EXPLOIT, BOMB, NESTING, MILLION = ATTACKS = ("an exploit", "a bomb", "deep nesting", "a million entries")
MILLION_ENTRIES = 1_000_000
ROUNDS = 5
_MARSHAL = b"\x04\x08"
_JAVA = b"\xac\xed\x00\x05"
_RAILS = b"\x00\x11\x01" + struct.pack("<di", -1, -1)
_RAILS_COMPRESSED = b"\x00\x11\x81" + struct.pack("<di", -1, -1)


class Attack(NamedTuple):
    """One value."""

    format: str
    attack: str
    value: bytes


@cache
def attacks() -> tuple[Attack, ...]:
    """All of them. To make them takes seconds: a test asks when it runs, not when tests are collected."""
    made = [(name, EXPLOIT, value) for name, value in _exploits().items()]
    made += [(name, BOMB, value) for name, value in _bombs().items()]
    made += [(name, NESTING, value) for name, value in _nested().items()]
    made += [(name, MILLION, value) for name, value in _millions().items()]
    return tuple(Attack(*one) for one in made)


class Command:
    """An object whose pickle runs a command when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (self.command,)


HARM = "touch /tmp/redis-dash-was-harmed"


def _exploits() -> dict[str, bytes]:
    """The shapes of known chains: what loads them runs a command."""
    php = (
        rb'O:32:"Monolog\Handler\SyslogUdpHandler":1:{s:9:"%bsocket";O:29:"Monolog\Handler\BufferHandler":2:'
        rb'{s:10:"processors";a:2:{i:0;s:7:"current";i:1;s:6:"system";}s:6:"buffer";a:1:{i:0;s:2:"id";}}}'
    ) % b"\0*\0"
    ruby = b'U:\x15Gem::Requirement[\x06o:\x18Gem::DependencyList\x06:\x0b@specs[\x06I"\x07id\x06:\x06ET'
    java = (
        b"sr\x00\x17java.util.PriorityQueue\x94\xda0\xb4\xfb?\x82\xb1\x03\x00\x02I\x00\x04sizeL\x00\ncomparator"
        b"t\x00\x16Ljava/util/Comparator;xp\x00\x00\x00\x02sr\x00Borg.apache.commons.collections4.comparators."
        b"TransformingComparator/\xf9\x84\xf0+\xb1\x08\xcc\x02\x00\x02xpt\x00\x0ftouch /tmp/harmx"
    )
    gadget = {"$type": "System.Windows.Data.ObjectDataProvider", "MethodName": "Start", "__proto__": {"admin": True}}
    return {
        "pickle": pickle.dumps({"user": Command(HARM)}),
        "pickle, protocol 0": pickle.dumps({"user": Command(HARM)}, 0),
        "PHP": php,
        "PHP session": b"user|" + php,
        "Ruby Marshal": _MARSHAL + ruby,
        "Rails cache entry": _RAILS + _MARSHAL + ruby,
        "Java": _JAVA + java,
        "JSON": json.dumps(gadget).encode(),
        "MessagePack": b"\x81\xa4user\xc7\x02\x05\x04\x08",  # an extension that holds Marshal
    }


def _bombs() -> dict[str, bytes]:
    """Small values that hold very much: compressed, or by references that double."""
    zeros = bytes(64 * 1024 * 1024)
    doubling = b"\x80\x04]\x94" + b"".join(b"0h%c" % place + b"h%c\x86\x94" % place for place in range(200)) + b"."
    references = b"".join(b"i:%d;a:2:{i:0;R:%d;i:1;R:%d;}" % (place, place + 1, place + 1) for place in range(1, 100))
    links = b'[\x02\x00\x20"\x02\x00\xf0' + b"a" * 0xF000 + b"@\x06" * 0x1FFF
    return {
        "zlib": zlib.compress(zeros),
        "gzip": gzip.compress(zeros),
        "xz": lzma.compress(zeros, preset=0),
        **_packed_bombs(zeros),
        "Rails cache entry": _RAILS_COMPRESSED + zlib.compress(zeros),
        "JSON": zlib.compress(filled(b"[0", b",[]", b"]", 1024 * 1024)),
        "MessagePack": zlib.compress(filled(b"\xdd\x00\x0f\xff\x00", b"\x90", size=1024 * 1024)),
        "pickle": doubling,
        "PHP": b"a:100:{i:0;N;" + references + b"}",
        "PHP session": b"a|a:100:{i:0;N;" + references + b"}",
        "Ruby Marshal": _MARSHAL + links,
        "Java": zlib.compress(filled(_JAVA + b"sr\x00\x01A", b"t\x03\xff", size=1024 * 1024)),
        "ASP.NET session": zlib.compress(filled(b"\x02\x0f\x42\x40" + bytes(16), bytes(6), size=1024 * 1024)),
    }


def _packed_bombs(zeros: bytes) -> dict[str, bytes]:
    """Those whose packages are installed."""
    bombs = {}
    if importlib.util.find_spec("zstandard"):
        bombs["zstd"] = import_module("zstandard").ZstdCompressor().compress(zeros)
    if importlib.util.find_spec("lz4"):
        bombs["lz4"] = import_module("lz4.frame").compress(zeros[: 32 * 1024 * 1024])
    return bombs


def _nested() -> dict[str, bytes]:
    ruby = filled(_MARSHAL, b"[\x06")
    return {
        "JSON": b"[" * SIZE,
        "JSON, closed": b"[" * (SIZE // 2) + b"]" * (SIZE // 2),
        "MessagePack": b"\x91" * SIZE,
        "pickle": b"\x80\x04)" + b"\x85" * 9000 + b".",
        "pickle, marks": filled(b"\x80\x04", b"(", b"."),
        "PHP": filled(b"", b"a:1:{i:0;"),
        "PHP session": filled(b"a|", b"a:1:{i:0;"),
        "Ruby Marshal": ruby,
        "Rails cache entry": _RAILS + ruby[: SIZE - len(_RAILS)],
        "Java": filled(_JAVA, b"sr\x00\x11java.util.HashSet\xbaD\x85\x95\x96\xb8\xb74\x03\x00\x00xpw\x0c"),
    }


def _millions() -> dict[str, bytes]:
    """A map of a million, as far as 256 KiB hold it; all of it in JSON, and compressed."""
    whole = b"{%b}" % b",".join(b'"%d":0' % place for place in range(MILLION_ENTRIES))
    ruby = filled(_MARSHAL + b"{\x03\x40\x42\x0f", b"i\x06i\x06")
    return {
        "JSON": whole,
        "JSON, compressed": zlib.compress(b"{%b}" % b",".join([b'"a":0'] * MILLION_ENTRIES)),
        "MessagePack": filled(b"\xdf\x00\x0f\x42\x40", b"\x01"),
        "pickle": filled(b"\x80\x04}(", b"K\x01N", b"u."),
        "PHP": filled(b"a:1000000:{", b"i:0;N;"),
        "PHP session": filled(b"", b"a|N;"),
        "Ruby Marshal": ruby,
        "Rails cache entry": _RAILS + ruby[: SIZE - len(_RAILS)],
        "Java": filled(_JAVA + b"sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16`\xd1\x03\x00\x02", b"t\x00\x01a"),
        "ASP.NET session": filled(b"\x02\x0f\x42\x40" + bytes(16), bytes(6)),
    }


def told(value: bytes) -> str:
    """Why a value is not decoded; otherwise the beginning of what is shown."""
    try:
        return repr(decode(value).value)
    except UndecodableError as error:
        return str(error)


# -- the measurement ---------------------------------------------------------------------------------------------------


class Cost(NamedTuple):
    """What one value takes."""

    milliseconds: float
    """CPU time of the slowest of some rounds."""
    megabytes: float
    """By which a new process grows at most: also what no allocator of Python counts."""


def cost(value: bytes) -> Cost:
    """Decode a value in a process of its own."""
    done = subprocess.run([sys.executable, "-m", __spec__.name, "-"], input=value, capture_output=True, check=True)
    return Cost(*map(float, done.stdout.split()))


def measure(value: bytes) -> Cost:
    """Decode a value in this process, which has decoded nothing before."""
    told(b'{"a": [1]}')  # imports
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    slowest = 0.0
    for _ in range(ROUNDS):
        began = time.process_time()
        told(value)
        slowest = max(slowest, time.process_time() - began)
    return Cost(slowest * 1000, max(0.0, _resident("VmHWM") - before) / 1e6)


def _resident(kind: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


def table() -> str:
    """In Markdown."""
    lines = ["| format | attack | value | CPU time | memory | told |", "|---|---|---:|---:|---:|---|"]
    for one in sorted(attacks(), key=lambda one: one.format.casefold()):
        took = cost(one.value)
        words = told(one.value).replace("|", "\\|").replace("\n", " ")
        shown = words if len(words) <= 60 else f"{words[:59]}…"
        size = f"{len(one.value) / 1024:,.1f} KiB"
        measured = f"{took.milliseconds:.1f} ms | {took.megabytes:.1f} MB"
        lines.append(f"| {one.format} | {one.attack} | {size} | {measured} | `{shown}` |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; with an argument what the value on the standard input takes."""
    if sys.argv[1:]:
        sys.stdout.write("{} {}".format(*measure(sys.stdin.buffer.read())))
    else:
        sys.stdout.write(f"{table()}\n")


if __name__ == "__main__":
    main()

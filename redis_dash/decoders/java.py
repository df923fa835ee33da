"""Java serialization: the usual values of sessions and caches. No class is loaded."""

from __future__ import annotations

import re

from redis_dash.decoders.bounds import Reader, guarded, whole_characters
from redis_dash.decoders.graph import Instance, Pairs

MAGIC = b"\xac\xed\x00\x05"
_NUMBER = b"xr\x00\x10java.lang.Number\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp"
_LONG = b"sr\x00\x0ejava.lang.Long;\x8b\xe4\x90\xcc\x8f#\xdf\x02\x00\x01J\x00\x05value" + _NUMBER
_INTEGER = b"sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05value" + _NUMBER
_BOOLEAN = b"sr\x00\x11java.lang.Boolean\xcd r\x80\xd5\x9c\xfa\xee\x02\x00\x01Z\x00\x05valuexp"
_BYTES = b"ur\x00\x02[B\xac\xf3\x17\xf8\x06\x08T\xe0\x02\x00\x00xp"
_CLASS = re.compile(rb"(?:s|u|~)r(..)", re.DOTALL)
_TEXT = re.compile(rb"t([\x00-\x03].)", re.DOTALL)
_MOST_CANDIDATES = 5_000
_MOST_TEXTS = 100
CUT = "…"
"""The last of an object's strings if it has more than are looked for."""


@guarded("Java serialization")
def decode_java(data: bytes) -> object:
    """The text, number, boolean or bytes; of any other object the class, and ``strings``, the short texts inside."""
    reader = Reader(data)
    reader.expect(MAGIC)
    value = _value(reader, data[len(MAGIC) :])
    reader.end()
    return value


def _value(reader: Reader, data: bytes) -> object:
    if data[:1] == b"p":
        reader.take(1)
        return None
    if data[:1] in (b"t", b"|"):
        size = reader.number(2 if reader.byte() == ord("t") else 8)
        return _modified_utf8(reader.take(size))
    for start, size in ((_LONG, 8), (_INTEGER, 4)):
        if data.startswith(start):
            reader.take(len(start))
            return reader.number(size, signed=True)
    if data.startswith(_BOOLEAN):
        reader.take(len(_BOOLEAN))
        return bool((0, 1).index(reader.byte()))
    if data.startswith(_BYTES):
        reader.take(len(_BYTES))
        return reader.take(reader.number(4))
    return _object(reader)


def _object(reader: Reader) -> Instance:
    """An object of another class; all that follows belongs to it."""
    if not _CLASS.match(reader.data, reader.at):
        raise ValueError
    reader.take(2)
    name = _modified_utf8(reader.take(reader.number(2)))
    rest = reader.take(len(reader.data) - reader.at)
    return Instance(name, Pairs([("strings", _texts(rest))]))


def _modified_utf8(raw: bytes) -> str:
    """A text of Java: zero has two bytes, and a character beyond 16 bits has two halves of three bytes."""
    return whole_characters(raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass"))


def _texts(data: bytes) -> list[object]:
    """The printable texts among the bytes, without those that name the type of a field."""
    found: list[object] = []
    at = 0
    for _ in range(_MOST_CANDIDATES):
        match = _TEXT.search(data, at)
        if match is None:
            return found
        end = match.end() + int.from_bytes(match[1], "big")
        text = _printable(data[match.end() : end]) if match.end() < end <= len(data) else ""
        at = end if text else match.start() + 1
        if text and not re.fullmatch(r"\[*L[\w/$.]+;", text):
            found.append(text)
        if len(found) == _MOST_TEXTS:
            break
    return [*found, CUT]


def _printable(raw: bytes) -> str:
    try:
        text = _modified_utf8(raw)
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""

"""Recognises the format of a value and decodes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from redis_dash.decoders import aspnet_session, java, rails_entry, ruby_marshal
from redis_dash.decoders.bounds import MOST_BYTES, check_size
from redis_dash.decoders.compression import compression, decompress
from redis_dash.decoders.decoded import Decoded, MalformedError, UndecodableError
from redis_dash.decoders.encryption import is_encrypted
from redis_dash.decoders.json_text import decode_json
from redis_dash.decoders.msgpack import decode_msgpack, looks_like_msgpack
from redis_dash.decoders.php import decode_php, decode_php_session
from redis_dash.decoders.pickle_data import decode_pickle
from redis_dash.decoders.plain_text import FLOAT, INTEGER, decode_float, decode_integer, decode_text

IN_NO_FORMAT = "in no format that is known"
"""The error of a value that begins like none of the formats."""
_MOST_COMPRESSIONS = 2
"""How often a value may have been compressed, one compression inside the other."""
_IGBINARY = (b"\x00\x00\x00\x01", b"\x00\x00\x00\x02")
_JSON = re.compile(rb'[ \t\r\n]*[{\["tfn]')
_PICKLE = re.compile(rb"!|[}\]]q\x00|\x80[\x02-\x05]|\((?:d|l)p\d+\n|c[\w.]+\n[\w.]+\n")
_PHP_VALUE = rb'(?:[aOCEs]:\d+:["{]|i:-?\d+;|d:[\d.INFA+-]+|b:[01];|N;|[Rr]:\d+;)'
_PHP = re.compile(_PHP_VALUE)
_PHP_SESSION = re.compile(rb"[^|]{1,400}\|" + _PHP_VALUE)


class _Format(NamedTuple):
    name: str
    is_likely: Callable[[bytes], object]
    """Whether the value begins like the format; true for some other values, too."""
    read: Callable[[bytes], object]


_FORMATS = (
    _Format("integer", INTEGER.fullmatch, decode_integer),
    _Format("float", FLOAT.fullmatch, decode_float),
    _Format("java", lambda data: data.startswith(java.MAGIC), java.decode_java),
    _Format("ruby marshal", lambda data: data.startswith(ruby_marshal.MAGIC), ruby_marshal.decode_ruby),
    _Format(
        "rails cache entry",
        lambda data: data.startswith((rails_entry.MAGIC, *rails_entry.MARKS_OF_7_0)),
        rails_entry.decode_rails_entry,
    ),
    _Format(
        "asp.net session",
        lambda data: data.startswith(aspnet_session.REVISION),
        aspnet_session.decode_aspnet_session,
    ),
    _Format("pickle", _PICKLE.match, decode_pickle),
    _Format("json", _JSON.match, decode_json),
    _Format("php", _PHP.match, decode_php),
    _Format("php session", _PHP_SESSION.match, decode_php_session),
    _Format("msgpack", looks_like_msgpack, decode_msgpack),
    _Format("text", lambda data: True, decode_text),
)
"""The formats, in the order in which they are tried."""


def decode(data: bytes, only: str = "") -> Decoded:
    """The value in the first format that fits, or in the format ``only``, also if it is compressed.

    Raises ``UndecodableError``, which says why; ``ValueError`` if there is no format ``only``.
    """
    formats = [one for one in _FORMATS if one.name == only] if only else _FORMATS
    if not formats:
        raise ValueError(f"no format has the name {only!r}")
    check_size(data, MOST_BYTES)
    names, content, failure = _decompressed(data)
    if is_encrypted(content):
        raise UndecodableError("encrypted by the application")
    if content.startswith(_IGBINARY):
        raise UndecodableError("in PHP's igbinary, which is not decoded")
    for one in formats:
        if only or one.is_likely(content):
            try:
                return Decoded(", ".join((*names, one.name)), one.read(content))
            except MalformedError as error:
                failure = failure or error
    raise UndecodableError(str(failure) if failure and str(failure) != "not valid text" else IN_NO_FORMAT)


def _decompressed(data: bytes) -> tuple[list[str], bytes, MalformedError | None]:
    """The compressions in front, what they contain, and why the last one was not one."""
    names: list[str] = []
    while compression(data):
        if len(names) == _MOST_COMPRESSIONS:
            raise UndecodableError(f"compressed more than {_MOST_COMPRESSIONS} times")
        try:
            name, data = decompress(data)
        except MalformedError as error:  # a text may begin like compressed bytes: "x^2"
            return names, data, error
        names.append(name)
    return names, data, None

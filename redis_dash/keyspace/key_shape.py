"""The shape of one key: its name with each part that is certainly variable replaced, such as an id or an address.

Whether other parts are variable, such as names of users, can only be decided from many keys: see ``pattern_tree``.
"""

from __future__ import annotations

import re

VARIABLE = b"\0"
"""Stands for a variable part. A key that has this byte itself is variable from there on."""
LONGEST = 256
"""Bytes of a key that are looked at; what comes after is variable."""
STRONG = b":/|#{} ,;"
"""Separators of parts."""
WEAK = b".-_"
"""Separators that may be within a part as well: ``mary-jane``, ``cart_items``."""

_PART = re.compile(rb"[^:/|#{} ,;._\-]*+[:/|#{} ,;._\-]?+")
_TO_STRONG = re.compile(rb"[^:/|#{} ,;]*+[:/|#{} ,;]?+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f].*", re.DOTALL)
_NOT_ASCII = re.compile(rb"[\x00-\x1f\x7f-\xff].*", re.DOTALL)
_MAIL = re.compile(rb"[A-Za-z0-9.+%_-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![A-Za-z0-9])")
_IPV6 = re.compile(
    rb"(?<![0-9A-Za-z])(?:"
    rb"(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    rb"|(?:[23][0-9a-fA-F]{3}|[fF][cdeCDE][0-9a-fA-F]{2}|64)(?::[0-9a-fA-F]{1,4}){0,6}::(?:[0-9a-fA-F]{1,4}"
    rb"(?::[0-9a-fA-F]{1,4}){0,5})?"
    rb"|::1|::ffff:(?:\d{1,3}\.){3}\d{1,3})"
    rb"(?![0-9A-Za-z])(?:/(?:32|4[0-9]|5[0-9]|6[0-4]|128)(?=\Z|:))?"
)
_IDS = re.compile(
    rb"""
    (?<![A-Za-z0-9])(?:
      [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}                  # a UUID
    | \d{4}-\d\d-\d\dT\d\d(?::?\d\d){1,2}(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?    # a moment
    | \d++(?:[-.]\d++)+                                                     # a date, an IPv4 address, a version
    | \d{4}-W\d\d                                                           # a week
    | \d++(?=\Z|\}) | \d{5,}+                                               # a number at the end of all or of a tag
    | [0-9a-fA-F]{16,}+=*
    # Letters and digits in turn: not a word with a short number, such as "oauth2" or "user17".
    | (?=[A-Za-z]*\d)(?=\d*[A-Za-z])(?![A-Za-z]{1,15}+\d{0,4}[A-Za-z]{0,4}(?![A-Za-z0-9]))[A-Za-z0-9+]{8,}+={0,2}
    # No digits: upper and lower case in turn, but not "CamelCase"; or longer than words are.
    | (?![A-Z]?[a-z]++(?:[A-Z][a-z]++)*+(?![A-Za-z0-9]))(?=[A-Z]*[a-z])(?=[a-z]*[A-Z])
      (?!(?:[A-Z]{0,5}[a-z]{2,})+(?![A-Za-z0-9]))[A-Za-z]{16,}+={0,2}
    | [a-z]{24,}+ | [A-Z]{24,}+=*
    )(?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_URL_SAFE = re.compile(
    # Base64 for URLs, which may contain "-" and "_": a whole part that mixes cases and digits.
    rb"(?:(?<=[:/|#{} ,;.])|\A)(?!(?:[A-Z]?[a-z]{3,}|[A-Z]{4,})[_-])(?=[^:/|.]*\d)(?=[^:/|.]*[a-z])(?=[^:/|.]*[A-Z])"
    rb"[A-Za-z0-9_-]{20,}+={0,2}(?![^:/|#{} ,;.])"
)
_SEVERAL = re.compile(rb"\0(?:[-._+=~@%]?\0)+|\0[-_]+\Z")


def shape_of(key: bytes) -> bytes:
    """The key with its ids, addresses, dates and long numbers replaced by ``VARIABLE``."""
    shape = key
    if len(key) > LONGEST:
        shape = _cut(key[:LONGEST])
    if not (shape.isascii() and shape.decode("ascii").isprintable()):
        shape = _without_binary(shape)
    if b"@" in shape:
        shape = _MAIL.sub(VARIABLE, shape)
    if b"::" in shape or shape.count(b":") > 6:
        shape = _IPV6.sub(VARIABLE, shape)
    if len(shape) >= 20 and (b"-" in shape or b"_" in shape):
        shape = _URL_SAFE.sub(VARIABLE, shape)
    shape = _IDS.sub(VARIABLE, shape)
    several = shape.count(VARIABLE) > 1 or shape.endswith((b"\0-", b"\0_"))
    return _SEVERAL.sub(VARIABLE, shape) if several else shape


def part_at(shape: bytes, at: int) -> bytes:
    """The part that begins there, with the separator that follows it; empty at the end."""
    found = _PART.match(shape, at)
    return found[0] if found else b""


def to_strong(shape: bytes, at: int) -> bytes:
    """All parts that begin there up to the next strong separator, with it."""
    found = _TO_STRONG.match(shape, at)
    return found[0] if found else b""


def _cut(head: bytes) -> bytes:
    """The beginning of a long key up to its last separator, and a variable rest."""
    end = max(head.rfind(separator) for separator in (b":", b"/", b"|", b".", b"-", b"_"))
    return head[: end + 1] + VARIABLE


def _without_binary(shape: bytes) -> bytes:
    """Text stays as it is; bytes that are not text are variable, with all that follows."""
    try:
        shape.decode()
    except UnicodeDecodeError:
        return _NOT_ASCII.sub(VARIABLE, shape)
    return _CONTROL.sub(VARIABLE, shape)

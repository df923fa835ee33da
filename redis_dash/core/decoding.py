"""Lossless conversion of Redis bytes to text and back: different bytes give different text.

Valid UTF-8 is unchanged; any other byte becomes ``\\xff``. If the bytes themselves hold such letters, the backslashes
before them are doubled: an odd number stands before an escaped byte, an even one before letters.
"""

from __future__ import annotations

import re

_BAD = "\udc80-\udcff"  # what "surrogateescape" makes of a byte that is not UTF-8; nothing else decodes to it
_LETTERS = "x[89a-f][0-9a-f]"  # only bytes from 0x80 on can be invalid
_TO_ESCAPE = re.compile(rf"(\\*)([{_BAD}])|(\\+)(?={_LETTERS})")
NO_CHARACTER = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of characters, which are no bytes either."""
_ESCAPED = re.compile(rf"(\\+)({_LETTERS})")


def text(raw: bytes) -> str:
    """Bytes of Redis as text. The text is still hostile."""
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        whole = raw.decode("utf-8", "surrogateescape")
    else:
        if "\\x" not in whole:
            return whole
    return _TO_ESCAPE.sub(_escape, whole)


def raw(shown: str) -> bytes:
    """The bytes of a text; characters that have none, which a user may type, become ``?``."""
    if "\\x" in shown:
        shown = _ESCAPED.sub(_unescape, shown)
    return NO_CHARACTER.sub("?", shown).encode("utf-8", "surrogateescape")


def _escape(match: re.Match[str]) -> str:
    before, byte, letters_follow = match.groups()
    if letters_follow:
        return 2 * str(letters_follow)
    return f"{2 * before}\\x{ord(byte) - 0xDC00:02x}"


def _unescape(match: re.Match[str]) -> str:
    backslashes, letters = match.groups()
    half = "\\" * (len(backslashes) // 2)
    return half + (chr(0xDC00 + int(letters[1:], 16)) if len(backslashes) % 2 else letters)

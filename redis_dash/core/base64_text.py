"""Finds base64 of ASCII text within other text."""

from __future__ import annotations

import re
from base64 import b64decode

_ANY = "[A-Za-z0-9+/_-]"
BASE64_TEXT = re.compile(rf"(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589]{_ANY}){{4,}}{_ANY}{{0,3}}")
"""Groups of four characters that stand for three bytes below 128: few words and few random ids have this form."""
_STANDARD = str.maketrans("-_", "+/")


def decoded(base64: str) -> str:
    """The text that a match of ``BASE64_TEXT`` stands for; what may follow it is replaced."""
    whole = base64[: len(base64) - (len(base64) % 4 == 1)].translate(_STANDARD)
    return b64decode(whole + "=" * (-len(whole) % 4)).decode("ascii", "replace")

"""Text, and numbers written as text."""

from __future__ import annotations

import math
import re

from redis_dash.decoders.bounds import guarded

INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,299}")  # with a zero before it, it is a code rather than a number
FLOAT = re.compile(rb"-?(?:0|[1-9][0-9]{0,19})(?=[.eE])(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@guarded("integer")
def decode_integer(data: bytes) -> object:
    """The number."""
    if not INTEGER.fullmatch(data):
        raise ValueError
    return int(data)


@guarded("float")
def decode_float(data: bytes) -> object:
    """The number."""
    if not FLOAT.fullmatch(data) or not math.isfinite(number := float(data)):
        raise ValueError
    return number


@guarded("text")
def decode_text(data: bytes) -> object:
    """The text; it has no control characters except tab and line ends."""
    if _CONTROL.search(data):
        raise ValueError
    return data.decode()

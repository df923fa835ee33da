"""JSON documents that are harmless on a terminal."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from redis_dash.core.decoding import NO_CHARACTER
from redis_dash.core.decoding import text as as_text


def json_text(document: dict[str, object]) -> str:
    """The document as JSON; everything that is not printable is escaped, because it could control a terminal."""
    text = msgspec.json.format(msgspec.json.encode(_finite(document)), indent=1).decode()
    return text if text.isascii() and "\x7f" not in text else _UNPRINTABLE.sub(_escaped, text)


_UNPRINTABLE = re.compile(r"[^ -~\n]")


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1].replace("\x7f", "\\u007f")


def _shown(text: str) -> str:
    """The text; a byte that is not UTF-8, as patterns have it, is written as ``\\xff``, other halves as ``?``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return as_text(NO_CHARACTER.sub("?", text).encode("utf-8", "surrogateescape"))
    return text


def _finite(value: Any) -> Any:
    """The value as JSON can represent it: infinities as the texts ``inf`` and ``-inf``, as in Redis; NaN as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else f"{value}"
    if isinstance(value, str):
        return value if value.isascii() else _shown(value)
    if isinstance(value, dict):
        return {_finite(name): _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value

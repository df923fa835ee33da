"""Texts as TOML writes them."""

from __future__ import annotations

import re

import msgspec

_NO_TEXT = re.compile(r"[\ud800-\udfff]")


def quoted(text: str) -> str:
    """A text as TOML writes it. A byte that is not UTF-8, which no TOML file holds, becomes ``?``: any byte."""
    return msgspec.json.encode(without_odd_bytes(text)).decode().replace("\x7f", "\\u007f")


def without_odd_bytes(pattern: str) -> str:
    """A pattern as a TOML file can hold it: a byte that is not UTF-8 becomes ``?``."""
    return _NO_TEXT.sub("?", pattern)

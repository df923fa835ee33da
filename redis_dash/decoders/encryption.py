"""Recognises values that the application has encrypted."""

from __future__ import annotations

import re
from base64 import b64decode

import msgspec

_FERNET = re.compile(rb"gAAAA[\w-]{95,}={0,2}", re.ASCII)
_LARAVEL = b"eyJpdiI6"  # base64 of {"iv":
_PARTS = {"iv", "value", "mac"}


def is_encrypted(data: bytes) -> bool:
    """Whether the value is a Fernet token, or a text that Laravel encrypted."""
    if data.startswith(_LARAVEL):
        try:
            inside = msgspec.json.decode(b64decode(data, validate=True), type=dict[str, str])
        except (ValueError, msgspec.MsgspecError):
            return False
        return inside.keys() >= _PARTS
    return _FERNET.fullmatch(data) is not None

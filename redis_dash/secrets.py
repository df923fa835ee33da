"""Which names hide something that must not be shown."""

from __future__ import annotations

import re

HIDDEN = "(hidden)"

_NAMES = re.compile(
    r"token|secret|passw|pwd|csrf|xsrf|api_?key|private|jwt|auth|credential|cookie|session_?(id|key)?$|^sid$|_sid$"
    r"|otp|(^|_)pin$|hash|signature|bearer",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether a field of this name holds what lets its bearer in."""
    return _NAMES.search(name) is not None

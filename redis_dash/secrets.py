"""Which names hide something that must not be shown."""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = "(hidden)"

_NAMES = (
    r"token|secret|passw|pwd|csrf|xsrf|api_?key|private|jwt|auth|credential|cookie|session_?(id|key)?$|^sid$|_sid$"
    r"|otp|(^|_)pin$|hash|signature|bearer"
)


@lru_cache(maxsize=1024)  # the same few names, over and over
def is_secret(name: str) -> bool:
    """Whether a field of this name holds what lets its bearer in."""
    return re.search(_NAMES, name, re.IGNORECASE) is not None  # `re` compiles it at the first use: a quick start

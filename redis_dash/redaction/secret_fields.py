"""What must not be shown: fields whose names tell of a secret, and a session's id wherever it is repeated."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

HIDDEN = "(hidden)"

_PARTS = (
    r"token|secret|passw|pass[_.-]?(phrase|code|key)|csrf|xsrf|api[_.-]?key|private|jwt|credential|cookie|bearer"
    r"|signature|sess(ion)?[_.-]?(id|key)|authori[sz]ation|auth[_.-]?(key|code|hash|header)"
)
"""Found anywhere in a name."""
_WORDS = frozenset({"hash", "hashed", "nonce", "otp", "pin", "pwd", "salt", "sid", "sig", "totp"})
"""Only as a word of their own: "pin" is no part of "shipping"."""
_LAST_WORDS = frozenset({"auth", "oauth", "session", "sessions"})
"""Only at the end: "auth" is a secret, "auth_user_id" tells who it is."""
_BETWEEN_WORDS = r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

_TOKENS = r"^(Bearer|Basic)\s+\S|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY"
"""Headers, JSON web tokens, keys."""
_SHORT = 6
"""Characters: a shorter id is a part of many words, and is looked for as a word of its own."""
_TOKEN_LENGTH = 16


@lru_cache(maxsize=1024)  # the same few names, over and over
def is_secret(name: str) -> bool:
    """Whether a field of this name holds what lets its bearer in."""
    if re.search(_PARTS, name, re.IGNORECASE) is not None:  # `re` compiles it at the first use: a quick start
        return True
    words = [word.rstrip("0123456789").lower() for word in re.split(_BETWEEN_WORDS, name) if word]
    return bool(words) and (words[-1] in _LAST_WORDS or not _WORDS.isdisjoint(words))


def is_token(text: str) -> bool:
    """Whether a text is, or holds, a token that can be told by its looks, whatever it is called."""
    return re.search(_TOKENS, text) is not None


class SessionSecret:
    """What lets the bearer of one session in, recognised however the application writes it.

    Capitals, punctuation and percent signs make no difference: ``s%3Aab-c1.signature`` holds ``ABC1``. A long last
    part of an id counts as the whole, ``user7:2f9c…``, and so does what is signed in ``s:2f9c….signature``.
    """

    def __init__(self, identifier: bytes) -> None:
        whole = identifier.decode("utf-8", "backslashreplace")
        *_, last = re.split(r"[:/|]", unquote(whole))
        parts = [part for part in (last, last.split(".")[0]) if len(part) >= _TOKEN_LENGTH]
        self._whole = whole if len(whole) >= _SHORT else ""
        self._forms = tuple({form for form in map(_bare, (whole, *parts)) if len(form) >= _SHORT})
        self._least = min(map(len, self._forms), default=0)
        self._word = rf"(?<![^\W_]){re.escape(whole)}(?![^\W_])" if whole and not self._whole else ""

    def is_in(self, text: str) -> bool:
        """Would the text give it away?"""
        if self._word:
            return re.search(self._word, unquote(text)) is not None
        if self._whole and self._whole in text:
            return True
        if not self._forms or len(text) < self._least:
            return False
        bare = _bare(text)
        return any(form in bare for form in self._forms)


def _bare(text: str) -> str:
    """Letters and digits alone, percent signs resolved (twice: a signed cookie may be quoted again)."""
    if "%" in text:
        text = unquote(unquote(text))
    return re.sub(r"[\W_]+", "", text).casefold()

"""Finds ids of sessions by the words around them: ``session 42 ended``, ``{"type": "session.ended", "id": 42}``.

An id that is a plain word or a short number also occurs in many unrelated texts. It is masked only where the text calls
it the id of a session. There long random ids are masked too, although their sessions may not be known, or not yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from redis_dash.core.credential import mask_text
from redis_dash.core.id_parts import bare, is_generated

_LEAST = 16
"""Letters and digits of an unknown id."""
_BETWEEN = r"""[\s"'`:=\#/(\[<>\\.-]"""
_SESSION = r"(?:[Ss]ession|SESSION|[Ss]ess|SESS|[Ss]id|SID|[Tt]oken|[Cc]ookie)"
_NOUN = r"(?:[Ii]d|ID|[Kk]ey|[Tt]oken|[Cc]ookie|number|no)"
_AFTER_SESSION = re.compile(
    rf"""
    (?<![A-Za-z])(?:
        {_SESSION}(?:[\ _.-]?{_NOUN})?{_BETWEEN}{{1,6}}(?:(?:with|id|is|no|number|named|key){_BETWEEN}{{1,6}}){{0,2}}
        | [Ss]ess(?:ion)?s[/:.]
    )
    (?P<id>[\w@+-][\w@+.:-]*)
    """,
    re.VERBOSE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T|\Z)")
_FIRST = re.compile("[.:]")
_WORDS = ("sess", "sid", "token", "cookie")
_TYPE = re.compile(r'"(?:type|event|kind|name|action|topic)\\*"\s*+:\s*+\\*"[^"\\]*?(?:sess)', re.IGNORECASE)
_ID_FIELD = re.compile(
    r'(?P<name>(?<!\\)(?P<quote>\\*+")(?:id|key|value|uuid)\\*"\s*+:\s*+)(?:\\*"(?P<text>[^"\\]*)|(?P<number>\d++)(?![.eE]))'
)

IsKnown = Callable[[str], bool]
"""Whether a word is the id of a known session."""


def mask_after_session(text: str, is_known: IsKnown) -> str:
    """Mask the ids that follow a word for a session."""
    lower = text.lower()
    if "sess" not in lower and "sid" not in lower and "token" not in lower and "cookie" not in lower:  # nearly always
        return text
    parts, at = list[str](), 0
    for begin in _places(lower if len(lower) == len(text) else text):
        found = _AFTER_SESSION.match(text, begin) if begin >= at else None
        if found is not None and (length := _id_length(found["id"], is_known)):
            parts += text[at : found.start("id")], mask_text(found["id"][:length])
            at = found.start("id") + length
    return "".join((*parts, text[at:])) if parts else text


def _places(lower: str) -> list[int]:
    """Where words for a session begin. A search for each is faster than one for all of them."""
    places = []
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            places.append(at)
            at = lower.find(word, at + 1)
    return sorted(places)


def _id_length(word: str, is_known: IsKnown) -> int:
    """The length of the id with which a word begins; 0 if there is none."""
    is_simple = word[-1].isalnum() and "." not in word and ":" not in word
    for part in (word,) if is_simple else (word, word.rstrip(".:-+"), _FIRST.split(word)[0]):
        if is_known(part) or _is_long_id(part):
            return len(part)
    return 0


def mask_id_fields(text: str, channel: bytes, is_known: IsKnown) -> str:
    """Mask the values of fields with the name ``id`` in a JSON text, if its channel or its type is about sessions."""
    if '"id' not in text and '"key' not in text and '"value' not in text and '"uuid' not in text:  # often
        return text
    if b"sess" not in channel.lower() and ("sess" not in text.lower() or _TYPE.search(text) is None):
        return text

    def masked(found: re.Match[str]) -> str:
        value = found["text"] or found["number"] or ""
        if not is_known(value) and not _is_long_id(value):
            return found[0]
        quote = found["quote"] if found["number"] else ""
        return f"{found[0].removesuffix(value)}{quote}{mask_text(value)}{quote}"

    return _ID_FIELD.sub(masked, text)


def _is_long_id(word: str) -> bool:
    return len(word) >= _LEAST <= len(bare(word)) and is_generated(word) and _DATE.match(word) is None

"""Masks words that look like the ids of sessions, also of those that have ended or were not read yet."""

from __future__ import annotations

import re
from typing import Literal

from redis_dash.core.credential import mask_text
from redis_dash.core.id_parts import LEAST, is_generated

MOST = 32
"""Forms that are remembered; an application has one or two."""

_Form = tuple[Literal["hexadecimal", "url-safe", "base64"], int]
"""The characters of an id, and how many it has."""
_CHARACTERS = {"hexadecimal": "[0-9A-Fa-f-]", "url-safe": "[A-Za-z0-9_-]", "base64": "[A-Za-z0-9_+/=-]"}
_HEX = re.compile(f"{_CHARACTERS['hexadecimal']}+")
_URL_SAFE = re.compile(f"{_CHARACTERS['url-safe']}+")
_BEGIN = r"(?:(?<![A-Za-z0-9%])|(?<=%[0-9A-Fa-f]{2})(?<!%25)|(?<=%25[0-9A-Fa-f]{2}))"
"""A word also begins after an escape sequence of a URL."""
_END = "(?![A-Za-z0-9])"
_NO_ID = (
    r"[A-Za-z0-9.+%_-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
    r"|\d{4}-\d\d-\d\d(?:T\d\d(?:[:-]?\d\d){0,2})?|\d{8}T\d{2,6}"
)
"""An e-mail address, a date, a moment."""
_LONG = re.compile(f"{_BEGIN}(?:(?P<readable>{_NO_ID}){_END}|[A-Za-z0-9_+=-]{{{LEAST},}})")


class SimilarIds:
    """Remembers the forms of the ids that were read: 32 hexadecimal digits, 43 characters of base64 for URLs."""

    def __init__(self) -> None:
        self._forms: dict[_Form, None] = {}
        """The most recently added form is the last."""
        self._alike: re.Pattern[str] | None = None

    def add(self, identifier: str) -> None:
        """Mask words of the form of this random id from now on; a hash with as many characters is of another form."""
        form = _form_of(identifier)
        if form in self._forms:
            return
        self._forms[form] = None
        if len(self._forms) > MOST:
            del self._forms[next(iter(self._forms))]
        longest_first = sorted(self._forms, key=lambda form: form[1], reverse=True)
        ids = "|".join(f"{_CHARACTERS[characters]}{{{length}}}{_END}" for characters, length in longest_first)
        self._alike = re.compile(f"{_BEGIN}(?:(?P<readable>{_NO_ID}){_END}|{ids})")

    def mask(self, text: str, *, unsure: bool = False) -> str:
        """The text without words that look like ids: they have a form that is known, and are no words or numbers.

        Args:
            unsure: not all ids have been read; therefore words of any form are masked that look generated.
        """
        if unsure:
            return _LONG.sub(_masked, text)
        return text if self._alike is None else self._alike.sub(self._masked_alike, text)

    def _masked_alike(self, found: re.Match[str]) -> str:
        return _masked(found) if _form_of(found[0]) in self._forms else found[0]


def _masked(found: re.Match[str]) -> str:
    word = found[0]
    return word if found["readable"] or not is_generated(word) else mask_text(word)


def _form_of(identifier: str) -> _Form:
    if _HEX.fullmatch(identifier):
        return "hexadecimal", len(identifier)
    return "url-safe" if _URL_SAFE.fullmatch(identifier) else "base64", len(identifier)

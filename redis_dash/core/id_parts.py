"""The parts of a session's key by which it may be recognised without the rest: ``u1:2f9c….signature``."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote

LEAST = 12
"""Letters and digits of a long part. Shorter parts are masked only as whole words."""
SHORTEST = 4
"""Characters of a short part; it mixes letters and digits, or cases, as ``k3J9xQ``."""
_RUN = re.compile(r"[A-Za-z0-9_+/=-]+")
_NO_ALNUM = re.compile(r"[\W_]+")
_WORD = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST},}}")
_MIXED = re.compile(r"(?=.*\d).*[A-Za-z]|(?=.*[a-z]).+[A-Z]")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_NATURAL = re.compile(r"(?:(?:[A-Z]?[a-z]{3,}|[A-Z][a-z]{2}){1,5}|[A-Z]?[a-z]*|[A-Z]*)\d{0,4}|\d*[A-Za-z]{0,2}")
"""A word, words like ``userProfile`` and ``AnnLee``, a number, a word with a short number, a number with a unit."""
_LONGEST_WORD = 23

Kind = Literal["random", "long", "short", "plain"]
"""How a part is recognised: ``random``, anywhere and in any form; ``long`` and ``short``, as a whole word; ``plain``,
only where the text calls it the id of a session."""


def parts_of(identifier: bytes) -> tuple[Kind, tuple[str, ...]]:
    """The parts of an id, of the most certain kind that it has; random parts are ``bare``.

    They are in its last component, after the last colon; if this is not random, they may be anywhere.
    """
    whole = unquote(identifier.decode("utf-8", "backslashreplace"))
    last = whole.rpartition(":")[2]
    if random := random_runs(identifier):
        return "random", tuple(dict.fromkeys(map(bare, random)))
    if len(bare(last)) >= LEAST and _RUN.fullmatch(last):
        return "long", (last,)
    if words := [word for word in _WORD.findall(last) if _MIXED.match(word)]:
        return "short", tuple(dict.fromkeys(form for word in words for form in _cases(word)))
    return "plain", tuple(part for part in dict.fromkeys((whole, last)) if part)


def random_runs(identifier: bytes) -> list[str]:
    """The random parts of an id, as they stand in it; none if it has no such part."""
    whole = unquote(identifier.decode("utf-8", "backslashreplace"))
    for text in (whole.rpartition(":")[2], whole):
        if random := [run for run in _RUN.findall(text) if _is_random(run)]:
            return random
    return []


def bare(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return text.lower() if text.isalnum() else _NO_ALNUM.sub("", text).lower()


def is_generated(word: str) -> bool:
    """Whether a word was probably made by a generator of ids: a part of it is neither a word nor a number."""
    chunks = (chunk for chunk in _NO_ALNUM.split(word) if len(chunk) >= SHORTEST)
    return any(len(chunk) > _LONGEST_WORD or _NATURAL.fullmatch(chunk) is None for chunk in chunks)


def _is_random(run: str) -> bool:
    return len(bare(run)) >= LEAST and is_generated(run)


def _cases(word: str) -> tuple[str, ...]:
    """Hexadecimal numbers are also written in the other case."""
    return (word, word.lower(), word.upper()) if _HEX.fullmatch(word) else (word,)

"""``plain()``: all text from Redis passes through it before it reaches a widget.

Its result is inert: no control character, no escape sequence, no direction override, nothing invisible, and never wider
than asked. It is text, never markup: widgets build segments from it and parse nothing.
"""

from __future__ import annotations

import unicodedata
from typing import NewType

from rich.cells import cell_len, set_cell_size

from redis_dash.core import decoding
from redis_dash.tui.ascii import OWN

Plain = NewType("Plain", str)
"""Text that has passed ``plain()``, or a literal of this program."""

MAX_CHARS = 4096
"""How many characters of a value are processed where no width is given."""

_MAX_MARKS = 2
"""Combining marks that one character may carry; more would cover the lines above."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Invisible, or of a width on which terminals disagree, although their category is harmless.
_BAD_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0x1F1E6, 0x1F1FF),
    (0x1F3FB, 0x1F3FF),
    (0xE0100, 0xE01EF),
)


class _Cleaner(dict[int, str]):
    """A ``str.translate`` table that fills itself, one character at a time."""

    def __init__(self, *, is_ascii: bool) -> None:
        super().__init__()
        self._is_ascii = is_ascii

    def __missing__(self, code: int) -> str:
        char = chr(code)
        bad = unicodedata.category(char) in _BAD_CATEGORIES or any(low <= code <= high for low, high in _BAD_RANGES)
        bad = bad or (self._is_ascii and not char.isascii() and char not in OWN)
        self[code] = _escape(char) if bad else char
        return self[code]


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_CLEANERS = {is_ascii: _Cleaner(is_ascii=is_ascii) for is_ascii in (False, True)}
_cleaner = _CLEANERS[False]


def escape_unicode(on: bool) -> None:
    """Whether ``plain()`` escapes all that is not ASCII, for terminals without Unicode."""
    global _cleaner
    _cleaner = _CLEANERS[on]


def plain(value: bytes | str, width: int | None = None) -> Plain:
    """Make a value safe to show, at most ``width`` cells wide; an ellipsis stands where text is cut off.

    A huge value costs no more than a small one: it is cut before it is processed.
    """
    most = MAX_CHARS if width is None else (max(width, 0) + 1) * (1 + _MAX_MARKS)
    if isinstance(value, bytes):
        was_cut = len(value) > 4 * most
        text = decoding.text(value[: 4 * most])
    else:
        was_cut, text = False, value
    if len(text) > most:
        was_cut, text = True, text[:most]
    if not (text.isascii() and text.isprintable()):
        text = _bound_marks(text.translate(_cleaner))
    if width is None:
        return Plain(text + "…" if was_cut else text)
    return crop(Plain(text), width)


def _bound_marks(text: str) -> str:
    """Escape combining marks that have no base character, or too many neighbours."""
    if text.isascii():
        return text
    out: list[str] = []
    marks = _MAX_MARKS
    for char in text:
        if char.isascii() or cell_len(char) > 0:
            marks = 0
        elif marks >= _MAX_MARKS:
            char = _escape(char)
        else:
            marks += 1
        out.append(char)
    return "".join(out)


def crop(text: Plain, width: int) -> Plain:
    """The text in at most ``width`` cells, with an ellipsis where text is cut off."""
    if text.isascii():
        if len(text) <= width:
            return text
        return Plain(text[: width - 1] + "…" if width > 0 else "")
    if cell_len(text) <= width:
        return text
    return Plain(set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else "")


def crop_middle(text: Plain, width: int) -> Plain:
    """The text in at most ``width`` cells with both ends kept: for names that differ at the end."""
    if cell_len(text) <= width:
        return text
    tail = len(text)
    while tail and cell_len(text[tail - 1 :]) <= (width - 1) // 2:
        tail -= 1
    end = text[tail:]
    return Plain(crop(Plain(text[:tail] + " "), width - cell_len(end)) + end)


def pad(text: Plain, width: int, right: bool = False) -> Plain:
    """The text in exactly ``width`` cells, cropped or filled with blanks; ``right`` aligns it to the right."""
    text = crop(text, width)
    blank = " " * (width - (len(text) if text.isascii() else cell_len(text)))
    return Plain(blank + text if right else text + blank)


def width_of(text: Plain) -> int:
    """How many cells the text takes."""
    return cell_len(text)


def plural(count: int, noun: str, many: str = "") -> Plain:
    """``1 key``, ``2,000 keys``; ``many`` is for nouns whose plural takes more than an s."""
    return Plain(f"{count:,} {noun}" if count == 1 else f"{count:,} {many or noun + 's'}")

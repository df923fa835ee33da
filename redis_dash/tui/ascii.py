"""Text of this program in ASCII, for terminals without Unicode. Each cell stays one cell, so that nothing moves.

Text of Redis has its other characters escaped before, by ``plain()``.
"""

from __future__ import annotations

from rich.cells import cell_len

_PHRASES = ((" ± ", "+/-"), (" · ", " | "))
_CHARS = {
    **dict(zip("…–—·•±µ“”‘’", "~--.*~u\"\"''", strict=True)),
    **dict(zip("←→↑↓▲▼◀▶▸▾✖✗✓", "<>^v^v<>>vxx+", strict=True)),
    **dict(zip("─━═│┃║╸╺┤├", "-==|||><++", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇█", "_-:=+*%#", strict=True)),
    **dict(zip("▔▀▌▐▊▎▏▕▉▋▍", "--|||||||||", strict=True)),
}
OWN = frozenset("…–—·•±µ“”‘’")
"""Characters of this program's own sentences and masks, which ``plain()`` leaves to ``ascii_text``."""


class _Table(dict[int, str]):
    """A ``str.translate`` table that fills itself."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if code < 0x7F:
            text = char
        elif char in _CHARS:
            text = _CHARS[char]
        elif 0x2500 <= code < 0x2580:  # a corner or a crossing of a frame
            text = "+"
        elif 0x2580 <= code < 0x25A0:  # a block
            text = "#"
        else:
            text = "?" * cell_len(char)
        self[code] = text
        return text


_TABLE = _Table()


def ascii_text(text: str) -> str:
    """The text in ASCII, as many cells wide; characters that have no likeness there become question marks."""
    if text.isascii():
        return text
    for phrase, likeness in _PHRASES:
        text = text.replace(phrase, likeness)
    return text.translate(_TABLE)

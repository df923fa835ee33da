"""Text that a command prints, in the characters that the terminal has."""

from __future__ import annotations

from collections.abc import Callable

from redis_dash.terminal_kind import draws_ascii
from redis_dash.tui.ascii import ascii_text
from redis_dash.tui.text import escape_unicode


def printed_text(make: Callable[[], str], wanted: bool | None) -> str:
    """The text that ``make`` returns; in ASCII as the user wants it, otherwise as the locale says."""
    is_ascii = draws_ascii(wanted)
    escape_unicode(is_ascii)
    text = make()
    return ascii_text(text) if is_ascii else text

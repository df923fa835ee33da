"""Textual's parser of keys, but Esc and a key that arrive together are two keys."""

from __future__ import annotations

from collections.abc import Iterable

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key

_INTRODUCERS = "[]OPX^_"
"""After Esc these begin a sequence that only terminals send."""


class KeyParser(XTermParser):
    """Reads Esc and a character as Esc and the key of that character.

    Old terminals send the same for Alt with a key. No such key has a meaning here. Textual would drop the Esc, or read
    Esc and 2 as ``™``. Esc with b, f or Backspace stays what it is: a step or a deletion by words in an input.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        is_mark = len(sequence) == 2 and isinstance(ANSI_SEQUENCES_KEYS.get(sequence), str)  # ``ESC 2`` as ``™``
        if is_mark or (alt and sequence not in _INTRODUCERS):
            yield Key("escape", "\x1b")
        yield from super()._sequence_to_key_events(sequence[-1] if is_mark else sequence)

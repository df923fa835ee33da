"""Pieces of the texts in a pane's frame: each is shown whole, or left out."""

from __future__ import annotations

from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import Role

Piece = tuple[Segment, ...]


def piece(text: Plain | str, role: Role = "text") -> Piece:
    """A text of this program as a piece."""
    return ((Plain(text), role),)


def faded(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces in the colour of values that are no longer current."""
    return tuple(tuple((text, "dim") for text, _ in segments) for segments in pieces)


def later(pieces: tuple[Piece, ...], one: Piece) -> tuple[Piece, ...]:
    """The pieces with one of them after its successor, which is more important."""
    place = pieces.index(one) if one in pieces else len(pieces)
    return (*pieces[:place], *pieces[place + 1 : place + 2], *pieces[place : place + 1], *pieces[place + 2 :])

"""Pairs of a name and a text beside it: the names in a column, long texts going on below themselves."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

EDGES = 7
"""How many columns of a box its border, its padding and a scrollbar take."""
LEAST = 10
"""What a text is given, however narrow the terminal."""


def definition_lines(
    pairs: Iterable[tuple[str, str]], lead: int, width: int, style: str, indent: str = ""
) -> list[Content]:
    """One line for each pair, or more where its text is long.

    Args:
        lead: the width of the column of names.
        width: the room for both.
        style: what the names wear.
    """
    lines: list[Content] = []
    for name, text in pairs:
        first, *others = Content(text).wrap(max(LEAST, width - lead - len(indent))) or [Content("")]
        lines.append(Content.assemble(indent, (name.ljust(lead), style), first))
        lines += [Content.assemble(indent + " " * lead, other) for other in others]
    return lines

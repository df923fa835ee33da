"""Pairs of a name and a text: the names in a column, long texts wrapped beside them."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

EDGES = 7
"""How many columns the border, the padding and the scrollbar of a box take."""
GAP = 2
"""The least space between a name and its text."""
LEAST = 10
"""The least width of a text, however narrow the terminal."""


def definition_lines(
    pairs: Iterable[tuple[str, str]], lead: int, width: int, style: str, indent: str = ""
) -> list[Content]:
    """One line per pair, or more if its text is long.

    Args:
        lead: The width of the column of names.
        width: The room for both.
        style: The style of the names.
    """
    lines: list[Content] = []
    for name, text in pairs:
        first, *others = Content(text).wrap(max(LEAST, width - lead - len(indent))) or [Content("")]
        if len(name) > lead - GAP:  # on a line of its own
            lines.append(Content.assemble(indent, (name, style)))
            name = ""
        lines.append(Content.assemble(indent, (name.ljust(lead), style), first))
        lines += [Content.assemble(indent + " " * lead, other) for other in others]
    return lines

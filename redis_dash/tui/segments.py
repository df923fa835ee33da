"""Segments: runs of safe text with one role each, and the strips that they form."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment as RichSegment
from textual.strip import Strip

from redis_dash.tui.text import Plain, crop
from redis_dash.tui.theme_styles import Ground, Role, ThemeStyles

Segment = tuple[Plain, Role]
Segments = Sequence[Segment]


def measure(segments: Segments) -> int:
    """How many cells the segments take."""
    cells = 0
    for text, _ in segments:
        cells += len(text) if text.isascii() else cell_len(text)
    return cells


def clip(segments: Segments, width: int) -> list[Segment]:
    """The segments in at most ``width`` cells, with an ellipsis where text is cut off."""
    if measure(segments) <= width:
        return list(segments)
    kept: list[Segment] = []
    for text, role in segments:
        used = measure(((text, role),))
        if used >= width:
            kept.append((crop(Plain(text + " " * (used == width)), width), role))
            break
        kept.append((text, role))
        width -= used
    return kept


def draw(segments: Segments, width: int, theme_styles: ThemeStyles, ground: Ground = "base") -> Strip:
    """A strip of exactly ``width`` cells."""
    blank = width - measure(segments)
    if blank < 0:
        segments = clip(segments, width)
        blank = width - measure(segments)
    styles = theme_styles.styles(ground)
    drawn = [RichSegment(text, styles[role]) for text, role in segments if text]
    if blank > 0:
        drawn.append(RichSegment(" " * blank, styles["blank"]))
    return Strip(drawn, max(width, 0))


def join(pieces: Sequence[Segments], separator: Segment) -> list[Segment]:
    """The pieces in a row with a separator between them."""
    joined: list[Segment] = []
    for piece in pieces:
        if joined:
            joined.append(separator)
        joined.extend(piece)
    return joined


def fit(pieces: Sequence[Segments], separator: Segment, width: int) -> list[Segment]:
    """The first pieces that fit; ``+2`` counts the pieces that do not."""
    for kept in range(len(pieces), 0, -1):
        hidden = len(pieces) - kept
        more: list[Segments] = [[(Plain(f"+{hidden}"), "dim")]] if hidden else []
        segments = join([*pieces[:kept], *more], separator)
        if measure(segments) <= width:
            return segments
    return clip(list(pieces[0]), width) if pieces and width > 0 else []

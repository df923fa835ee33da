"""Spans: runs of safe text, each in one role, and the strips that a terminal line is made of."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment as RichSegment
from textual.strip import Strip

from redis_dash.tui.theme_styles import Ground, Look, Role
from redis_dash.tui.text import Plain, crop

Span = tuple[Plain, Role]
Spans = Sequence[Span]


def measure(spans: Spans) -> int:
    """How many cells the spans take."""
    cells = 0
    for text, _ in spans:
        cells += len(text) if text.isascii() else cell_len(text)
    return cells


def clip(spans: Spans, width: int) -> list[Span]:
    """The spans in at most ``width`` cells, with an ellipsis where something was cut off."""
    if measure(spans) <= width:
        return list(spans)
    kept: list[Span] = []
    for text, role in spans:
        used = measure(((text, role),))
        if used >= width:
            kept.append((crop(Plain(text + " " * (used == width)), width), role))
            break
        kept.append((text, role))
        width -= used
    return kept


def draw(spans: Spans, width: int, look: Look, ground: Ground = "base") -> Strip:
    """A strip of exactly ``width`` cells."""
    blank = width - measure(spans)
    if blank < 0:
        spans = clip(spans, width)
        blank = width - measure(spans)
    styles = look.styles(ground)
    segments = [RichSegment(text, styles[role]) for text, role in spans if text]
    if blank > 0:
        segments.append(RichSegment(" " * blank, styles["blank"]))
    return Strip(segments, max(width, 0))


def join(pieces: Sequence[Spans], separator: Span) -> list[Span]:
    """The pieces in a row with a separator between them."""
    joined: list[Span] = []
    for piece in pieces:
        if joined:
            joined.append(separator)
        joined.extend(piece)
    return joined


def fit(pieces: Sequence[Spans], separator: Span, width: int) -> list[Span]:
    """As many pieces as fit, first come first; ``+2`` tells how many did not."""
    for kept in range(len(pieces), 0, -1):
        hidden = len(pieces) - kept
        more: list[Spans] = [[(Plain(f"+{hidden}"), "dim")]] if hidden else []
        spans = join([*pieces[:kept], *more], separator)
        if measure(spans) <= width:
            return spans
    return clip(list(pieces[0]), width) if pieces and width > 0 else []

"""A rounded frame with a line of text set into its upper and lower edge, and room for a message inside."""

from __future__ import annotations

from textwrap import wrap

import msgspec
from textual.strip import Strip

from redis_dash.tui.segments import Span, Spans, clip, draw, fit, join, measure
from redis_dash.tui.theme_styles import Look, Role
from redis_dash.tui.text import Plain, crop
from redis_dash.tui.widgets.lines import Lines

_DOT: Span = (Plain(" · "), "dim")


class Trim(msgspec.Struct, frozen=True):
    """What a frame says."""

    name: tuple[Span, ...] = ()
    """Upper left."""
    answer: tuple[tuple[Span, ...], ...] = ()
    """Upper right, in pieces, the most important first."""
    note: tuple[tuple[Span, ...], ...] = ()
    """Lower left, in pieces."""
    status: tuple[tuple[Span, ...], ...] = ()
    """Lower right, in pieces."""
    brief: tuple[tuple[Span, ...], ...] = ()
    """The same in fewer words, for where it would crowd out the note."""
    border: Role = "border"
    message: Plain | None = None
    """Said in the middle, in place of the content."""
    message_role: Role = "dim"


class Frame(Lines):
    """A bordered widget; its children lie within the padding."""

    DEFAULT_CSS = "Frame { padding: 1; layout: vertical; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.trim = Trim()
        self._recipe: tuple[object, ...] = ()
        self._sides: list[Strip] = []

    def dress(self, trim: Trim) -> None:
        """Say something else; only the edges that differ are painted."""
        if trim != self.trim:
            self.trim = trim
            self.repaint()

    def compose_strips(self, width: int, height: int, look: Look) -> list[Strip]:
        """Upper edge, sides, lower edge."""
        trim = self.trim
        if height < 2 or width < 4:
            return [draw([*trim.name], width, look)] * height
        inside = self._inside(width, height - 2, look)
        return [draw(self._top(width), width, look), *inside, draw(self._bottom(width), width, look)]

    def _top(self, width: int) -> list[Span]:
        """``╭ 1 Events ───── 84/s · 12,403 received ─╮``: the name comes first, then as much of the answer as fits."""
        room = width - 8
        name = clip(self.trim.name, room)
        answer = fit(self.trim.answer, _DOT, room - measure(name)) if self.trim.answer else []
        return self._edge("╭", name, answer, "╮", width)

    def _bottom(self, width: int) -> list[Span]:
        """``╰ 1–10 of 128 ───── exact ─╯``: the status comes first, for it may be bad news."""
        room = width - 8
        trim = self.trim
        full, notes = join(trim.status, _DOT), join(trim.note, _DOT)
        is_crowded = bool(trim.brief) and measure(full) + measure(notes) > room
        status = clip(join(trim.brief, _DOT) if is_crowded else full, room)
        note = fit(self.trim.note, _DOT, room - measure(status)) if self.trim.note else []
        return self._edge("╰", note, status, "╯", width)

    def _edge(self, corner: str, left: Spans, right: Spans, end: str, width: int) -> list[Span]:
        border = self.trim.border
        line: list[Span] = [(Plain(corner), border)]
        if left:
            line += [(Plain(" "), "blank"), *left, (Plain(" "), "blank")]
        tail: list[Span] = [(Plain("─" + end), border)]
        if right:
            tail = [(Plain(" "), "blank"), *right, (Plain(" "), "blank"), *tail]
        fill = width - measure(line) - measure(tail)
        return [*line, (Plain("─" * max(0, fill)), border), *tail]

    def _inside(self, width: int, height: int, look: Look) -> list[Strip]:
        """The sides, with the message between them; the same strips as last time wherever they can be."""
        recipe = (width, height, self.trim.border, self.trim.message, self.trim.message_role)
        if recipe != self._recipe:
            self._recipe = recipe
            blank = self._between([], width, look)
            self._sides = [blank] * height
            lines = wrap(self.trim.message or "", max(1, min(width - 4, 60)))
            top = max(0, (height - len(lines)) // 2)
            for y, line in enumerate(lines[: height - top], top):
                text = crop(Plain(line), width - 2)
                lead = (width - 2 - measure(((text, "dim"),))) // 2
                self._sides[y] = self._between(
                    [(Plain(" " * lead), "blank"), (text, self.trim.message_role)], width, look
                )
        return self._sides

    def _between(self, spans: Spans, width: int, look: Look) -> Strip:
        side: Span = (Plain("│"), self.trim.border)
        fill: Span = (Plain(" " * (width - 2 - measure(spans))), "blank")
        return draw([side, *spans, fill, side], width, look)

    def forget(self) -> None:
        """Drop the sides that were kept."""
        self._recipe = ()

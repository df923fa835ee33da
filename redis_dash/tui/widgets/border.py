"""A rounded frame with text in its upper and lower edge, and room for a message inside."""

from __future__ import annotations

from textwrap import wrap

import msgspec
from textual.strip import Strip

from redis_dash.tui.segments import Segment, Segments, clip, draw, fit, join, measure
from redis_dash.tui.text import Plain, crop
from redis_dash.tui.theme_styles import Role, ThemeStyles
from redis_dash.tui.widgets.lines import Lines

_DOT: Segment = (Plain(" · "), "dim")


class BorderStyles(msgspec.Struct, frozen=True):
    """The texts of a frame."""

    name: tuple[Segment, ...] = ()
    """Upper left."""
    answer: tuple[tuple[Segment, ...], ...] = ()
    """Upper right, in pieces, the most important first."""
    brief_name: tuple[Segment, ...] = ()
    """A shorter name, for where the answer would lose a piece."""
    brief_answer: tuple[tuple[Segment, ...], ...] = ()
    """The answer in fewer words, for the same case."""
    note: tuple[tuple[Segment, ...], ...] = ()
    """Lower left, in pieces."""
    brief_note: tuple[tuple[Segment, ...], ...] = ()
    """The note in another order, for where a piece would find no room: what is lost last comes first."""
    asides: tuple[tuple[Segment, ...], ...] = ()
    """After the note, in pieces, where the status leaves room as a whole."""
    status: tuple[tuple[Segment, ...], ...] = ()
    """Lower right, in pieces."""
    briefs: tuple[tuple[tuple[Segment, ...], ...], ...] = ()
    """Shorter forms of the status, the longest first, for where it would leave no room for the note."""
    border: Role = "border"
    message: Plain | None = None
    """A text in the middle, in place of the content."""
    message_role: Role = "dim"


class Bordered(Lines):
    """A bordered widget; its children lie within the padding."""

    DEFAULT_CSS = "Bordered { padding: 1; layout: vertical; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.border_styles = BorderStyles()
        self._recipe: tuple[object, ...] = ()
        self._sides: list[Strip] = []

    def set_border_styles(self, border_styles: BorderStyles) -> None:
        """Show other texts; only the edges that differ are painted."""
        if border_styles != self.border_styles:
            self.border_styles = border_styles
            self.repaint()

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """Upper edge, sides, lower edge."""
        border_styles = self.border_styles
        if height < 2 or width < 4:
            return [draw([*border_styles.name], width, theme_styles)] * height
        inside = self._inside(width, height - 2, theme_styles)
        return [draw(self._top(width), width, theme_styles), *inside, draw(self._bottom(width), width, theme_styles)]

    def _top(self, width: int) -> list[Segment]:
        """``╭ 1 Events ───── 84/s · 12,403 received ─╮``: the name comes first, then as much of the answer as fits."""
        room, styles = width - 8, self.border_styles
        brief_name, brief = styles.brief_name or styles.name, styles.brief_answer or styles.answer
        forms = ((styles.name, styles.answer), (brief_name, styles.answer), (styles.name, brief), (brief_name, brief))
        fitting = (form for form in forms if measure(form[0]) + measure(join(form[1], _DOT)) <= room)
        title, pieces = next(fitting, forms[-1])
        name = clip(title, room)
        answer = fit(pieces, _DOT, room - measure(name)) if pieces else []
        return self._edge("╭", name, answer, "╮", width)

    def _bottom(self, width: int) -> list[Segment]:
        """``╰ 1–10 of 128 ───── exact ─╯``: the status comes first, since it may be bad news."""
        room = width - 8
        border_styles = self.border_styles
        full, notes = join(border_styles.status, _DOT), join(border_styles.note, _DOT)
        forms = [full, *(join(brief, _DOT) for brief in border_styles.briefs)]
        status = next((form for form in forms if measure(form) + measure(notes) <= room), forms[-1])
        status = clip(status, room)
        left = room - measure(status)
        note = border_styles.note if measure(notes) <= left else border_styles.brief_note or border_styles.note
        pieces = note + (border_styles.asides if status == full else ())
        shown = fit(pieces, _DOT, left) if pieces else []
        return self._edge("╰", shown, status, "╯", width)

    def _edge(self, corner: str, left: Segments, right: Segments, end: str, width: int) -> list[Segment]:
        border = self.border_styles.border
        line: list[Segment] = [(Plain(corner), border)]
        if left:
            line += [(Plain(" "), "blank"), *left, (Plain(" "), "blank")]
        tail: list[Segment] = [(Plain("─" + end), border)]
        if right:
            tail = [(Plain(" "), "blank"), *right, (Plain(" "), "blank"), *tail]
        fill = width - measure(line) - measure(tail)
        return [*line, (Plain("─" * max(0, fill)), border), *tail]

    def _inside(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The sides, with the message between them; unchanged lines keep their strips."""
        recipe = (width, height, self.border_styles.border, self.border_styles.message, self.border_styles.message_role)
        if recipe != self._recipe:
            self._recipe = recipe
            blank = self._between([], width, theme_styles)
            self._sides = [blank] * height
            lines = wrap(self.border_styles.message or "", max(1, min(width - 4, 60)))
            top = max(0, (height - len(lines)) // 2)
            for y, line in enumerate(lines[: height - top], top):
                text = crop(Plain(line), width - 2)
                lead = (width - 2 - measure(((text, "dim"),))) // 2
                self._sides[y] = self._between(
                    [(Plain(" " * lead), "blank"), (text, self.border_styles.message_role)], width, theme_styles
                )
        return self._sides

    def _between(self, segments: Segments, width: int, theme_styles: ThemeStyles) -> Strip:
        side: Segment = (Plain("│"), self.border_styles.border)
        fill: Segment = (Plain(" " * (width - 2 - measure(segments))), "blank")
        return draw([side, *segments, fill, side], width, theme_styles)

    def forget(self) -> None:
        """Drop the cached sides."""
        self._recipe = ()

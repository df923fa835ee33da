"""What is shown, in place of a screen, where the terminal is too small for it."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from rich.console import RenderableType
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Input

from redis_dash.tui.pane_columns import LEAST_HEIGHT, LEAST_WIDTH
from redis_dash.tui.text import Plain

LEAST = Size(LEAST_WIDTH, LEAST_HEIGHT)
"""The size from which on screens can be used."""
QUESTION_SIZE = Size(50, 18)
"""The columns and rows that a question needs to be readable as a whole."""


def notice_lines(size: Size, least: Size = LEAST) -> list[Plain]:
    """The longest sentence that fits, with blank lines above and blanks before it, so that it is in the middle."""
    needed = f"terminal too small: {least.width}x{least.height} is needed"
    for sentence in (needed, "terminal too small", "too small", "small"):
        lines = wrap(sentence, max(1, size.width), break_long_words=False)
        if len(lines) <= size.height and max(map(len, lines)) <= size.width:
            above = [Plain("")] * ((size.height - len(lines)) // 2)
            return [*above, *(Plain(line.center(size.width).rstrip()) for line in lines)]
    return [Plain("!")]


class SizedScreen(Screen[ScreenResultType]):
    """A screen that gives way to a notice where the terminal is too small."""

    LEAST: ClassVar = LEAST
    _TOO_SMALL = "-too-small"
    _had_focus: Widget | None = None

    @property
    def is_too_small(self) -> bool:
        """Whether the notice is shown."""
        return self.has_class(self._TOO_SMALL)

    def on_resize(self, event: Resize) -> None:
        """Show the notice or the screen; what had the keyboard before has it again."""
        was, size = self.is_too_small, event.size
        is_now = size.width < self.LEAST.width or size.height < self.LEAST.height
        if is_now and not was:
            self._had_focus = self.focused
        self.set_class(is_now, self._TOO_SMALL)
        if was and not is_now and self._had_focus is not None:
            if isinstance(self._had_focus, Input):
                self._had_focus.select_on_focus = False  # the next letter would replace what was typed
            self.call_after_refresh(self.set_focus, self._had_focus)
        if is_now:
            self.refresh()

    def render(self) -> RenderableType:
        """The background, or the notice."""
        if not self.is_too_small:
            return super().render()
        lines = notice_lines(self.size, self.LEAST)
        return Content("\n").join([Content.styled(line, "$text-warning") for line in lines])

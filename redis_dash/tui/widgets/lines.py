"""``Lines``: a widget that holds a list of finished strips and repaints only those that changed.

It avoids Textual's style cache on purpose: a strip that stays the same object keeps its rendered form, so that moving a
line costs next to nothing. For this reason Textual does not draw borders and padding here.
"""

from __future__ import annotations

from typing import Protocol, cast

from textual.events import Resize
from textual.filter import ANSIToTruecolor
from textual.geometry import NULL_SIZE, Region
from textual.strip import Strip
from textual.widget import Widget

from redis_dash.tui.segments import draw
from redis_dash.tui.text import Plain
from redis_dash.tui.theme_styles import ThemeStyles


class _Styled(Protocol):
    """The attributes that are used of the app."""

    theme_styles: ThemeStyles


class Lines(Widget):
    """The base class of every widget of the dashboard."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._painted: list[Strip] | None = None
        self._made_for = NULL_SIZE
        self.theme_styles: ThemeStyles | None = None
        """The app's styles; nothing is drawn before they are known."""
        self.failure = ""
        """The kind of error with which the last drawing ended."""

    def on_mount(self) -> None:
        """Take the app's styles."""
        self.apply_styles(cast(_Styled, self.app).theme_styles)

    def apply_styles(self, theme_styles: ThemeStyles) -> None:
        """Draw all lines again with these styles."""
        self.theme_styles = theme_styles
        self.forget()
        self.repaint()

    def forget(self) -> None:
        """Drop cached strips: the styles or the size have changed."""

    def compose_strips(self, width: int, height: int, theme_styles: ThemeStyles) -> list[Strip]:
        """The strips to show now, each exactly ``width`` cells; a subclass makes them."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Make the strips and refresh the lines that differ."""
        before = self._strips
        if not self._make():
            return
        after, width = self._strips, self.outer_size.width
        if len(before) != len(after):
            self.refresh()
        elif regions := _changed(before, after, width):
            shift = self.content_offset
            self.refresh(*(region.translate((-shift.x, -shift.y)) for region in regions))

    def _make(self) -> bool:
        """Make the strips, if the styles and the size are known."""
        width, height = size = self.outer_size
        if self.theme_styles is None or not width or not height:
            return False
        try:
            self._strips = self.compose_strips(width, height, self.theme_styles)[:height]
        except Exception as error:  # data from Redis must never end the dashboard, not even through a defect here
            self.failure = type(error).__name__
            self._strips = [draw([(Plain(f" cannot be drawn: {self.failure}"), "bad")], width, self.theme_styles)]
        self._made_for, self._painted = size, None
        return True

    def on_resize(self, _event: Resize) -> None:
        """Make strips for the new size, unless ``render_lines`` has already made them."""
        if self._made_for != self.outer_size:
            self.forget()
            self.repaint()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give the compositor the finished strips."""
        width, height = self.outer_size
        if self._made_for != self.outer_size:  # painting may precede the resize event: do not show an empty widget
            self.forget()
            self._make()
        if self._painted is None or len(self._painted) != height:
            self._painted = self._finish(width, height)
        strips = self._painted[crop.y : crop.bottom]
        if crop.x == 0 and crop.width == width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _finish(self, width: int, height: int) -> list[Strip]:
        """Fit the strips to the widget's size, and to the terminal's colours (``NO_COLOR``)."""
        blank_style = self.theme_styles.style("text") if self.theme_styles else self.rich_style
        strips = [strip.adjust_cell_length(width, blank_style) for strip in self._strips[:height]]
        strips += [Strip.blank(width, blank_style)] * (height - len(strips))
        filters = [
            one for one in self.get_line_filters() if not isinstance(one, ANSIToTruecolor)
        ]  # these styles have no such colours
        if filters:
            background = self.background_colors[1]
            for line_filter in filters:
                strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips


def _changed(before: list[Strip], after: list[Strip], width: int) -> list[Region]:
    """The regions of adjacent lines that differ."""
    regions: list[Region] = []
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is new or old == new:
            continue
        if regions and regions[-1].bottom == y:
            regions[-1] = Region(0, regions[-1].y, width, regions[-1].height + 1)
        else:
            regions.append(Region(0, y, width, 1))
    return regions

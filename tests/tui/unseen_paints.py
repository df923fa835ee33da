"""Paints that nobody sees: a headless app puts each screen together and throws it away.

Each widget of the dashboard still draws its lines at each paint, as in a terminal, so that one that cannot draw itself
is found. Only a test that reads the screen has the other widgets drawn, and the lines put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from textual._compositor import Compositor
from textual.geometry import Region, Size
from textual.strip import Strip

from redis_dash.tui.widgets.lines import Lines

_put_together = Compositor._render_chops


def _draw(compositor: Compositor, crop: Region, _: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
    """Let the widgets of the dashboard draw."""
    for widget, (region, clip) in compositor.visible_widgets.items():
        if isinstance(widget, Lines) and crop.overlaps(clip):
            widget.render_lines(region.size.region)
    return []


def _render_strips(compositor: Compositor, size: Size | None = None) -> list[Strip]:
    """The lines of the screen, as Textual puts them together."""
    size = compositor.size if size is None else size
    lines = _put_together(compositor, size.region, lambda _: True)
    return [Strip.join(line.values()) for line in lines[: size.height]]


def leave_out(patch: pytest.MonkeyPatch) -> None:
    """Put a screen together only if it is read."""
    patch.setattr(Compositor, "_render_chops", _draw)
    patch.setattr(Compositor, "render_strips", _render_strips)

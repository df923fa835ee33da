"""How many colours a terminal has, and what it makes of a colour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

from rich.color import ColorSystem
from textual.color import Color

from redis_dash.tui.contrast import Seen, solid

Depth = Literal["standard", "256", "truecolor"]
"""16 colours, 256 colours, all colours: the names are those of Rich."""


def depth_of(color_system: str | None) -> Depth:
    """The depth that a console reports; all colours if it reports none, as Textual does."""
    return next((depth for depth in get_args(Depth) if depth == color_system), "truecolor")


@lru_cache(4096)
def _of_256(color: Color) -> Color:
    return Color(*solid(color).rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


SEEN: Mapping[Depth, Seen] = {"256": _of_256, "truecolor": solid}
"""The colour that the terminal shows. Those of 16 have their own table."""

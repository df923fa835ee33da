"""What a user chooses in the dashboard for keys of one pattern: a limit, a name, a pane, to ignore them."""

from __future__ import annotations

from typing import Literal

import msgspec

Setting = Literal["limit", "name", "topic", "ignored"]
"""What can be chosen."""
CHOSEN_TOPICS = ("sessions", "rate_limits", "leaderboards", "cache")
"""The topics whose keys a user may choose."""
CHOSEN_FORMATS = ("hash",)
"""The formats of sessions that the type of their keys tells: plain fields of a hash."""
YES = "yes"
"""The value of ``ignored``."""


class Choose(msgspec.Struct, frozen=True):
    """Choose one thing for the keys of a pattern. Nothing is written to Redis."""

    keys: str
    setting: Setting
    value: str
    """``100/60`` or ``100`` for a limit; an empty text takes the choice back."""
    format: str = ""
    """Of sessions: how they are read, if the type of their keys tells it."""


class Chosen(msgspec.Struct, frozen=True):
    """What has become of a choice: it holds at once in any case."""

    remembered: str = ""
    """Where it is remembered; empty if it is forgotten when the program ends."""
    trouble: str = ""
    """Why it could not be remembered."""

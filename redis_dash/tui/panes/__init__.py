"""The panes, one file per topic; ``PANES`` is their registry."""

from __future__ import annotations

from typing import Any

from redis_dash.tui.panes.base import Pane
from redis_dash.tui.panes.cache import CachePane
from redis_dash.tui.panes.events import EventsPane
from redis_dash.tui.panes.leaderboard import LeaderboardPane
from redis_dash.tui.panes.rate_limits import RateLimitsPane
from redis_dash.tui.panes.server import ServerPane
from redis_dash.tui.panes.sessions import SessionsPane

PANES: list[type[Pane[Any]]] = [
    EventsPane,
    SessionsPane,
    RateLimitsPane,
    LeaderboardPane,
    CachePane,
    ServerPane,
]
"""In the order of their numbers."""

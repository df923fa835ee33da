"""From a configuration to a running dashboard."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping

from redis_dash.config import Config
from redis_dash.core.feed import Feed
from redis_dash.tui.app import DashApp

COLLECT_AFTER = (3_000, 5, 5)
"""New objects until Python looks for garbage among them, and so on for those that outlived that. By default it looks
after 700; after 50,000 the garbage of paintings took 5 MB more.
"""


def run_dashboard(config: Config, *, title: str = "", scenarios: Mapping[str, str] | None = None) -> None:
    """Run the dashboard until the person quits.

    Raises:
        SystemExit: A defect ended it.
    """
    app = DashApp(opener(config), title=title, scenarios=scenarios, refresh=config.refresh_s)
    app.run()
    if app.return_code:
        sys.exit(app.return_code)


def opener(config: Config) -> Callable[[], Feed]:
    """Makes the feed, once the app has painted itself."""

    def open_feed() -> Feed:
        from redis_dash.hub import Hub  # imported after the first paint

        hub = Hub(config)
        gc.freeze()  # code and widgets, which stay: a collection need not walk 40,000 objects
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()
        return hub

    return open_feed

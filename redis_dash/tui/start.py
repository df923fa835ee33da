"""Starts the dashboard from a configuration."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Mapping

from redis_dash.config import Choices, Config
from redis_dash.core.feed import Feed
from redis_dash.crash_report import end, listen
from redis_dash.terminal_kind import draws_ascii
from redis_dash.tui.app import DashApp

COLLECT_AFTER = (3_000, 5, 5)
"""The thresholds of Python's garbage collector: new objects before a collection, and so on for older generations. The
default is 700; with 50,000 the garbage of painting took 5 MB more.
"""


def run_dashboard(
    config: Config, *, title: str = "", scenarios: Mapping[str, str] | None = None, choices: Choices | None = None
) -> None:
    """Run the dashboard until the user quits.

    Args:
        choices: what the user has chosen before; by default nothing, and nothing is remembered.

    Raises:
        SystemExit: A signal or a defect ended it.
    """
    app = DashApp(
        opener(config, choices),
        title=title,
        scenarios=scenarios,
        refresh=config.refresh_s,
        is_ascii=draws_ascii(config.ascii),
    )
    threading.excepthook = lambda args: app.crash_from_thread(args.exc_value)
    try:
        app.run()
    finally:
        listen()
    if app.crash is not None:
        sys.exit(end(app.crash))
    if app.return_code:
        sys.exit(app.return_code)


def opener(config: Config, choices: Choices | None = None) -> Callable[[], Feed]:
    """Return a function that opens the feed."""

    def open_feed() -> Feed:
        from redis_dash.hub import Hub  # imported after the first paint

        hub = Hub(config, choices=choices)
        gc.freeze()  # code and widgets stay: a collection need not walk these 40,000 objects
        gc.set_threshold(*COLLECT_AFTER)
        gc.enable()
        return hub

    return open_feed

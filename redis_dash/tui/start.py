"""From a configuration to a running dashboard."""

from __future__ import annotations

from redis_dash.config import Config
from redis_dash.feed import Feed
from redis_dash.tui.app import DashApp


def run_dashboard(config: Config, *, title: str = "", scenarios: tuple[str, ...] = ()) -> None:
    """Run the dashboard until the person quits."""

    def open_feed() -> Feed:
        from redis_dash.hub import Hub  # the driver is imported after the first paint

        return Hub(config)

    DashApp(open_feed, title=title, scenarios=scenarios, refresh=config.refresh_s).run()

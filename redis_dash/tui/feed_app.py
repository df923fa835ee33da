"""The part of the app that reads the feed: it paints what is new, and asks for other data or another database."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from textual.timer import Timer

from redis_dash.core.commands import Request, StopSearch
from redis_dash.core.errors import DashError, SourceError
from redis_dash.core.feed import Feed, Progress
from redis_dash.core.reading import Reading
from redis_dash.tui.dashboard import Dashboard
from redis_dash.tui.header_footer import brief_target
from redis_dash.tui.intents import ReadRequested, StopRequested
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.progress import FullScan
from redis_dash.tui.screens.modal import Modal
from redis_dash.tui.terminal_app import TerminalApp
from redis_dash.tui.text import crop_middle, plain

STREAM_INTERVAL_S = 0.25
"""Seconds between two paints of the stream."""
WATCHED_INTERVAL_S = 0.1
"""The same while the user watches the stream closely."""
FIRST_INTERVAL_S = 0.04
"""Seconds between two checks for readings while some topic has none."""


class FeedApp(TerminalApp):
    """Shows the readings of a feed on the dashboard."""

    dashboard: Dashboard

    def __init__(self, open_feed: Callable[[], Feed], refresh: float, *, is_ascii: bool) -> None:
        """See ``DashApp``."""
        super().__init__(is_ascii=is_ascii)
        self._open_feed = open_feed
        self._refresh_s = refresh
        self._feed: Feed | None = None
        self._failure = ""
        """Why the feed has ended."""
        self._database = 0
        """The number of the database that is on the screen."""
        self._full_scan = FullScan()
        self._timer: Timer | None = None
        self._interval_s = FIRST_INTERVAL_S
        self._next_refresh = 0.0

    @abstractmethod
    def show_undo(self) -> None:
        """Offer what can be brought back in the database that is watched."""

    @property
    def _pane_screens(self) -> Iterator[PaneScreen]:
        return (screen for screen in self.screen_stack if isinstance(screen, PaneScreen))

    def on_mount(self) -> None:
        """Paint the empty dashboard; the feed is opened once that is on the screen."""
        self._timer = self.set_interval(FIRST_INTERVAL_S, self._tick)

    def on_ready(self) -> None:
        """The empty dashboard has been painted: open the feed."""
        self.run_worker(self._run_feed(), name="feed", group="feed", exit_on_error=False)

    async def _run_feed(self) -> None:
        """Open the feed and run it; if it ends with an error, the panes show the error."""
        try:
            self._feed = feed = await asyncio.to_thread(self._open_feed)
            self._show_target(feed)
            await feed.run()
        except DashError as error:
            self._show_failure(str(error))
        except Exception as error:  # an error in the feed is a defect: the app and the last values stay
            # Only the fact: the text of an unexpected error may hold secrets.
            self._show_failure(f"the reader stopped, by an error in redis-dash itself; {self.report_defect(error)}")

    def _show_target(self, feed: Feed) -> None:
        self._database = feed.database
        self.dashboard.target = crop_middle(plain(brief_target(feed.target)), 60)
        self.dashboard.unverified = plain(feed.unverified)

    def _show_failure(self, note: str) -> None:
        self._feed, self._failure = None, note
        for pane in self.dashboard.panes:
            reading: Reading[Any] = Reading(pane.TOPIC, "error", pane.frame, time.time(), note=note)
            self.dashboard.receive(reading)

    def _tick(self) -> None:
        """Take new readings and paint what is due."""
        self._take_readings()
        now = time.monotonic()
        if now >= self._next_refresh:
            self._next_refresh = max(self._next_refresh + self._refresh_s, now)
            self.dashboard.refresh_values()
        if self.screen_stack[-1:] == [self.dashboard]:
            # Below another screen the dashboard is tinted again for each paint: once a refresh is enough.
            self.dashboard.refresh_stream()
            self.dashboard.show_progress(self._progress)
        interval = WATCHED_INTERVAL_S if self.dashboard.is_watched_closely else STREAM_INTERVAL_S
        if self.dashboard.is_waiting:
            interval = FIRST_INTERVAL_S
        if interval != self._interval_s and self._timer is not None:
            self._interval_s = interval
            self._timer.stop()
            self._timer = self.set_interval(interval, self._tick)

    @property
    def _progress(self) -> Progress | None:
        return self._feed.progress() if self._feed is not None else None

    def _take_readings(self) -> None:
        if self._feed is None:
            return
        if self._feed.database != self._database:
            self._begin_afresh(self._feed)
        readings = self._feed.drain()
        self.dashboard.next_attempt_s = self._feed.next_attempt_s
        for reading in readings:
            self.dashboard.receive(reading)
            if completion := self._full_scan.completion(reading):
                self.notify(completion, markup=False)

    # -- requests ----------------------------------------------------------------------------------------------------

    def on_read_requested(self, message: ReadRequested) -> None:
        """A pane asks for other data."""
        self._ask(message.request)

    def on_stop_requested(self, _message: StopRequested) -> None:
        """The user stops the work at full speed."""
        progress = self._progress
        self._ask(StopSearch() if progress is not None and progress.what == "search" else self._full_scan.stop())

    def action_full_scan(self) -> None:
        """Scan everything now, at full speed; a second call stops the scan."""
        self._ask(self._full_scan.toggle(self._progress))

    def _ask(self, request: Request) -> None:
        if self._feed is None:
            self.notify("There is no connection: nothing can be read.", severity="warning", markup=False)
            return
        self._feed.ask(request)

    # -- databases ---------------------------------------------------------------------------------------------------

    def action_databases(self) -> None:
        """Choose the database that is watched."""
        from redis_dash.tui.screens.databases import DatabasesScreen

        def chosen(database: int | None) -> None:
            if database is not None and database != self._database:
                self._select(database)

        self.open(DatabasesScreen(self._database, lambda: self.dashboard.server), chosen)

    def _select(self, database: int) -> None:
        self.run_worker(self._watch(database), group="databases", exit_on_error=False)

    async def _watch(self, database: int) -> None:
        """Watch another database, or say why not."""
        try:
            if self._feed is None:
                raise SourceError("there is no connection")
            await self._feed.select(database)
        except DashError as error:
            title = f"Still database {self._database}"
            self.notify(plain(str(error), 300), title=title, severity="warning", timeout=10, markup=False)
            return
        self._take_readings()

    def _begin_afresh(self, feed: Feed) -> None:
        """Drop what was read of the former database."""
        self._show_target(feed)
        self._full_scan = FullScan()
        if isinstance(self.screen, Modal):
            self.screen.dismiss(None)  # it is about the former database
        for screen in self._pane_screens:
            screen.begin_afresh()
        self.show_undo()

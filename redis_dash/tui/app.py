"""The terminal app: drains the feed, and carries out what a person has confirmed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import msgspec
from textual.app import SystemCommand
from textual.binding import Binding
from textual.screen import Screen
from textual.timer import Timer

from redis_dash.core.commands import Command, FindOut, Outcome, Publish, Request, RestoreSession, StopSearch
from redis_dash.core.errors import DashError, SourceError
from redis_dash.core.feed import Feed
from redis_dash.core.reading import Reading
from redis_dash.tui.dashboard import Dashboard
from redis_dash.tui.intents import (
    ConfirmationRequested,
    DetailRequested,
    NotificationRequested,
    Question,
    ReadRequested,
    StopRequested,
)
from redis_dash.tui.progress import FullScan
from redis_dash.tui.terminal_app import TerminalApp
from redis_dash.tui.text import Plain, plain

PULSE_S = 0.25
"""How often the stream is painted at rest."""
HASTY_PULSE_S = 0.1
"""And while somebody watches it closely."""
FIRST_PULSE_S = 0.04
"""How often we look for readings while some topic has none."""

QUESTION_SIZE = (50, 18)
"""Columns and rows that a question needs to be read as a whole."""

DEMO_CHANNEL = "demo:control"


def _help_screen() -> Screen[Any]:
    from redis_dash.tui.screens.help import HelpScreen

    return HelpScreen()


class DashApp(TerminalApp):
    """The dashboard as a terminal program.

    Args:
        open_feed: Makes the feed; called in a thread after the first paint, since it may import a driver.
        title: What is being watched, in a word; may be empty.
        scenarios: Names that the demo's own control channel understands, and what each shows.
        refresh: Seconds between two paints of everything but the stream.
    """

    TITLE = "redis-dash"
    CSS_PATH = "app.tcss"
    SCREENS: ClassVar = {"help": _help_screen}  # made once

    BINDINGS: ClassVar = [
        Binding("question_mark", "help", "Help", show=False, id="app.help"),
        Binding("u", "undo", "Undo", show=False, id="app.undo"),
        Binding("f5", "full_scan", "Scan everything now", show=False, id="app.full_scan"),
    ]

    def __init__(
        self,
        open_feed: Callable[[], Feed],
        *,
        title: str = "",
        scenarios: Mapping[str, str] | None = None,
        refresh: float = 1.0,
    ) -> None:
        super().__init__()
        self._open_feed = open_feed
        self._scenarios = scenarios or {}
        self._refresh_s = refresh
        self._feed: Feed | None = None
        self._undo: list[RestoreSession] = []
        self._full_scan = FullScan()
        self._timer: Timer | None = None
        self._pulse_s = FIRST_PULSE_S
        self._next_beat = 0.0
        self.dashboard = Dashboard(plain(title, 40))

    def get_default_screen(self) -> Screen[None]:
        """The dashboard itself."""
        return self.dashboard

    def on_mount(self) -> None:
        """Paint the skeleton; open the feed once that is on the screen."""
        self.theme_changed_signal.subscribe(self, lambda _theme: self._apply_theme())
        self._timer = self.set_interval(FIRST_PULSE_S, self._tick)

    def _apply_theme(self) -> None:
        self.dashboard.apply_styles(self.theme_styles)

    # -- the feed ----------------------------------------------------------------------------------------------------

    def on_ready(self) -> None:
        """The skeleton has been painted."""
        self.run_worker(self._run_feed(), name="feed", group="feed", exit_on_error=False)

    async def _run_feed(self) -> None:
        """Open the feed and let it read; when it ends with an error, the panes say so."""
        try:
            self._feed = feed = await asyncio.to_thread(self._open_feed)
            self.dashboard.target = plain(feed.target.split("://", 1)[-1], 60)
            await feed.run()
        except DashError as error:
            self._break_down(str(error))
        except Exception:  # a feed that raises is a defect; what is on the screen stays, and so do we
            # Only its kind: the text of an unforeseen error may hold what must not be shown.
            self._break_down("the reader stopped, by an error in redis-dash itself")

    def _break_down(self, note: str) -> None:
        self._feed = None
        for pane in self.dashboard.panes:
            reading: Reading[Any] = Reading(pane.TOPIC, "error", pane.frame, time.time(), note=note)
            self.dashboard.receive(reading)

    def _tick(self) -> None:
        """Take what is new, paint what is due."""
        if self._feed is not None:
            for reading in self._feed.drain():
                self.dashboard.receive(reading)
                if completion := self._full_scan.completion(reading):
                    self.notify(completion, markup=False)
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = max(self._next_beat + self._refresh_s, now)
            self.dashboard.refresh_values()
        if self.screen_stack[-1:] == [self.dashboard]:
            # Below a question everything is tinted anew for each paint: once a beat is enough there.
            self.dashboard.refresh_stream()
            self.dashboard.show_progress(self._feed.progress() if self._feed is not None else None)
        pace = HASTY_PULSE_S if self.dashboard.is_hasty else PULSE_S
        if self.dashboard.is_waiting:
            pace = FIRST_PULSE_S
        if pace != self._pulse_s and self._timer is not None:
            self._pulse_s = pace
            self._timer.stop()
            self._timer = self.set_interval(pace, self._tick)

    # -- requests ----------------------------------------------------------------------------------------------------

    def on_read_requested(self, message: ReadRequested) -> None:
        """A pane wants something else to be read."""
        self._ask(message.request)

    def on_stop_requested(self, _message: StopRequested) -> None:
        """What is under way at full speed is to stop."""
        progress = self.dashboard.progress
        self._ask(StopSearch() if progress is not None and progress.what == "search" else self._full_scan.stop())

    def action_full_scan(self) -> None:
        """Scan everything now, at full speed; a second time stops it."""
        self._ask(self._full_scan.toggle(self.dashboard.progress))

    def _ask(self, request: Request) -> None:
        if self._feed is None:
            self.notify("There is no connection: nothing can be read.", severity="warning", markup=False)
            return
        self._feed.ask(request)

    # -- commands ----------------------------------------------------------------------------------------------------

    def on_confirmation_requested(self, message: ConfirmationRequested) -> None:
        """A pane wants something done: ask first."""
        self._confirm(message.question, message.command)

    def on_detail_requested(self, message: DetailRequested) -> None:
        """Show everything about one row."""
        from redis_dash.tui.screens.detail import DetailScreen  # the screens here, and not above, for a quick start

        self.open(DetailScreen(message.detail))

    def on_notification_requested(self, message: NotificationRequested) -> None:
        """Pass a remark on."""
        self.notify(message.text, markup=False)

    def _confirm(self, question: Question, command: Command) -> None:
        from redis_dash.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._submit(command)

        if self.size.width < QUESTION_SIZE[0] or self.size.height < QUESTION_SIZE[1]:
            self.notify("The terminal is too small to ask first: nothing was done.", severity="warning", markup=False)
            return
        self.clear_notifications()  # they would lie above the question
        server = plain(self._feed.target) if self._feed is not None else Plain("not connected")
        self.open(ConfirmScreen(question, server), answered)

    def _submit(self, command: Command) -> None:
        self.run_worker(self._carry_out(command), group="commands", exit_on_error=False)

    async def _carry_out(self, command: Command) -> None:
        """Submit a command and tell how it went."""
        if self._feed is None:
            self.notify("There is no connection: nothing was done.", severity="error", markup=False)
            return
        try:
            outcome = await self._feed.submit(command)
        except DashError as error:
            self.notify(plain(str(error), 300), title="Not done", severity="error", timeout=10, markup=False)
            return
        except Exception:  # a defect of ours, after which nobody knows what was done
            self.notify("An error in redis-dash itself.", title="Not known", severity="error", timeout=10)
            return
        self._remember(command, outcome)
        if outcome.unsettled is not None:
            self._submit(outcome.unsettled)
        done = outcome.result in ("deleted", "restored", "sent", "gone", "there again")
        self.notify(
            plain(outcome.detail, 300),
            title=outcome.result.capitalize(),
            severity="information" if done else "warning",
            timeout=8,
            markup=False,
        )

    def _remember(self, command: Command, outcome: Outcome) -> None:
        settled = command.undo if isinstance(command, FindOut) else command
        if isinstance(settled, RestoreSession) and settled in self._undo:
            self._undo.remove(settled)
        if outcome.undo is not None:
            self._undo.append(outcome.undo)
        self.dashboard.can_undo = bool(self._undo)
        self.dashboard.refresh_values()

    def action_undo(self) -> None:
        """Ask whether to bring back what was deleted last."""
        if not self._undo:
            self.notify("There is nothing to undo.", markup=False)
            return
        command = self._undo[-1]
        left = "to end when it would have ended" if command.expires_at else "without an expiry, as it was"
        question = Question(
            title=Plain("Bring this session back?"),
            facts=((Plain("user"), plain(command.user, 200) or Plain("(unnamed)")),),
            consequence=(
                Plain(f"The key is written again, {left}."),
                Plain("If it exists again by now, nothing is written."),
            ),
            verb=Plain("Bring back"),
            key="u",
        )
        self._confirm(question, command)

    # -- the palette -------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """All keys, and what words mean."""
        self.open("help")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers."""
        for name, effect in self._scenarios.items():
            yield SystemCommand(f"Demo: {name}", effect, lambda name=name: self._play(name))
        for pane in self.dashboard.panes:
            go = self.dashboard.action_go
            yield SystemCommand(
                f"Pane: {pane.NAME}", f"Go to it (key {pane.number})", lambda n=pane.number, go=go: go(n)
            )
        yield SystemCommand(
            "Scan everything now, at full speed", "All keys are counted now (F5); again: stop", self.action_full_scan
        )
        yield SystemCommand("Zoom", "Let the pane fill the screen, or share it again", self.dashboard.action_zoom)
        yield SystemCommand("Undo", "Bring back the session that was deleted last", self.action_undo)
        yield SystemCommand("Help", "All keys, and what words mean", self.action_help)
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand("Quit", "Leave the dashboard", self.action_quit)

    def _play(self, scenario: str) -> None:
        """The demo's own control channel: it is ours, so nobody needs to be asked."""
        self.run_worker(self._ask_the_demo(scenario), group="commands", exit_on_error=False)

    async def _ask_the_demo(self, scenario: str) -> None:
        """Ask for a scenario, and tell what is to be seen of it."""
        payload = msgspec.json.encode({"scenario": scenario}).decode()
        try:
            if self._feed is None:
                raise SourceError("there is no connection")
            outcome = await self._feed.submit(Publish(DEMO_CHANNEL, payload))
        except DashError as error:
            self.notify(plain(str(error), 300), title=f"Not asked for: {scenario}", severity="error", markup=False)
            return
        if outcome.result != "sent":
            title = f"{outcome.result.capitalize()}: {scenario}"
            self.notify(plain(outcome.detail, 300), title=title, severity="warning", markup=False)
        else:
            self.notify(self._scenarios[scenario], title=f"Demo: {scenario}", timeout=8, markup=False)

"""The app: shows what the feed delivers, and submits commands that the user has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec
from textual.app import SystemCommand
from textual.binding import Keymap
from textual.screen import Screen

from redis_dash.core.commands import Command, Publish, RestoreSession, RevokeSession
from redis_dash.core.errors import DashError, SourceError
from redis_dash.core.feed import Feed
from redis_dash.core.reading import AnyReading, Reading
from redis_dash.tui.app_keys import BINDINGS
from redis_dash.tui.choosing import ChoosingApp
from redis_dash.tui.dashboard import Dashboard
from redis_dash.tui.feed_app import FeedApp
from redis_dash.tui.intents import (
    ConfirmationRequested,
    DetailRequested,
    NotificationRequested,
    Question,
)
from redis_dash.tui.keys import UNDO_ID, KeyHelp, KeyTable, declared
from redis_dash.tui.screens.key_kinds import KeyKindsScreen, dashboard_owners
from redis_dash.tui.size_notice import QUESTION_SIZE
from redis_dash.tui.terminal_app import DEFECT
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.undo import Undo, question

DEMO_CHANNEL = "demo:control"
SLOW_S = 0.3
"""From this time on a command that is being carried out is shown in the last line."""
_UNDER_WAY = {RevokeSession: Plain("signing out…"), RestoreSession: Plain("bringing back…")}


def _help_screen() -> Screen[Any]:
    from redis_dash.tui.screens.help import HelpScreen

    return HelpScreen()


class DashApp(ChoosingApp, FeedApp):
    """The dashboard as a terminal program.

    Args:
        open_feed: Opens the feed. It is called in a thread after the first paint, since it may import a driver.
        title: A short name for the server or application; may be empty.
        scenarios: The names of the demo's scenarios, and what each shows.
        refresh: Seconds between two paints of everything except the stream.
        is_ascii: Draw in ASCII, for terminals without Unicode.
    """

    TITLE = "redis-dash"
    CSS_PATH = "app.tcss"
    SCREENS: ClassVar = {"help": _help_screen}  # made once

    BINDINGS: ClassVar = BINDINGS

    def __init__(
        self,
        open_feed: Callable[[], Feed],
        *,
        title: str = "",
        scenarios: Mapping[str, str] | None = None,
        refresh: float = 1.0,
        is_ascii: bool = False,
    ) -> None:
        super().__init__(open_feed, refresh, is_ascii=is_ascii)
        self._scenarios = scenarios or {}
        self._undo = Undo()
        self.dashboard = Dashboard(plain(title, 40), self._key_table())

    def _key_table(self) -> KeyTable:
        return KeyTable(dashboard_owners(type(self)), self.keymap)

    def set_keymap(self, keymap: Keymap) -> None:
        """Replace keys by the ids of their bindings: footer, help and palette show the new ones."""
        super().set_keymap(keymap)
        self._pass_keys_on()

    def update_keymap(self, keymap: Keymap) -> None:
        """Replace these keys too."""
        super().update_keymap(keymap)
        self._pass_keys_on()

    def _pass_keys_on(self) -> None:
        table = self._key_table()
        for screen in self._pane_screens:
            screen.take_keys(table)

    def get_default_screen(self) -> Screen[None]:
        """The dashboard."""
        return self.dashboard

    def on_mount(self) -> None:
        """Follow the theme."""
        self.theme_changed_signal.subscribe(self, lambda _theme: self._apply_theme())

    def _apply_theme(self) -> None:
        for screen in self._pane_screens:
            screen.apply_styles(self.theme_styles)

    # -- commands ----------------------------------------------------------------------------------------------------

    def on_confirmation_requested(self, message: ConfirmationRequested) -> None:
        """A pane asks for a command: confirm it first."""
        self._confirm(message.question, message.command)

    def on_detail_requested(self, message: DetailRequested) -> None:
        """Show everything about one row."""
        from redis_dash.tui.screens.detail import DetailScreen  # imported here, for a quick start

        self.open(DetailScreen(message.detail))

    def on_notification_requested(self, message: NotificationRequested) -> None:
        """Show a pane's message."""
        self.notify(message.text, markup=False)

    def _confirm(self, question: Question, command: Command) -> None:
        from redis_dash.tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._submit(command)

        if self.size.width < QUESTION_SIZE.width or self.size.height < QUESTION_SIZE.height:
            self.notify("The terminal is too small to ask first: nothing was done.", severity="warning", markup=False)
            return
        self.clear_notifications()  # they would cover the question
        server = plain(self._feed.target) if self._feed is not None else Plain("not connected")
        self.open(ConfirmScreen(question, server), answered)

    def _submit(self, command: Command) -> None:
        self.run_worker(self._carry_out(command), group="commands", exit_on_error=False)

    async def _carry_out(self, command: Command) -> None:
        """Submit a command and report its outcome."""
        if self._feed is None:
            self.notify("There is no connection: nothing was done.", severity="error", markup=False)
            return
        words, shown = _UNDER_WAY.get(type(command), Plain("asking…")), list[Plain]()

        def show() -> None:
            shown.append(words)
            self.dashboard.begin(words)

        timer = self.set_timer(SLOW_S, show)
        try:
            outcome = await self._feed.submit(command)
        except DashError as error:
            self.notify(plain(str(error), 300), title="Not done", severity="error", timeout=10, markup=False)
            return
        except Exception as error:  # a defect: whether the command was carried out is not known
            text = f"{DEFECT}; {self.report_defect(error)}"
            self.notify(text, title="Not known", severity="error", timeout=10, markup=False)
            return
        finally:
            timer.stop()
            for one in shown:
                self.dashboard.end(one)
        self._take_readings()  # a list must not show any longer what the notification calls deleted
        self._undo.remember(command, outcome)
        self.show_undo()
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

    def action_undo(self) -> None:
        """Ask whether to restore the session that was deleted last."""
        command = self._undo.latest(self._database)
        if command is None:
            self.notify(self._undo.nothing(self._database), markup=False)
        else:
            self._confirm(question(command, self.dashboard.key_table.keys(UNDO_ID)), command)

    def show_undo(self) -> None:
        """Offer what can be brought back in the database that is watched."""
        self.dashboard.can_undo = self._undo.latest(self._database) is not None
        self.dashboard.refresh_values()

    # -- other screens -----------------------------------------------------------------------------------------------

    def action_keys(self) -> None:
        """Show what kinds of keys there are."""
        self.open(KeyKindsScreen(self.dashboard, self._read_keys, lambda: self._progress))

    def _read_keys(self) -> AnyReading | None:
        """The kinds of keys; None while the feed is being opened."""
        if self._feed is not None:
            return self._feed.keys()
        return Reading[Any]("keys", "error", note=self._failure) if self._failure else None

    # -- the palette -------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show all keys, and the meaning of words."""
        self.open("help")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette."""
        for name, effect in self._scenarios.items():
            yield SystemCommand(f"Demo: {name}", effect, lambda name=name: self._play(name))
        keys, go = self.dashboard.key_table, self.dashboard.action_go
        for pane in self.dashboard.panes if screen is self.dashboard else ():
            key = keys.name(f"pane.{pane.number}")
            yield SystemCommand(f"Pane: {pane.NAME}", f"Go to it (key {key})", lambda n=pane.number: go(n))
        for node in (screen, self):
            for binding in declared(type(node)):
                if isinstance(binding.group, KeyHelp) and binding.group.palette:
                    effect = f"{binding.group.palette} ({keys.name(binding.id or '')})"
                    yield SystemCommand(binding.description, effect, partial(self.run_action, binding.action, node))
        for one in self.dashboard.elsewhere:
            yield SystemCommand(
                f"Database {one.number} ({plural(one.keys, 'key')})",
                f"Watch it instead of database {self._database}",
                partial(self._select, one.number),
            )
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    def _play(self, scenario: str) -> None:
        """Start a scenario of the demo. It needs no confirmation: the channel belongs to the demo."""
        self.run_worker(self._start_scenario(scenario), group="commands", exit_on_error=False)

    async def _start_scenario(self, scenario: str) -> None:
        """Ask for a scenario, and report what it shows."""
        payload = msgspec.json.encode({"scenario": scenario}).decode()
        try:
            if self._feed is None:
                raise SourceError("there is no connection")
            outcome = await self._feed.submit(Publish(DEMO_CHANNEL, payload))
        except DashError as error:
            self.notify(plain(str(error), 300), title=f"Not started: {scenario}", severity="error", markup=False)
            return
        if outcome.result != "sent":
            title = f"{outcome.result.capitalize()}: {scenario}"
            self.notify(plain(outcome.detail, 300), title=title, severity="warning", markup=False)
        else:
            self.notify(self._scenarios[scenario], title=f"Demo: {scenario}", timeout=8, markup=False)

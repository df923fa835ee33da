"""The parts of the app that concern the terminal: driver, themes, screens above the dashboard, suspending, crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding, Keymap
from textual.events import Print
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.worker import Worker, WorkerFailed, WorkerState

from redis_dash.crash_report import EXIT_CODE, last_words
from redis_dash.tui import sixteen_colors
from redis_dash.tui.color_depth import Depth, depth_of
from redis_dash.tui.keys import short_key_name
from redis_dash.tui.keys_in_order import KeysInOrder
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.terminal import TerminalDriver
from redis_dash.tui.text import Plain, escape_unicode, plain
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.themes import THEME, offered

DEFECT = "An error in redis-dash itself"


class TerminalApp(KeysInOrder):
    """An app with this program's driver and themes; knows nothing of the dashboard.

    Args:
        is_ascii: Draw in ASCII, for terminals without Unicode.
    """

    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, *, is_ascii: bool = False) -> None:
        self.is_ascii = is_ascii
        escape_unicode(is_ascii)
        self._theme_styles: dict[str, ThemeStyles] = {}
        super().__init__(driver_class=TerminalDriver)
        self._ignore_empty_no_color()
        for theme in offered(self.ansi_theme_dark, self.ansi_theme_light):
            self.register_theme(theme)
        self.set_reactive(App.theme, THEME.name)  # `self.theme =` would parse all styles once more
        self.stylesheet.set_variables(self.get_css_variables())

    def _ignore_empty_no_color(self) -> None:
        """``NO_COLOR`` counts if it is not empty; Textual asks only whether it is there."""
        if self.no_color and not os.environ.get("NO_COLOR"):
            self.no_color = False
            self._filters = [one for one in self._filters if not isinstance(one, Monochrome | NoColor)]

    def on_mount(self) -> None:
        """Capture what is printed to standard error, and defects in callbacks of the event loop."""
        self.begin_capture_print(self, stdout=False)
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)

    def on_print(self, event: Print) -> None:
        """Pass on what other code prints to standard error, unless that is the terminal."""
        if sys.__stderr__ is not None and not sys.__stderr__.isatty():
            sys.__stderr__.write(event.text)
            sys.__stderr__.flush()

    @property
    def keymap(self) -> Keymap:
        """The keys that replace declared ones, by the id of the binding."""
        return self._keymap

    def get_key_display(self, binding: Binding) -> str:
        """A key as the footer writes it."""
        return short_key_name(binding.key)

    @property
    def color_depth(self) -> Depth:
        """How many colours the terminal has."""
        return depth_of(self.console.color_system)

    @property
    def theme_styles(self) -> ThemeStyles:
        """The styles of the current theme, computed once."""
        theme = self.current_theme
        if theme.name not in self._theme_styles:
            variables = theme.to_color_system().generate()
            self._theme_styles[theme.name] = ThemeStyles(variables, colorless=self.no_color, depth=self.color_depth)
        return self._theme_styles[theme.name]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, adjusted to be readable, and a few of this program."""
        variables = {**super().get_css_variables(), **self.theme_styles.variables}
        if self.color_depth != "standard":
            return variables
        theme = sixteen_colors.theme(self.no_color)
        return {**variables, **theme.to_color_system().generate(), **self.theme_styles.variables}

    def open(self, screen: Screen[Any] | str, answered: Callable[[Any], None] | None = None) -> None:
        """Open a screen above one with panes, unless one is open: two keys may arrive before the first screen opens."""
        if isinstance(self.screen_stack[-1], PaneScreen):
            self.push_screen(screen, answered)

    def action_command_palette(self) -> None:
        """Open the command palette."""
        from redis_dash.tui.screens.palette import Palette

        self.open(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Open the list of themes."""
        from redis_dash.tui.screens.palette import Palette

        self.open(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_suspend_process(self) -> None:
        """Stop as a job of the shell, together with the parent that started it; ``fg`` continues."""
        if isinstance(self._driver, TerminalDriver):
            os.kill(0, signal.SIGTSTP)

    # -- defects -----------------------------------------------------------------------------------------------------

    @property
    def crash(self) -> BaseException | None:
        """The defect that ended the app."""
        return self._exception

    def _handle_exception(self, error: Exception) -> None:
        """End because of a defect, and print nothing: Textual would print the error's text and local variables."""
        self._return_code = EXIT_CODE
        if self._exception is None:
            inner = error.error if isinstance(error, WorkerFailed) else error
            self._exception = inner if isinstance(inner, Exception) else error
            self._exception_event.set()
        self._close_messages_no_wait()

    def panic(self, *_renderables: RenderableType) -> None:
        """End because of a defect."""
        self._handle_exception(RuntimeError())

    def crash_from_thread(self, error: BaseException | None) -> None:
        """End because of a defect in another thread."""
        if isinstance(error, Exception) and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the event loop has ended
                self._loop.call_soon_threadsafe(self._handle_exception, error)

    def report_defect(self, error: BaseException) -> Plain:
        """Report a defect after which the app goes on; returns where the report is."""
        return plain(last_words(error).rpartition("; ")[2], 200)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell of a defect that has ended a worker: Textual says nothing of it."""
        if event.state == WorkerState.ERROR and event.worker.error is not None and not event.worker.exit_on_error:
            self._tell_defect(event.worker.error)

    def _on_loop_error(self, _loop: object, context: dict[str, Any]) -> None:
        """Tell of a defect in a callback of the event loop, which asyncio would print."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            self._tell_defect(error)

    def _tell_defect(self, error: BaseException) -> None:
        if not self.screen_stack:  # the app is ending
            return
        text = f"{DEFECT}; {self.report_defect(error)}"
        self.notify(text, severity="error", timeout=10, markup=False)

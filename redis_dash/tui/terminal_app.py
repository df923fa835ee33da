"""The app as a terminal needs it: its driver, its themes, one screen above another, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding
from textual.events import Print
from textual.screen import Screen
from textual.theme import ThemeProvider

from redis_dash.tui.crash import crash_report
from redis_dash.tui.terminal import TerminalDriver
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.themes import THEME, offered


class TerminalApp(App[None]):
    """What is not particular to the dashboard."""

    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = True

    BINDINGS: ClassVar = [
        Binding("q", "quit", "Quit", show=False, id="app.quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True, id="app.quit_at_once"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True, id="app.suspend"),
    ]

    def __init__(self) -> None:
        self._theme_styles: dict[str, ThemeStyles] = {}
        super().__init__(driver_class=TerminalDriver)
        for theme in offered(self.ansi_theme_dark, self.ansi_theme_light):
            self.register_theme(theme)
        self.set_reactive(App.theme, THEME.name)  # `self.theme =` would have all styles parsed once more
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        """Take what is printed to standard error."""
        self.begin_capture_print(self, stdout=False)

    def on_print(self, event: Print) -> None:
        """What others print to standard error goes where it was sent, unless that is the screen."""
        if sys.__stderr__ is not None and not sys.__stderr__.isatty():
            sys.__stderr__.write(event.text)
            sys.__stderr__.flush()

    @property
    def theme_styles(self) -> ThemeStyles:
        """The current theme's, made once."""
        theme = self.current_theme
        if theme.name not in self._theme_styles:
            self._theme_styles[theme.name] = ThemeStyles(theme.to_color_system().generate(), colorless=self.no_color)
        return self._theme_styles[theme.name]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, so that they can be read, and those that only we have."""
        return {**super().get_css_variables(), **self.theme_styles.variables}

    def open(self, screen: Screen[Any] | str, answered: Callable[[Any], None] | None = None) -> None:
        """Open a screen above the main one, unless there is one: keys may arrive before the first has opened it."""
        if len(self.screen_stack) == 1:
            self.push_screen(screen, answered)

    def action_command_palette(self) -> None:
        """Everything by name."""
        from redis_dash.tui.screens.palette import Palette

        self.open(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """All themes by name."""
        from redis_dash.tui.screens.palette import Palette

        self.open(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_suspend_process(self) -> None:
        """Stop as the shell's job, together with whoever started us; ``fg`` comes back."""
        if isinstance(self._driver, TerminalDriver):
            os.kill(0, signal.SIGTSTP)

    def _fatal_error(self) -> None:
        """Textual would print local variables."""
        self.panic(crash_report(self._exception))

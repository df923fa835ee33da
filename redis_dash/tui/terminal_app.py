"""The parts of the app that concern the terminal: driver, themes, screens above the dashboard, suspending, crashes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.binding import Binding, Keymap
from textual.events import Print
from textual.screen import Screen
from textual.theme import ThemeProvider

from redis_dash.tui.crash import crash_report
from redis_dash.tui.keys import short_key_name
from redis_dash.tui.keys_in_order import KeysInOrder
from redis_dash.tui.pane_screen import PaneScreen
from redis_dash.tui.terminal import TerminalDriver
from redis_dash.tui.theme_styles import ThemeStyles
from redis_dash.tui.themes import THEME, offered


class TerminalApp(KeysInOrder):
    """An app with this program's driver and themes; knows nothing of the dashboard."""

    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = True

    def __init__(self) -> None:
        self._theme_styles: dict[str, ThemeStyles] = {}
        super().__init__(driver_class=TerminalDriver)
        for theme in offered(self.ansi_theme_dark, self.ansi_theme_light):
            self.register_theme(theme)
        self.set_reactive(App.theme, THEME.name)  # `self.theme =` would parse all styles once more
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        """Capture what is printed to standard error."""
        self.begin_capture_print(self, stdout=False)

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
    def theme_styles(self) -> ThemeStyles:
        """The styles of the current theme, computed once."""
        theme = self.current_theme
        if theme.name not in self._theme_styles:
            self._theme_styles[theme.name] = ThemeStyles(theme.to_color_system().generate(), colorless=self.no_color)
        return self._theme_styles[theme.name]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, adjusted to be readable, and a few of this program."""
        return {**super().get_css_variables(), **self.theme_styles.variables}

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

    def _fatal_error(self) -> None:
        """Report a crash without local variables, which Textual would print."""
        self.panic(crash_report(self._exception))

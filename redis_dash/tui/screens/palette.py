"""The command palette: every command by name."""

from __future__ import annotations

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.widgets import Input, OptionList

from redis_dash.tui.screens.modal import closed_already
from redis_dash.tui.size_notice import SizedScreen


class Palette(CommandPalette, SizedScreen[None]):
    """Textual's palette, but a command runs once, however often Enter is pressed."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, unless an earlier key has closed it: a second call would close the screen below."""
        return super().dismiss(result) if self.app.screen is self else closed_already()

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _ignore_if_closed(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        if self.app.screen is not self:
            event.prevent_default()

"""Keys act one after the other, also those that arrive together in one read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from textual.app import App
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key
from textual.screen import Screen

from redis_dash.tui.pane_screen import PaneScreen

LAYOUT_S = 1 / 60
"""Seconds between two questions whether a screen is laid out; Textual lays out as often."""
MOST_LAYOUTS = 10
"""So many layouts of a screen that opens are waited for. Two are usual: the second is of what was wrapped to the size
that the first has given."""


class KeysInOrder(App[None]):
    """An app in which each key has its whole effect before the next key is handled.

    Textual forwards each key to the widget that has the focus when the key arrives. The second of two keys in one
    read would act where the focus was before the first, or on a screen that the first one closes or covers; and on a
    screen that opens, it would scroll what has no height yet. Only the command palette gets all keys at once, up to
    Esc, which closes it: Enter opens and runs one command there.
    """

    def __init__(self, driver_class: type[Driver]) -> None:
        super().__init__(driver_class=driver_class)
        self._typed: deque[Key] = deque()
        self._is_acting = False
        """Whether the effect of a key is still under way."""
        self._laid_out: Screen[object] | None = None
        """The screen above the dashboard whose layout was waited for."""

    async def on_event(self, event: Event) -> None:
        """Handle a key when those before it are done."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if not self._is_acting:
            await self._take_keys()

    async def _take_keys(self) -> None:
        """Handle the next key, and any further ones when its effect is complete."""
        self._is_acting = False
        while self._typed and isinstance(self.screen, CommandPalette) and self._typed[0].key != "escape":
            await super().on_event(self._typed.popleft())
        if not self._typed:
            return
        if self.screen is not self._laid_out:
            self._laid_out = self.screen
            if len(self.screen_stack) > 1:
                self._is_acting = True
                self._wait_for_layout(self.screen, MOST_LAYOUTS)
                return
        event, target = self._typed.popleft(), self.focused or self.screen
        nodes = target.ancestors_with_self
        if not isinstance(self.screen, PaneScreen):
            await super().on_event(event)
            nodes *= 2  # bindings are looked for when the key has come to the app: a button is pressed only then
        elif not (await self._check_bindings(event.key, priority=True) or await self._check_bindings(event.key)):
            target._forward_event(event)
        self._is_acting = True
        self._wait_for(nodes, self._take_keys)

    def _wait_for(self, nodes: Iterable[DOMNode], then: Callable[[], object]) -> None:
        """Continue when these nodes have handled the messages that wait for them, one node after the other.

        A message of the first node bubbles to the others in this order.
        """
        left = list(nodes)
        while left:
            if left.pop(0).call_later(self._wait_for, left, then):
                return
        self.call_later(then)

    def _wait_for_layout(self, screen: Screen[object], most: int) -> None:
        """Take the next keys when a screen that opens is laid out, and so is what it shows for its size."""

        def children() -> None:
            # Twice the screen: the last child tells it what is to be laid out when it has handled all its messages.
            self._wait_for((*screen.walk_children(), screen, screen), ask)

        def ask() -> None:
            if screen is not self.screen or not most:
                self.call_later(self._take_keys)
            elif screen._layout_required:
                self.set_timer(LAYOUT_S, partial(self._wait_for_layout, screen, most - 1))
            else:
                self.call_later(self._take_keys)

        self._wait_for((screen,), children)

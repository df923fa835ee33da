"""Keys act one after the other, also those that arrive together in one read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from textual.app import App
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key

from redis_dash.tui.pane_screen import PaneScreen


class KeysInOrder(App[None]):
    """An app in which each key has its whole effect before the next key is handled.

    Textual forwards each key to the widget that has the focus when the key arrives. The second of two keys in one
    read would act where the focus was before the first, or on a screen that the first one closes or covers. Only the
    command palette gets all keys at once, up to Esc, which closes it: Enter opens and runs one command there.
    """

    def __init__(self, driver_class: type[Driver]) -> None:
        super().__init__(driver_class=driver_class)
        self._typed: deque[Key] = deque()
        self._is_acting = False
        """Whether the effect of a key is still under way."""

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
        event, target = self._typed.popleft(), self.focused or self.screen
        nodes = target.ancestors_with_self
        if not isinstance(self.screen, PaneScreen):
            await super().on_event(event)
            nodes *= 2  # bindings are looked for when the key has come to the app: a button is pressed only then
        elif not (await self._check_bindings(event.key, priority=True) or await self._check_bindings(event.key)):
            target._forward_event(event)
        self._is_acting = True
        self._wait_for(nodes)

    def _wait_for(self, nodes: Sequence[DOMNode]) -> None:
        """Take the next keys when these nodes have handled the messages that wait for them, one node after the other.

        A message of the first node bubbles to the others in this order.
        """
        for index, node in enumerate(nodes):
            if node.call_later(self._wait_for, nodes[index + 1 :]):
                return
        self.call_later(self._take_keys)

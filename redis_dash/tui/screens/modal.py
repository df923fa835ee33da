"""The base class of screens above the dashboard, and content built without markup."""

from __future__ import annotations

from collections.abc import Sequence

from textual.await_complete import AwaitComplete
from textual.binding import Keymap
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType

from redis_dash.tui.intents import Facts
from redis_dash.tui.keys import ABOVE, KeyHelp, KeyTable
from redis_dash.tui.size_notice import SizedScreen
from redis_dash.tui.terminal_app import TerminalApp
from redis_dash.tui.text import Plain

REFRESH_S = 0.5
"""The interval of updates of what is shown."""
CLOSE = KeyHelp("close it", section=ABOVE, rank=4)
TAKE = KeyHelp("while values are typed: save them; in a list to choose from: take the line", section=ABOVE, rank=5)
LEAVE = KeyHelp("there: leave, and change nothing", section=ABOVE, rank=6)


class Modal(ModalScreen[ScreenResultType], SizedScreen[ScreenResultType]):
    """A box in the middle of the screen."""

    DEFAULT_CSS = """
    Modal { align: center middle; background: $background 60%; }
    Modal > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 1 2;
        scrollbar-size-vertical: 1;
    }
    Modal Static { width: 100%; height: auto; }
    """

    @property
    def keymap(self) -> Keymap:
        """The app's keymap."""
        return self.app.keymap if isinstance(self.app, TerminalApp) else {}

    @property
    def key_table(self) -> KeyTable:
        """The keys of this screen."""
        return KeyTable((type(self),), self.keymap)

    def hint(self, text: str) -> str:
        """What a key of this screen does: ``{detail.close} closes`` becomes ``Esc closes``; empty without the key."""
        return self.key_table.hint(text)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close this screen, unless an earlier key has closed it: a second call would close the screen below."""
        return super().dismiss(result) if self.app.screen is self else closed_already()


def closed_already() -> AwaitComplete:
    """The awaitable of a screen that is already closed."""
    done: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
    return done


def facts_content(facts: Facts) -> Content:
    """Names in one column, values beside them."""
    width = max((len(name) for name, _ in facts), default=0)
    return lines_content([_line(name.ljust(width), value) for name, value in facts])


def _line(name: str, value: Plain) -> Content:
    return Content.assemble((name, "$text-muted"), "  ", Content(value))


def lines_content(lines: Sequence[Content]) -> Content:
    """The lines below each other."""
    return Content("\n").join(lines)

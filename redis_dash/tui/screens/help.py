"""All keys, and what words and colours mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from redis_dash.tui.screens.modal import Modal

_CHAPTERS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Everywhere",
        (
            ("1 … 6", "go to a pane"),
            ("Tab  Shift+Tab", "next, previous pane"),
            ("z", "let the pane fill the screen; Esc leaves"),
            ("F5", "scan everything now, at full speed; F5 or Esc stops"),
            ("u", "bring back the session that was signed out last"),
            ("Ctrl+P", "command palette: everything by name, themes"),
            ("?", "this help"),
            ("q  Ctrl+C", "quit"),
        ),
    ),
    (
        "In a pane",
        (
            ("↑ ↓  k j", "move the cursor; it stays on its row while rows move"),
            ("PgUp PgDn  g G", "screenfuls, first, last;"),
            ("", "Leaderboard: also through the pages of a large one"),
            ("/", "filter the listed rows; Enter keeps it, Esc clears it"),
            ("/ … Enter", "where not all are listed: Sessions: search all, by"),
            ("", "user, field or beginning of the id (2 characters);"),
            ("", "Leaderboard: go to the member of that name"),
            ("Space", "let the pane stand still, or go on"),
            ("Enter", "everything about the row"),
            ("r", "Sessions: sign the selected one out, after a question"),
            ("f  End", "Events: follow the end again"),
            ("[  ]", "Leaderboard: previous, next board"),
        ),
    ),
    (
        "Esc takes back one thing at a time, the nearest first",
        (
            ("1", "what lies above: a question, details, this help"),
            ("2", "the filter of the pane"),
            ("3", "Sessions: the search (it stops, then it goes);"),
            ("", "Leaderboard: the page (back to the top)"),
            ("4", "the full scan or the search that is under way"),
            ("5", "the zoom"),
        ),
    ),
    (
        "Words",
        (
            ("+2 columns", "there was no room for them; z may make some"),
            ("live", "current; nothing was scanned for it"),
            ("exact", "from a complete read of the keys; 8 min ago: its end"),
            ("about", "counted while keys moved: some may be missing, or"),
            ("", "counted twice"),
            ("12 % scanned", "an estimate from a part of the keys; ± is its interval"),
            ("1,204+ blocked", "at least so many: there are more than are read"),
            ("held back", "the server answers slowly: we scan less"),
            ("stale 7 s", "the server is away or slow; what is shown is that old"),
            ("reduced", "a right or a feature is missing; it says which"),
            ("left the ring", "messages that were counted and can no longer be read"),
            ("gap", "a time for which messages are unknown"),
            ("not known", "the answer to a write was lost; we look again"),
            ("(hidden)", "a secret, or what would let its reader in"),
            ("near", "80 % of a limit or more; blocked: used up"),
            ("now", "over the last seconds; since start: of the server"),
            ("our own cost", "what watching takes of one of the server's cores"),
        ),
    ),
    (
        "Colours",
        (
            ("red", "blocked, lost or failed"),
            ("amber", "near a limit, falling, stale, or not complete"),
            ("blue", "the pane with the keyboard; bars that only measure"),
            ("grey", "not current, or of lesser weight"),
        ),
    ),
)


class HelpScreen(Modal[None]):
    """A page of keys and words."""

    BINDINGS: ClassVar = [Binding("escape,question_mark,q,enter", "dismiss", "Close", id="help.close")]

    DEFAULT_CSS = """
    HelpScreen { background: $background; }
    HelpScreen > VerticalScroll { width: 96; }
    """

    def compose(self) -> ComposeResult:
        """The chapters."""
        with VerticalScroll():
            yield Static(_page())


def _page() -> Content:
    lines: list[Content] = []
    for title, entries in _CHAPTERS:
        lines.append(Content.styled(title, "bold $primary"))
        lines += [Content.assemble((f"  {name:<16}", "bold"), Content(text)) for name, text in entries]
        lines.append(Content(""))
    lines.append(Content.styled("Esc closes", "$foreground 60%"))
    return Content("\n").join(lines)

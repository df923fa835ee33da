"""The keys of the app: they work on every screen with panes."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from redis_dash.tui.keys import DATABASE_ID, FULL_SCAN_ID, KEYS_ID, UNDO_ID, KeyHelp

_PALETTE = KeyHelp("command palette: everything by name, themes", footer="palette", priority=1, rank=8)
_HELP = KeyHelp("this help", footer="help", palette="All keys, and what words mean", rank=1)
_QUIT = KeyHelp("quit", footer="quit", priority=8, palette="Leave the dashboard", rank=5)
_QUIT_AT_ONCE = KeyHelp("quit, also from a question, details or this help", rank=10)
_SUSPEND = KeyHelp("suspend the program; the shell's command fg resumes it", rank=9)
_FULL_SCAN = KeyHelp(
    "scan everything now, at full speed; {app.full_scan} or {pane.leave} stops",
    footer="scan all",
    priority=7,
    rank=6,
    palette="All keys are counted now; again: stop",
)
_KEYS = KeyHelp(
    "what is in here? All kinds of keys, the memory that they take, and what they are",
    footer="keys",
    priority=6,
    rank=6,
    palette="All kinds of keys, the memory that they take, and what they are",
)
_DATABASE = KeyHelp(
    "watch another database of the server",
    rank=6,
    palette="Watch another database of the server",
)
_UNDO = KeyHelp(
    "bring back the session that was deleted last",
    footer="undo",
    rank=7,
    palette="Bring back the session that was deleted last",
)

BINDINGS: list[BindingType] = [
    Binding("question_mark", "help", "Help", show=False, id="app.help", group=_HELP),
    Binding("ctrl+p", "command_palette", "Palette", show=False, priority=True, id="app.palette", group=_PALETTE),
    Binding("q", "quit", "Quit", show=False, id="app.quit", group=_QUIT),
    Binding("ctrl+c", "quit", "Quit", show=False, priority=True, id="app.quit_at_once", group=_QUIT_AT_ONCE),
    Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True, id="app.suspend", group=_SUSPEND),
    Binding("f5", "full_scan", "Scan everything now, at full speed", show=False, id=FULL_SCAN_ID, group=_FULL_SCAN),
    Binding("d", "keys", "What is in here?", show=False, id=KEYS_ID, group=_KEYS),
    Binding("n", "databases", "Database", show=False, id=DATABASE_ID, group=_DATABASE),
    Binding("u", "undo", "Undo", show=False, id=UNDO_ID, group=_UNDO),
]

"""The sessions that can be brought back, and the question before that."""

from __future__ import annotations

from redis_dash.core.commands import Command, FindOut, Outcome, RestoreSession
from redis_dash.tui.intents import Question
from redis_dash.tui.text import Plain, plain


class Undo:
    """What was deleted and not brought back yet; each session goes back to its own database."""

    def __init__(self) -> None:
        self.commands: list[RestoreSession] = []
        """The latest one last."""

    def remember(self, command: Command, outcome: Outcome) -> None:
        """Take the outcome of a command."""
        settled = command.undo if isinstance(command, FindOut) else command
        if isinstance(settled, RestoreSession) and settled in self.commands:
            self.commands.remove(settled)
        if outcome.undo is not None:
            self.commands.append(outcome.undo)

    def latest(self, database: int) -> RestoreSession | None:
        """What was deleted last in this database."""
        return next((one for one in reversed(self.commands) if one.database == database), None)

    def nothing(self, database: int) -> Plain:
        """What to say where nothing can be brought back."""
        elsewhere = sorted({one.database for one in self.commands} - {database})
        if not elsewhere:
            return Plain("There is nothing to undo.")
        named = " and ".join(f"database {number}" for number in elsewhere)
        return Plain(f"There is nothing to undo in database {database}: what was deleted in {named} goes back there.")


def question(command: RestoreSession, keys: tuple[str, ...]) -> Question:
    """The question whether to bring a session back.

    Args:
        keys: those that ask for it.
    """
    left = "to end when it would have ended" if command.expires_at else "without an expiry, as it was"
    facts = ((Plain("user"), plain(command.user, 200)),)
    consequence = (
        Plain(f"The key is written again, {left}."),
        Plain("If it exists again by now, nothing is written."),
        *([Plain("What was removed from other keys is put back.")] if command.companions else []),
    )
    return Question(
        title=Plain("Bring this session back?"),
        facts=lambda: facts,
        consequence=lambda: consequence,
        verb=Plain("Bring back"),
        keys=keys,
    )

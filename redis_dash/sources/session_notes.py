"""What is said of sessions that could not be read: which right is missing, and of how many sessions that is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redis_dash.client.reasons import say
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.resp import ReplyError
from redis_dash.core.rights import missing_right, refused_command, rules_for, shown_command
from redis_dash.dialects.base import SessionPattern
from redis_dash.sources.base import NO_NOTE, Note
from redis_dash.sources.session_facts import OTHER_TYPE, UNREAD, KnownSession


def value_notes(listed: Sequence[KnownSession]) -> list[Note]:
    """Which of the listed sessions have unknown users or old ones, and for lack of which command."""
    refused = [known for known in listed if known.refusals]
    unread = [known for known in refused if known.facts is UNREAD]
    old = [known for known in refused if known.facts is not UNREAD]
    notes = []
    for some, what in ((unread, "are unknown"), (old, "may have changed since")):
        if some:
            why, rules = _commands(error for known in some for error in known.refusals)
            whose = "users" if len(some) == len(listed) else f"the users of {len(some):,} of {len(listed):,} listed"
            notes.append(Note(f"{why}: {whose} {what}", rules))
    return notes


def lifetime_note(refused: Note, timeless: int, rules: tuple[str, ...]) -> Note:
    """Whose time left is not known; ``refused`` says why it is of all, ``timeless`` how many it is otherwise."""
    if refused.text:
        return Note(f"{refused.text}: the time left is unknown", refused.rules)
    return Note(f"the time left of {timeless:,} may not be read", rules) if timeless else NO_NOTE


def format_notes(
    listed: Sequence[KnownSession], rows: Sequence[SessionRow], patterns: Sequence[SessionPattern]
) -> list[Note]:
    """Which of the listed sessions could be read and not be decoded."""
    read = [row for known, row in zip(listed, rows, strict=True) if known.facts is not UNREAD]
    notes = []
    if any(one.is_described for one in patterns) and read and all(map(_is_misfit, read)):
        notes.append(Note("the settings fit no listed session: see their details"))
    others = sum(known.facts is OTHER_TYPE for known in listed)
    if others:
        notes.append(Note(f"{others:,} of {len(rows):,} listed are no strings: see their details"))
    if unknown := sum(row.dialect == "unknown" for row in read) - others:
        notes.append(Note(f"{unknown:,} of {len(rows):,} listed have a format that is not known here"))
    return notes


def _commands(refusals: Iterable[ReplyError]) -> tuple[str, tuple[str, ...]]:
    """Why commands cannot be run, each told once, and the ACL rules that would allow them."""
    errors = list({str(error): error for error in refusals}.values())
    refused = [shown_command(refused_command(error)) for error in errors if _is_named(error)]
    whys = [f"not allowed to run {', '.join(refused)}"] if refused else []
    whys += [say(error) for error in errors if not _is_named(error)]
    return "; ".join(whys), tuple(rule for error in errors for rule in rules_for(error))


def _is_named(error: ReplyError) -> bool:
    return missing_right(error) == "command" and bool(refused_command(error))


def _is_misfit(row: SessionRow) -> bool:
    """Whether the value is in another format than the settings say, or has no user where they say."""
    return not row.user and not row.is_anonymous and any(not name for name, _ in row.fields)

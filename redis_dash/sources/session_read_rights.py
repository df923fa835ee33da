"""Which rights our user lacks to read sessions, all of them at once."""

from __future__ import annotations

from collections.abc import Mapping

from redis_dash.core.errors import MissingRightError
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command
from redis_dash.dialects.session_dialects import SessionDialects
from redis_dash.sources.base import NO_NOTE, Context, Note
from redis_dash.sources.missing_commands import MissingCommands, example
from redis_dash.sources.session_facts import KnownSession

Sessions = Mapping[bytes, KnownSession]


class SessionReadRights:
    """Asks only where a right is missing, since each refusal is an entry in the server's ACL LOG."""

    def __init__(self, context: Context, dialects: SessionDialects) -> None:
        globs = context.config.session_globs
        self._patterns = [Pattern(glob) for glob in globs]
        self._dialects = dialects
        self._sessions: Sessions = {}
        self._missing = MissingCommands(context, globs, self._ways, known=lambda: list(self._sessions))
        self.no_keys = NO_NOTE
        """Which keys may not be read either, where a command is missing."""

    async def all_of(self, error: MissingRightError, sessions: Sessions) -> MissingRightError:
        """The refusal, with all others that would follow it.

        Raises:
            SourceError: the server could not be reached.
        """
        self._sessions = sessions
        return await self._missing.all_of(error)

    async def ask_about_keys(self, sessions: Sessions, no_lifetimes: Note) -> None:
        """Find out whether keys may be read, where the commands that would tell are not allowed.

        Raises:
            SourceError: the server could not be reached.
        """
        self._sessions = sessions
        errors = {str(error): None for known in sessions.values() for error in known.refusals}
        why = "; ".join(filter(None, (no_lifetimes.text, *errors)))
        self.no_keys = await self._missing.keys_note(why) if why else NO_NOTE

    def _ways(self) -> list[list[Command]]:
        """The commands that read a session of each pattern: one that was read before, if there is one."""
        order = sorted(self._sessions, key=lambda key: bool(self._sessions[key].refusals))
        ways = []
        for pattern in self._patterns:
            key = next((key for key in order if pattern.variable(key) is not None), None) or example(pattern.glob)
            known = self._sessions.get(key)
            is_read = known is not None and known.facts is not None and not known.refusals
            ways += [[(b"PTTL", key), read] for read in self._dialects.reads(key, is_read=is_read)]
        return ways

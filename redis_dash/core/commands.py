"""What a person may ask for: commands, which write, and requests, which only steer what is read."""

from __future__ import annotations

from typing import Literal

import msgspec

from redis_dash.core.credential import Credential
from redis_dash.core.frames.sessions import SessionRow


class RevokeSession(msgspec.Struct, frozen=True):
    """Sign one session out: delete its key, if it still is what the person saw."""

    session: SessionRow


class RestoreSession(msgspec.Struct, frozen=True):
    """Undo a revocation: put back what was deleted, to end when it would have, unless the key exists again."""

    key: Credential
    user: str
    dump: bytes
    expires_at: float | None

    def __repr__(self) -> str:
        return f"RestoreSession({self.key!r})"


class Publish(msgspec.Struct, frozen=True):
    """Send one message to a channel."""

    channel: str
    payload: str


class FindOut(msgspec.Struct, frozen=True):
    """Look up what became of a command whose answer was lost, once the server is back. Writes nothing."""

    command: RevokeSession | RestoreSession
    undo: RestoreSession | None

    @property
    def key(self) -> Credential:
        """The session's key."""
        return self.command.session.key if isinstance(self.command, RevokeSession) else self.command.key


Command = RevokeSession | RestoreSession | Publish | FindOut

Result = Literal[
    "deleted",
    "already gone",
    "changed since, not deleted",
    "restored",
    "exists again, not restored",
    "sent",
    "not heard",
    "not known",
    "gone",
    "still there",
    "there again",
    "not restored",
]
"""``not known``: the answer was lost. Those below it are what was found out after that, whoever did it."""


class Outcome(msgspec.Struct, frozen=True):
    """What a command did, told for one key."""

    result: Result
    detail: str
    """One sentence for a person; holds no secret."""
    undo: RestoreSession | None = None
    """What a person may ask for to take it back, from now on."""
    unsettled: FindOut | None = None
    """How to find out what is not known."""


class FullPass(msgspec.Struct, frozen=True):
    """Scan the whole keyspace at full speed, once; or stop doing so."""

    on: bool


class SearchSessions(msgspec.Struct, frozen=True):
    """Look for sessions among all there are, not only the listed ones: by user, field or the beginning of the id.

    Results come with the sessions' frames. An empty text ends the search and drops what it found.
    """

    text: str

    def __repr__(self) -> str:
        return "SearchSessions(…)"  # the beginning of an id is a part of a credential


class StopSearch(msgspec.Struct, frozen=True):
    """Keep what the search has found so far, and look no further."""


class ShowRanks(msgspec.Struct, frozen=True):
    """Read another page of a board: from a rank on (1 is the first), or the one around a member."""

    board: str
    first: int = 1
    member: str = ""


class CountAfresh(msgspec.Struct, frozen=True):
    """Count messages from this moment on."""


Request = FullPass | SearchSessions | StopSearch | ShowRanks | CountAfresh

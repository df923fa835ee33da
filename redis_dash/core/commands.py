"""What a user may ask for: commands, which write to Redis, and requests, which change what is read."""

from __future__ import annotations

from typing import Literal

import msgspec

from redis_dash.core.credential import Credential
from redis_dash.core.frames.sessions import SessionRow


class RevokeSession(msgspec.Struct, frozen=True):
    """Sign one session out: delete its key, if the session still is the one that the user saw."""

    session: SessionRow


class RemovedCompanion(msgspec.Struct, frozen=True):
    """What a revocation has removed from another key, or another key that it has deleted."""

    name: str
    """The key as it may be shown: ids in it are masked."""
    key: Credential
    kind: str
    """The type of what the member was removed from; ``key`` if the key itself was deleted."""
    member: bytes
    data: bytes
    """The score, the value of the field, how often a list held it, or the dump of the key."""
    following: bytes
    """The next element of a list, after a ``+``; empty if it was the last one."""
    expires_at: float | None

    def __repr__(self) -> str:
        return f"RemovedCompanion({self.name!r})"


class RestoreSession(msgspec.Struct, frozen=True):
    """Undo a revocation: restore the key with its former expiry, unless it exists again, and its companions."""

    key: Credential
    user: str
    """As it was shown."""
    dump: bytes
    expires_at: float | None
    companions: tuple[RemovedCompanion, ...] = ()
    database: int = 0
    """The number of the database that held the session."""

    def __repr__(self) -> str:
        return f"RestoreSession({self.key!r})"


class Publish(msgspec.Struct, frozen=True):
    """Send one message to a channel."""

    channel: str
    payload: str


class FindOut(msgspec.Struct, frozen=True):
    """Find out the result of a command whose answer was lost. Writes nothing."""

    command: RevokeSession | RestoreSession
    undo: RestoreSession | None

    @property
    def key(self) -> Credential:
        """The session's key."""
        return self.command.session.key if isinstance(self.command, RevokeSession) else self.command.key


Command = RevokeSession | RestoreSession | Publish | FindOut


def database_of(command: Command) -> int | None:
    """The number of the database that a command is about; None for a message, which goes to all."""
    match command:
        case RevokeSession(session):
            return session.database
        case RestoreSession():
            return command.database
        case FindOut():
            return database_of(command.command)
        case Publish():
            return None


Result = Literal[
    "deleted",
    "already gone",
    "changed since, not deleted",
    "restored",
    "exists again, not restored",
    "sent",
    "not received",
    "not known",
    "gone",
    "still there",
    "there again",
    "not restored",
]
"""``not known``: the answer was lost. The later results are what ``FindOut`` saw; any client may have caused them."""


class Outcome(msgspec.Struct, frozen=True):
    """The result of a command."""

    result: Result
    detail: str
    """One sentence for the user; holds no secret."""
    undo: RestoreSession | None = None
    """The command that undoes it; None if there is none."""
    unsettled: FindOut | None = None
    """The command that finds out an unknown result."""


class FullPass(msgspec.Struct, frozen=True):
    """Scan the whole keyspace once at full speed; or stop that scan."""

    on: bool


class SearchSessions(msgspec.Struct, frozen=True):
    """Search all sessions, not only the listed ones: by user, field or the beginning of the id.

    Results are in the frames of the sessions. An empty text ends the search and drops its results.
    """

    text: str

    def __repr__(self) -> str:
        return "SearchSessions(…)"  # the beginning of an id is a part of a credential


class StopSearch(msgspec.Struct, frozen=True):
    """Stop the search and keep its results."""


class ShowRanks(msgspec.Struct, frozen=True):
    """Read another page of a leaderboard: from a rank on (1 is the first), or around a member."""

    board: str
    first: int = 1
    member: str = ""


class CountAfresh(msgspec.Struct, frozen=True):
    """Reset the counts of messages."""


class FollowStreams(msgspec.Struct, frozen=True):
    """Follow the streams of a kind of keys, from now on."""

    kind: int
    """``id`` of the kind: its keys may hold ids that are not shown."""


Request = FullPass | SearchSessions | StopSearch | ShowRanks | CountAfresh | FollowStreams

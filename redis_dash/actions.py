"""The only writes. Each looks again just before it happens, and tells what became of the key."""

from __future__ import annotations

import time

from redis_dash.commands import Command, Outcome, Publish, RestoreSession, RevokeSession
from redis_dash.connection import Deployment, Exchange, check
from redis_dash.dialects import SESSION_DIALECTS
from redis_dash.model import SessionRow, SourceError
from redis_dash.ownreads import ReplyError

ATTEMPTS = 5
"""A session in use changes under our hands now and then."""


async def carry_out(deployment: Deployment, command: Command) -> Outcome:
    """Carry out one confirmed command.

    Raises:
        SourceError: Redis could not be reached or refused. After a broken connection it is unknown whether the write
            still happened, and the text says so.
    """
    match command:
        case RevokeSession(session):
            return await _revoke(deployment, session)
        case RestoreSession():
            return await _restore(deployment, command)
        case Publish(channel, payload):
            heard = await deployment.one(b"PUBLISH", channel.encode(), payload.encode())
            return Outcome("sent", f"{heard} listening")


async def _revoke(deployment: Deployment, session: SessionRow) -> Outcome:
    async with deployment.exclusive() as exchange:
        for _ in range(ATTEMPTS):
            outcome = await _try_to_revoke(exchange, session)
            if outcome is not None:
                return outcome
    return Outcome("changed since, not deleted", f"the session {session.id} is in constant use; try again")


async def _try_to_revoke(exchange: Exchange, session: SessionRow) -> Outcome | None:
    """None if the session was used between our look and our delete: a sliding lifetime changes with each use."""
    key = session.key.reveal()
    check((await exchange([(b"WATCH", key)]))[0])
    value, pttl, dump = await exchange([SESSION_DIALECTS[0].read(key), (b"PTTL", key), (b"DUMP", key)])
    refusal = None
    if pttl == -2:
        refusal = Outcome("already gone", f"the session {session.id} had ended before")
    elif not _is_what_was_seen(session, value):
        refusal = Outcome("changed since, not deleted", f"the session {session.id} is no longer what was shown")
    if refusal is not None:
        await exchange([(b"UNWATCH",)])
        return refusal
    *_, deleted = await exchange([(b"MULTI",), (b"DEL", key), (b"EXEC",)])
    if isinstance(deleted, ReplyError):
        raise SourceError(f"not deleted: {deleted}")
    if deleted is None:
        return None
    return Outcome("deleted", f"the session {session.id} is signed out", _undo(session, dump, pttl))


def _is_what_was_seen(session: SessionRow, value: object) -> bool:
    """Whether the value still says what the person was shown when they decided."""
    if isinstance(value, ReplyError):
        return session.dialect == "unknown"
    facts = SESSION_DIALECTS[0].decode(value)
    if facts is None:
        return session.dialect == "unknown"
    return (facts.user, facts.role, facts.created_at) == (session.user, session.role, session.created_at)


def _undo(session: SessionRow, dump: object, pttl: object) -> RestoreSession | None:
    if not isinstance(dump, bytes) or not isinstance(pttl, int):
        return None
    return RestoreSession(session.key, session.user, dump, time.time() + pttl / 1000 if pttl >= 0 else None)


async def _restore(deployment: Deployment, command: RestoreSession) -> Outcome:
    left_ms = 0 if command.expires_at is None else round((command.expires_at - time.time()) * 1000)
    if command.expires_at is not None and left_ms <= 0:
        return Outcome("already gone", "the session would have expired by now")
    (reply,) = await deployment.pipeline(
        [(b"RESTORE", command.key.reveal(), str(left_ms).encode(), command.dump)],
    )
    if isinstance(reply, ReplyError) and str(reply).startswith("BUSYKEY"):
        return Outcome("exists again, not restored", "a session with this id exists again; nothing was changed")
    check(reply)
    return Outcome("restored", "the session is signed in again")

"""Signing in and out: the sessions of accounts, and what the rest of the system is told of them."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.events import Events
from demo_server.patterns.online_users import OnlineUsers
from demo_server.patterns.sessions import Sessions, is_session_id
from demo_server.shop.accounts import Account

COOKIE = "session_id"


@dataclass(frozen=True, slots=True)
class Session:
    """What a session says about its user; the JSON under `session:{id}`."""

    id: int  # of the user
    email: str
    role: str
    name: str
    created_at: float  # epoch seconds
    ip: str


class UserSessions:
    """Who is signed in. Every method raises RedisError while Redis cannot do it."""

    def __init__(self, redis: Redis, sessions: Sessions, events: Events) -> None:
        self.ttl = sessions.ttl  # seconds since the last use
        self._redis = redis
        self._sessions = sessions
        self._online = OnlineUsers(redis, users=keys.ONLINE_USERS, session_prefix=keys.SESSION)
        self._events = events

    async def start(self, account: Account, address: str, old_id: str | None) -> str:
        """Sign in; returns the id of the new session. The browser's old session ends."""
        session = Session(account.id, account.email, account.role, account.name, round(time.time(), 3), address)
        session_id, replaced = await self._sessions.start(asdict(session), old_id=old_id)
        await self._online.add(account.id, session_id)
        await self._note_login(session)
        if old_id and is_session_id(old_id):
            await self._ended(old_id, replaced, "replaced")
        await self._publish("session.created", session, role=account.role, ip=address)
        return session_id

    async def read(self, session_id: str) -> Session | None:
        """Return the session and renew it; None if there is no such session."""
        if not is_session_id(session_id):
            return None
        data = await self._sessions.read(session_id)
        if data is None:
            # A browser still has the cookie: the session expired, or it was revoked.
            await self._events.publish(keys.SESSIONS, "session.rejected")
            await self._online.drop(session_id)
            return None
        return _session(data)

    async def end(self, session_id: str) -> None:
        """Sign out; does nothing if there is no such session."""
        if is_session_id(session_id):
            await self._ended(session_id, await self._sessions.end(session_id), "logout")

    async def _note_login(self, session: Session) -> None:
        user = keys.user(session.id)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(
                user,
                mapping={
                    "email": session.email,
                    "name": session.name,
                    "role": session.role,
                    "last_login_at": session.created_at,
                },
            )
            pipe.hincrby(user, "logins", 1)
            await pipe.execute()

    async def _ended(self, session_id: str, data: dict[str, Any] | None, reason: str) -> None:
        """A session is deleted; `data` is what it held, None if it was gone before."""
        await self._online.drop(session_id)
        session = None if data is None else _session(data)
        if session is not None:
            await self._publish("session.ended", session, reason=reason)

    async def _publish(self, event_type: str, session: Session, **fields: object) -> None:
        await self._events.publish(keys.SESSIONS, event_type, user_id=session.id, email=session.email, **fields)


def _session(data: dict[str, Any]) -> Session | None:
    try:
        return Session(**data)
    except TypeError:
        return None  # not written by this application

"""Sessions: who is signed in. The id is a credential: it is never logged and never published."""

import json
import re
import secrets
import time
from dataclasses import asdict, dataclass

from redis.asyncio import Redis

from demo_server import keys
from demo_server.accounts import Account
from demo_server.events import Events
from demo_server.truth import Truth

COOKIE = "session_id"
TTL = 86_400  # seconds since the last use
_ID = re.compile(r"[A-Za-z0-9_-]{43}")  # what token_urlsafe(32) makes


@dataclass(frozen=True, slots=True)
class Session:
    """What a session says about its user; the JSON under `session:{id}`."""

    id: int  # of the user
    email: str
    role: str
    name: str
    created_at: float  # epoch seconds
    ip: str


class Sessions:
    """Sessions in Redis. Every method raises RedisError while Redis is down: nobody is signed in by guesswork."""

    def __init__(self, redis: Redis, events: Events, truth: Truth) -> None:
        self._redis = redis
        self._events = events
        self._truth = truth

    async def start(self, account: Account, address: str, old_id: str | None) -> str:
        """Sign in: a new session id each time, and the browser's old session ends with it. Returns the id."""
        session_id = secrets.token_urlsafe(32)
        now = round(time.time(), 3)
        session = Session(account.id, account.email, account.role, account.name, now, address)
        old = old_id if old_id and _ID.fullmatch(old_id) else None
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(keys.session(session_id), json.dumps(asdict(session)), ex=TTL)
            pipe.sadd(keys.ONLINE_USERS, account.id)
            pipe.hset(
                keys.user(account.id),
                mapping={"email": account.email, "name": account.name, "role": account.role, "last_login_at": now},
            )
            pipe.hincrby(keys.user(account.id), "logins", 1)
            if old:
                pipe.delete(keys.session(old))
            results = await pipe.execute()
        self._truth.session_lives(session_id, TTL)
        if old:
            self._truth.session_gone(old)
            if results[-1]:
                await self._publish("session.ended", account.id, account.email, reason="replaced")
        await self._publish("session.created", account.id, account.email, role=account.role, ip=address)
        return session_id

    async def read(self, session_id: str) -> Session | None:
        """The session, its time to live renewed in the same round trip; None if there is no such session."""
        if not _ID.fullmatch(session_id):
            return None
        value = await self._redis.getex(keys.session(session_id), ex=TTL)
        if value is None:
            self._truth.session_gone(session_id)
            # Somebody still believes to be signed in: it expired, or it was revoked.
            await self._events.publish(keys.SESSIONS, "session.rejected")
            return None
        self._truth.session_lives(session_id, TTL)
        try:
            return Session(**json.loads(value))
        except (TypeError, ValueError):
            return None  # not written by this application

    async def end(self, session_id: str) -> bool:
        """Sign out; False if there was no such session."""
        if not _ID.fullmatch(session_id):
            return False
        value = await self._redis.getdel(keys.session(session_id))
        self._truth.session_gone(session_id)
        if value is None:
            return False
        try:
            session = Session(**json.loads(value))
        except (TypeError, ValueError):
            return True
        await self._redis.srem(keys.ONLINE_USERS, session.id)
        await self._publish("session.ended", session.id, session.email, reason="logout")
        return True

    async def _publish(self, event_type: str, user_id: int, email: str, **fields: object) -> None:
        await self._events.publish(keys.SESSIONS, event_type, user_id=user_id, email=email, **fields)

"""Sessions: who is signed in. The id is a credential: it is never logged and never published."""

import json
import logging
import re
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from demo_server import keys
from demo_server.patterns.events import Events
from demo_server.patterns.online_users import OnlineUsers
from demo_server.redis_client import RedisError
from demo_server.shop.accounts import Account
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)

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
    """Sessions in Redis. Every method raises RedisError while Redis cannot do it: nobody is signed in by guesswork."""

    def __init__(self, redis: Redis, events: Events, truth: Truth) -> None:
        self._redis = redis
        self._online = OnlineUsers(redis)
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
            self._online.add(pipe, account.id, session_id)
            pipe.hset(
                keys.user(account.id),
                mapping={"email": account.email, "name": account.name, "role": account.role, "last_login_at": now},
            )
            pipe.hincrby(keys.user(account.id), "logins", 1)
            if old:
                pipe.getdel(keys.session(old))
            results = await pipe.execute()
        self._truth.session_lives(session_id, TTL)
        if old:
            await self._ended(old, results[-1], "replaced")
        await self._publish("session.created", session, role=account.role, ip=address)
        return session_id

    async def read(self, session_id: str) -> Session | None:
        """The session, its time to live renewed in the same round trip; None if there is no such session."""
        if not _ID.fullmatch(session_id):
            return None
        key = keys.session(session_id)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.get(key)
            pipe.expire(key, TTL)
            value, renewed = await pipe.execute(raise_on_error=False)
        if isinstance(value, RedisError):
            raise value
        if value is None:
            self._truth.session_gone(session_id)
            # Somebody still believes to be signed in: it expired, or it was revoked.
            await self._events.publish(keys.SESSIONS, "session.rejected")
            await self._online.drop(session_id)
            return None
        if isinstance(renewed, RedisError):
            log.warning("a session was not renewed: %s", renewed)  # Redis may take no writes; reading needs none
        elif renewed:
            self._truth.session_lives(session_id, TTL)
        return _parse(value)

    async def end(self, session_id: str) -> bool:
        """Sign out; False if there was no such session."""
        if not _ID.fullmatch(session_id):
            return False
        value: Any = await self._redis.getdel(keys.session(session_id))
        await self._ended(session_id, value, "logout")
        return value is not None

    async def _ended(self, session_id: str, value: bytes | None, reason: str) -> None:
        """A session is deleted; `value` is what it was, None if it was gone before."""
        self._truth.session_gone(session_id)
        await self._online.drop(session_id)
        session = None if value is None else _parse(value)
        if session is not None:
            await self._publish("session.ended", session, reason=reason)

    async def _publish(self, event_type: str, session: Session, **fields: object) -> None:
        await self._events.publish(keys.SESSIONS, event_type, user_id=session.id, email=session.email, **fields)


def _parse(value: bytes) -> Session | None:
    try:
        return Session(**json.loads(value))
    except (TypeError, ValueError):
        return None  # not written by this application

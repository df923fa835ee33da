"""Sessions: a random id, which the browser keeps in a cookie, and what it stands for in Redis.

The id is a credential: whoever has it is signed in. It is never logged and never published.
"""

import json
import logging
import re
import secrets
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{43}")  # what token_urlsafe(32) makes

Data = dict[str, Any]


def is_session_id(text: str) -> bool:
    """Whether this can be a session's id at all. What a browser sends is checked before it becomes a part of a key."""
    return _ID.fullmatch(text) is not None


class Sessions:
    """Sessions that end `ttl` seconds after their last use.

    Every method raises RedisError while Redis cannot do it: nobody is signed in by guesswork.
    """

    def __init__(self, redis: Redis, *, ttl: int = 86_400, prefix: str = "session") -> None:
        self.ttl = ttl
        self._redis = redis
        self._prefix = prefix

    async def start(self, data: Data, *, old_id: str | None = None) -> tuple[str, Data | None]:
        """Start a session; returns its id, and the data of the browser's old session, which ends.

        The id is new each time: a session id that somebody planted in a browser never becomes one that is signed in.
        The two sessions may be on two nodes of a cluster, so this is no transaction. If the old one cannot be ended,
        nobody is told the new id.
        """
        session_id = secrets.token_urlsafe(32)
        await self._store(session_id, json.dumps(data))
        return session_id, await self.end(old_id) if old_id else None

    async def read(self, session_id: str) -> Data | None:
        """Return the data of a session, and renew it in the same round trip; None if there is no such session."""
        if not is_session_id(session_id):
            return None
        value, _ = await self._get_and_renew(session_id)
        return _parse(value)

    async def end(self, session_id: str) -> Data | None:
        """Delete a session; returns what it held, None if there was none."""
        if not is_session_id(session_id):
            return None
        return _parse(await self._take(session_id))

    async def _store(self, session_id: str, value: str) -> None:
        await self._redis.set(self._key(session_id), value, ex=self.ttl)

    async def _take(self, session_id: str) -> bytes | None:
        """Delete a session; returns the value that it had."""
        value: bytes | None = await self._redis.getdel(self._key(session_id))  # type: ignore[assignment]
        return value

    async def _get_and_renew(self, session_id: str) -> tuple[bytes | None, bool]:
        """Return the value, and whether it was renewed."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.get(self._key(session_id))
            pipe.expire(self._key(session_id), self.ttl)
            value, renewed = await pipe.execute(raise_on_error=False)
        if isinstance(value, RedisError):
            raise value
        if isinstance(renewed, RedisError):
            # Redis may take no writes for now. Reading needs none, so nobody is signed out for it.
            log.warning("a session was not renewed: %s", renewed)
            return value, False
        return value, bool(renewed)

    def _key(self, session_id: str) -> str:
        return f"{self._prefix}:{session_id}"


def _parse(value: bytes | None) -> Data | None:
    try:
        data = None if value is None else json.loads(value)
    except ValueError:
        return None  # not written by this application
    return data if isinstance(data, dict) else None

"""Publish events as JSON on pub/sub channels."""

import json
import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class Events:
    """Publishes events. Events are not data: while Redis is down they are lost, and the request goes on."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, channel: str, event_type: str, **fields: object) -> bool:
        """Publish `{"type": event_type, …fields, "at": epoch seconds}`; returns whether Redis took it."""
        message = json.dumps({"type": event_type, **fields, "at": round(time.time(), 3)})
        try:
            await self._send(channel, message)
        except RedisError as error:
            log.warning("%s on %s is lost: %s", event_type, channel, error)
            return False
        return True

    async def _send(self, channel: str, message: str) -> None:
        await self._redis.publish(channel, message)

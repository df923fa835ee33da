"""What the application tells the world: JSON events on the pub/sub channels."""

import json
import logging
import time

from redis.asyncio import Redis

from demo_server.redis_client import RedisError, log_failure
from demo_server.truth.counts import Truth

log = logging.getLogger(__name__)


class Events:
    """Publishes events. An event is news, not data: if Redis is down it is lost, and the request goes on."""

    def __init__(self, redis: Redis, truth: Truth) -> None:
        self._redis = redis
        self._truth = truth

    async def publish(self, channel: str, event_type: str, **fields: object) -> None:
        """Publish `{"type": event_type, …fields, "at": epoch seconds}`."""
        message = json.dumps({"type": event_type, **fields, "at": round(time.time(), 3)})
        try:
            await self._redis.publish(channel, message)
        except RedisError as error:
            log_failure(log, error, "%s on %s was lost", event_type, channel)
        else:
            self._truth.published(channel)

"""Announces clients that run into their limit, once for each time that they are blocked."""

from demo_server import keys
from demo_server.patterns.events import Events
from demo_server.patterns.rate_limiter import RateLimiter, Verdict

_REMEMBERED = 10_000  # clients


class BlockedClients:
    """A limiter that publishes `client.blocked`."""

    def __init__(self, limiter: RateLimiter, events: Events) -> None:
        self.limit = limiter.limit
        self.window = limiter.window
        self._limiter = limiter
        self._events = events
        self._blocked: set[str] = set()

    async def admit(self, client: str) -> Verdict | None:
        """Ask the limiter about a request of this client."""
        verdict = await self._limiter.admit(client)
        if verdict is None:
            return None
        if not verdict.accepted:
            await self._announce(client, verdict)
        elif verdict.remaining * 5 >= self.limit:
            # The window slides, so a blocked client gets a request in now and then. It stays blocked until a fifth of
            # the limit is free again.
            self._blocked.discard(client)
        return verdict

    async def _announce(self, client: str, verdict: Verdict) -> None:
        if client in self._blocked:
            return
        if len(self._blocked) >= _REMEMBERED:
            self._blocked.clear()  # the memory is bounded; a few clients are announced once more
        self._blocked.add(client)
        await self._events.publish(keys.SECURITY, "client.blocked", ip=client, retry_after=verdict.reset)

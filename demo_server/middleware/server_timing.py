"""Tells with every answer how long it took. Pure ASGI."""

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_server.patterns.rate_limit_middleware import RateLimitMiddleware
from demo_server.patterns.rate_limiter import Verdict

_LIMITER_MS = "demo_server.limiter_ms"  # where the limiter's time is in the scope


class ServerTiming:
    """Writes `Server-Timing: app;dur=…, limit;dur=…` on every answer.

    In milliseconds: `limit` is what the rate limiter took, where it was asked, and `app` all the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                duration = (time.perf_counter() - began) * 1000
                limiter_ms = scope.get(_LIMITER_MS)
                timing = f"app;dur={duration - (limiter_ms or 0):.3f}"
                if limiter_ms is not None:
                    timing += f", limit;dur={limiter_ms:.3f}"
                MutableHeaders(scope=message).append("Server-Timing", timing)
            await send(message)

        await self._app(scope, receive, send_timed)


class TimedRateLimit(RateLimitMiddleware):
    """A rate limit that leaves its time for `ServerTiming`."""

    async def admit(self, scope: Scope) -> Verdict | None:
        began = time.perf_counter()
        verdict = await super().admit(scope)
        scope[_LIMITER_MS] = (time.perf_counter() - began) * 1000
        return verdict

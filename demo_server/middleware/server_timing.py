"""What happens around every request: its time, its share of the rate limit, the cache it uses. Pure ASGI."""

import json
import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_server.patterns.client_address import client_to_limit
from demo_server.patterns.rate_limit import RateLimiter, Verdict
from demo_server.patterns.response_cache import ResponseCache, current_cache
from demo_server.settings import Network

log = logging.getLogger(__name__)

EXEMPT_PATHS = frozenset({"/healthz", "/truth"})
_LIMITING_TIME = "demo_server.limiting_ms"  # where the limiter leaves its time in the scope


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
                limiting = scope.get(_LIMITING_TIME)
                timing = f"app;dur={duration - (limiting or 0):.3f}"
                if limiting is not None:
                    timing += f", limit;dur={limiting:.3f}"
                MutableHeaders(scope=message).append("Server-Timing", timing)
            await send(message)

        await self._app(scope, receive, send_timed)


class RateLimit:
    """Refuses, with 429 and `Retry-After`, clients that are over their limit; says on every answer how much is left."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter, trusted_proxies: tuple[Network, ...]) -> None:
        self._app = app
        self._limiter = limiter
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in EXEMPT_PATHS:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        verdict = await self._limiter.admit(client_to_limit(scope, self._trusted))
        scope[_LIMITING_TIME] = (time.perf_counter() - began) * 1000
        if verdict is None:
            await self._app(scope, receive, send)
            return

        async def send_with_limit(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._write_headers(MutableHeaders(scope=message), verdict)
            await send(message)

        if verdict.accepted:
            await self._app(scope, receive, send_with_limit)
        else:
            body = {"detail": f"Too many requests: {self._limiter.limit} in {self._limiter.window} s are allowed"}
            await _send_json(send_with_limit, 429, body | {"retry_after": verdict.reset})

    def _write_headers(self, headers: MutableHeaders, verdict: Verdict) -> None:
        headers["X-RateLimit-Limit"] = str(self._limiter.limit)
        headers["X-RateLimit-Remaining"] = str(verdict.remaining)
        headers["X-RateLimit-Reset"] = str(verdict.reset)
        if not verdict.accepted:
            headers["Retry-After"] = str(verdict.reset)


class UseCache:
    """Lets the functions decorated with `cache_response` use this application's cache."""

    def __init__(self, app: ASGIApp, cache: ResponseCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = current_cache.set(self._cache)
        try:
            await self._app(scope, receive, send)
        finally:
            current_cache.reset(token)


class CrashToAnswer:
    """Makes a 500 of a crash. Innermost, so that this answer too passes the others and gets their headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if started or scope["type"] != "http":
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            await _send_json(send, 500, {"detail": "Internal server error"})


async def _send_json(send: Send, status: int, body: dict[str, object]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

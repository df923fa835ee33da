"""Rate limiting for a whole ASGI application: 429 for clients over their limit, and the state of it on every answer."""

import json
from collections.abc import Callable, Collection
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_server.patterns.rate_limiter import Verdict


class Limiter(Protocol):
    """A RateLimiter, or what stands in front of one."""

    limit: int
    window: int  # seconds

    async def admit(self, client: str) -> Verdict | None: ...


def peer_address(scope: Scope) -> str:
    """Return the address of the connection. Behind a proxy that is the proxy's: see `client_address`."""
    return scope["client"][0] if scope.get("client") else "unix"


class RateLimitMiddleware:
    """Asks the limiter before each request. `identify` says whose request it is; `exempt` paths are not limited."""

    def __init__(
        self,
        app: ASGIApp,
        limiter: Limiter,
        identify: Callable[[Scope], str] = peer_address,
        exempt: Collection[str] = (),
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._identify = identify
        self._exempt = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        verdict = await self.admit(scope)
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
            await self._refuse(send_with_limit, verdict)

    async def admit(self, scope: Scope) -> Verdict | None:
        """Ask the limiter about one request."""
        return await self._limiter.admit(self._identify(scope))

    def _write_headers(self, headers: MutableHeaders, verdict: Verdict) -> None:
        headers["X-RateLimit-Limit"] = str(self._limiter.limit)
        headers["X-RateLimit-Remaining"] = str(verdict.remaining)
        headers["X-RateLimit-Reset"] = str(verdict.reset)
        if not verdict.accepted:
            headers["Retry-After"] = str(verdict.reset)

    async def _refuse(self, send: Send, verdict: Verdict) -> None:
        detail = f"Too many requests: {self._limiter.limit} in {self._limiter.window} s are allowed"
        body = json.dumps({"detail": detail, "retry_after": verdict.reset}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": body})

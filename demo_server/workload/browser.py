"""The visitors' browsers: one HTTP client behind them all, but a cookie for each visitor."""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Self

import httpx

from demo_server.shop.user_sessions import COOKIE
from demo_server.workload.journey import Call, log_in
from demo_server.workload.pacer import Gate
from demo_server.workload.people import Visitor

_TIMEOUT = 15.0  # seconds; a new summary takes two
_RETRY_DELAY = 1.0  # seconds, after the API could not be reached


class Browser:
    """Makes calls, and never raises, whatever the API answers."""

    def __init__(self, base_url: str, gate: Gate) -> None:
        self._gate = gate
        self._cookies: dict[Visitor, str] = {}
        # The client's own cookie jar would send one visitor's cookie for the next.
        no_jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        limits = httpx.Limits(max_connections=250, max_keepalive_connections=32)
        self._client = httpx.AsyncClient(
            base_url=base_url, cookies=no_jar, timeout=_TIMEOUT, limits=limits, trust_env=False
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    def is_signed_in(self, visitor: Visitor) -> bool:
        """As far as the browser knows: it has a cookie."""
        return visitor in self._cookies

    async def sign_in(self, visitor: Visitor) -> int:
        return await self.call(log_in(visitor.account), visitor.address, visitor)

    async def call(self, call: Call, address: str, visitor: Visitor | None = None) -> int:
        """Make one call from an address, with a visitor's cookie if given; returns the status, 0 without an answer."""
        await self._gate.passed()
        headers = {"X-Forwarded-For": address}
        if visitor in self._cookies:
            headers["Cookie"] = f"{COOKIE}={self._cookies[visitor]}"
        try:
            response = await self._client.request(call.method, call.path, json=call.body, headers=headers)
        except httpx.HTTPError:
            await asyncio.sleep(_RETRY_DELAY)
            return 0
        if visitor is not None:
            self._keep_cookie(visitor, response, call)
        if response.status_code >= 500:
            await asyncio.sleep(_RETRY_DELAY)
        return response.status_code

    def _keep_cookie(self, visitor: Visitor, response: httpx.Response, call: Call) -> None:
        if response.status_code == 401:
            self._cookies.pop(visitor, None)
        for header in response.headers.get_list("set-cookie"):
            value = _session_in(header)
            if value:
                self._cookies[visitor] = value
            else:
                self._cookies.pop(visitor, None)


def _session_in(header: str) -> str:
    try:
        cookie = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""

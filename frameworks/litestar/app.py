"""Litestar: sessions in Redis, and a cached response."""

from litestar import Litestar, Request, get, post
from litestar.config.response_cache import ResponseCacheConfig
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.stores.redis import RedisStore
from litestar.testing import TestClient

from visits import LEAVER, PEOPLE, about, main
from visits import session as session_row

COOKIE = "session"
LIFETIME = 3600


@post("/login")
async def login(request: Request, user: str, role: str) -> str:
    request.set_session({"user_id": user, "role": role})
    return "hello"


@post("/logout")
async def logout(request: Request) -> str:
    request.clear_session()
    return "bye"


@get("/cart")
async def cart(request: Request) -> str:
    request.set_session({"cart": ["tea"]})
    return "cart"


@get("/me")
async def me(request: Request) -> str:
    return (request.session or {}).get("user_id", "")


@get("/menu", cache=600)
async def menu() -> dict[str, list[str]]:
    return {"menu": ["tea", "cup"]}


def make(url: str) -> Litestar:
    root = RedisStore.with_client(url=url)
    sessions = ServerSideSessionConfig(max_age=LIFETIME, renew_on_access=True)
    return Litestar(
        [login, logout, cart, me, menu], middleware=[sessions.middleware],
        stores={"sessions": root.with_namespace("sessions"), "response_cache": root.with_namespace("response_cache")},
        response_cache_config=ResponseCacheConfig(store="response_cache"),
    )  # fmt: skip


def visit(url: str, variant: str) -> dict:
    rows, cookies = [], []
    with TestClient(make(url)) as client:
        for user, role in [*PEOPLE, LEAVER]:
            client.cookies.clear()
            client.post("/login", params={"user": user, "role": role})
            if (user, role) == LEAVER:
                client.post("/logout")
            else:
                cookies.append(client.cookies[COOKIE])
                rows.append(session_row(f"LITESTAR_sessions:{cookies[-1]}", user, role, LIFETIME))
        client.cookies.clear()
        client.get("/cart")
        rows.append(session_row(f"LITESTAR_sessions:{client.cookies[COOKIE]}", None, None, LIFETIME))
        client.cookies.clear()
        client.get("/menu")
        # The framework gives this visitor a session with nothing in it, and keeps its cookie in the cached page.
        empty = [f"LITESTAR_sessions:{client.cookies[COOKIE]}"]
        client.get("/menu")
    return about(
        "litestar", "sessions", sessions=rows, anonymous=1, empty=empty,
        revoke={"key": rows[0]["key"], "credential": cookies[0]},
    )  # fmt: skip


def works(url: str, variant: str, credential: str) -> bool:
    with TestClient(make(url)) as client:
        client.cookies.set(COOKIE, credential)
        return client.get("/me").text != ""


main(visit, works)

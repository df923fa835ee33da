"""Starlette with starsessions."""

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starsessions import SessionAutoloadMiddleware, SessionMiddleware
from starsessions.stores.redis import RedisStore

from visits import LEAVER, PEOPLE, about, main
from visits import session as session_row

COOKIE = "session"
LIFETIME = 3600


async def login(request: Request) -> PlainTextResponse:
    request.session.update(user_id=request.query_params["user"], role=request.query_params["role"])
    return PlainTextResponse("hello")


async def logout(request: Request) -> PlainTextResponse:
    request.session.clear()
    return PlainTextResponse("bye")


async def cart(request: Request) -> PlainTextResponse:
    request.session["cart"] = ["tea"]
    return PlainTextResponse("cart")


async def me(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.session.get("user_id", ""))


def make(url: str) -> Starlette:
    store = RedisStore(connection=Redis.from_url(url))
    middleware = [
        Middleware(SessionMiddleware, store=store, lifetime=LIFETIME, rolling=True, cookie_https_only=False),
        Middleware(SessionAutoloadMiddleware),
    ]
    routes = [
        Route("/login", login, methods=["POST"]), Route("/logout", logout, methods=["POST"]),
        Route("/cart", cart), Route("/me", me),
    ]  # fmt: skip
    return Starlette(routes=routes, middleware=middleware)


def visit(url: str, variant: str) -> dict:
    rows, cookies = [], []
    # One application in one event loop; each visitor has only the cookie jar of its own.
    with TestClient(make(url)) as client:
        for user, role in [*PEOPLE, LEAVER]:
            client.cookies.clear()
            client.post("/login", params={"user": user, "role": role})
            if (user, role) == LEAVER:
                client.post("/logout")
            else:
                cookies.append(client.cookies[COOKIE])
                rows.append(session_row(f"starsessions.{cookies[-1]}", user, role, LIFETIME))
        client.cookies.clear()
        client.get("/cart")
        rows.append(session_row(f"starsessions.{client.cookies[COOKIE]}", None, None, LIFETIME))
    return about(
        "starsessions", "sessions", sessions=rows, anonymous=1,
        revoke={"key": rows[0]["key"], "credential": cookies[0]},
    )  # fmt: skip


def works(url: str, variant: str, credential: str) -> bool:
    with TestClient(make(url), cookies={COOKIE: credential}) as client:
        return client.get("/me").text != ""


main(visit, works)

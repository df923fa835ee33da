"""aiohttp with aiohttp-session."""

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp_session import get_session, new_session, setup
from aiohttp_session.redis_storage import RedisStorage
from redis.asyncio import Redis

from visits import LEAVER, PEOPLE, about, main
from visits import session as session_row

COOKIE = "AIOHTTP_SESSION"
LIFETIME = 3600


async def login(request: web.Request) -> web.Response:
    session = await new_session(request)
    session.update(user_id=request.query["user"], role=request.query["role"])
    return web.Response(text="hello")


async def logout(request: web.Request) -> web.Response:
    (await get_session(request)).invalidate()
    return web.Response(text="bye")


async def cart(request: web.Request) -> web.Response:
    (await get_session(request))["cart"] = ["tea"]
    return web.Response(text="cart")


async def me(request: web.Request) -> web.Response:
    return web.Response(text=(await get_session(request)).get("user_id", ""))


async def serve(url: str) -> TestServer:
    app = web.Application()
    setup(app, RedisStorage(Redis.from_url(url), cookie_name=COOKIE, max_age=LIFETIME))
    app.router.add_post("/login", login)
    app.router.add_post("/logout", logout)
    app.router.add_get("/cart", cart)
    app.router.add_get("/me", me)
    server = TestServer(app)
    await server.start_server()
    return server


def cookie(client: TestClient) -> str:
    return next(one.value for one in client.session.cookie_jar if one.key == COOKIE)


async def visit(url: str, variant: str) -> dict:
    server = await serve(url)
    rows, cookies, empty = [], [], []
    for user, role in [*PEOPLE, LEAVER]:
        client = TestClient(server, cookie_jar=CookieJar(unsafe=True))
        await client.post("/login", params={"user": user, "role": role})
        if (user, role) == LEAVER:
            empty.append(f"{COOKIE}_{cookie(client)}")  # the framework keeps the key, with nothing in it
            await client.post("/logout")
        else:
            cookies.append(cookie(client))
            rows.append(session_row(f"{COOKIE}_{cookies[-1]}", user, role, LIFETIME))
    visitor = TestClient(server, cookie_jar=CookieJar(unsafe=True))
    await visitor.get("/cart")
    rows.append(session_row(f"{COOKIE}_{cookie(visitor)}", None, None, LIFETIME))
    return about(
        "aiohttp-session", "sessions", sessions=rows, anonymous=1, empty=empty,
        revoke={"key": rows[0]["key"], "credential": cookies[0]},
    )  # fmt: skip


async def works(url: str, variant: str, credential: str) -> bool:
    client = TestClient(await serve(url), cookies={COOKIE: credential}, cookie_jar=CookieJar(unsafe=True))
    return await (await client.get("/me")).text() != ""


main(visit, works)

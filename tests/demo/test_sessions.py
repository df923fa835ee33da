"""Signing in and out."""

import asyncio
import json
from typing import Any

import pytest
from redis.asyncio import Connection, Redis

from demo_server import keys
from demo_server.process.embedded import EmbeddedServer
from demo_server.settings import Settings
from demo_server.shop.user_sessions import COOKIE
from tests.demo.conftest import RunApp, Running, run_app
from tests.demo.waiting import until

PRIYA = {"email": "priya@example.com", "password": "demo"}


async def log_in(shop: Running) -> str:
    answer = await shop.http.post("/login", json=PRIYA)
    assert answer.status_code == 200
    return answer.cookies[COOKIE]


async def test_login_profile_logout_401(shop: Running, redis: Redis) -> None:
    assert (await shop.http.get("/profile")).status_code == 401
    session_id = await log_in(shop)
    profile = await shop.http.get("/profile")
    assert profile.status_code == 200
    assert profile.json()["email"] == "priya@example.com"

    stored = json.loads(await redis.get(keys.session(session_id)) or b"")
    assert stored == profile.json()
    assert set(stored) == {"id", "email", "role", "name", "created_at", "ip"}
    assert await redis.smembers(keys.ONLINE_USERS) == {str(stored["id"]).encode()}
    user = await redis.hgetall(keys.user(stored["id"]))
    assert (user[b"email"], user[b"logins"]) == (b"priya@example.com", b"1")
    assert (await shop.truth())["sessions"] == 1

    assert (await shop.http.post("/logout")).status_code == 204
    assert await redis.keys("session:*") == []
    assert await redis.scard(keys.ONLINE_USERS) == 0
    assert (await shop.truth())["sessions"] == 0
    shop.http.cookies.set(COOKIE, session_id)
    refused = await shop.http.get("/profile")
    assert (refused.status_code, refused.json()) == (401, {"detail": "You are not signed in, or not any more"})


@pytest.mark.parametrize(
    ("peer", "headers", "secure"),
    [
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, True),
        ("192.0.2.1", {"X-Forwarded-Proto": "https"}, False),  # anybody can say so
    ],
)
async def test_cookie_flags(start_app: RunApp, peer: str, headers: dict[str, str], secure: bool) -> None:
    async with start_app(peer=peer) as shop:
        cookie = (await shop.http.post("/login", json=PRIYA, headers=headers)).headers["set-cookie"].lower()
    flags = {part.strip() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=86400"} <= flags
    assert ("secure" in flags) is secure


async def test_each_login_has_a_new_id_and_ends_the_old_session(shop: Running, redis: Redis) -> None:
    first = await log_in(shop)
    second = await log_in(shop)
    assert first != second
    assert len(second) == 43
    assert await redis.keys("session:*") == [keys.session(second).encode()]
    assert (await shop.truth())["sessions"] == 1
    assert (await shop.truth())["channels"]["sessions"] == 3  # created, ended, created


async def test_reading_a_session_renews_it_in_one_round_trip(
    shop: Running, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await log_in(shop)
    await redis.expire(keys.session(session_id), 100)
    sent: list[bytes] = []
    send = Connection.send_packed_command

    async def note(self: Connection, command: Any, *args: Any, **kwargs: Any) -> None:
        if asyncio.current_task() is reader:
            sent.append(b"".join(command))
        await send(self, command, *args, **kwargs)

    monkeypatch.setattr(Connection, "send_packed_command", note)
    reader = asyncio.create_task(shop.services.sessions.read(session_id))
    assert await reader is not None
    assert len(sent) == 1
    assert sent[0].startswith(b"*2\r\n$3\r\nGET\r\n")
    assert await redis.ttl(keys.session(session_id)) > 86_000


async def test_wrong_credentials_and_bad_input(shop: Running, redis: Redis) -> None:
    assert (await shop.http.post("/login", json=PRIYA | {"password": "guess"})).status_code == 401
    assert (await shop.http.post("/login", json=PRIYA | {"email": "nobody@example.com"})).status_code == 401
    assert (await shop.http.post("/login", json={})).status_code == 422
    assert (await shop.http.post("/login", json={"email": "priya@example.com"})).status_code == 422
    assert await redis.keys("session:*") == []


async def test_a_revoked_session_is_rejected_told_and_forgotten(shop: Running, redis: Redis) -> None:
    key = keys.session(await log_in(shop))
    pubsub = redis.pubsub()
    await pubsub.subscribe(keys.SESSIONS)
    await pubsub.get_message(timeout=1)
    await redis.delete(key)
    assert (await shop.truth())["sessions"] == 1  # nobody has told it yet

    assert (await shop.http.get("/profile")).status_code == 401

    assert (await shop.truth())["sessions"] == 0
    message = await pubsub.get_message(timeout=1)
    assert message is not None
    assert json.loads(message["data"])["type"] == "session.rejected"
    await pubsub.aclose()  # type: ignore[no-untyped-call]


async def online(redis: Redis) -> set[int]:
    return {int(user) for user in await redis.smembers(keys.ONLINE_USERS)}


async def test_a_replaced_session_ends_for_the_user_whose_it_was(shop: Running, redis: Redis) -> None:
    pubsub = redis.pubsub()
    await pubsub.subscribe(keys.SESSIONS)
    await pubsub.get_message(timeout=1)
    await log_in(shop)
    assert await online(redis) == {2}
    assert (await shop.http.post("/login", json=PRIYA | {"email": "raj@example.com"})).json()["id"] == 3
    assert await online(redis) == {3}
    said = []
    for _ in range(3):
        message = await pubsub.get_message(timeout=1)
        assert message is not None
        event = json.loads(message["data"])
        said.append((event["type"], event.get("reason"), event["user_id"], event["email"]))
    assert said == [
        ("session.created", None, 2, "priya@example.com"),
        ("session.ended", "replaced", 2, "priya@example.com"),
        ("session.created", None, 3, "raj@example.com"),
    ]
    await pubsub.aclose()  # type: ignore[no-untyped-call]


async def test_a_user_with_two_browsers_is_online_until_both_have_left(shop: Running, redis: Redis) -> None:
    first = await log_in(shop)
    shop.http.cookies.clear()
    second = await log_in(shop)
    for session_id, left in ((first, {2}), (second, set())):
        shop.http.cookies.clear()
        shop.http.cookies.set(COOKIE, session_id)
        assert (await shop.http.post("/logout")).status_code == 204
        assert await online(redis) == left
    assert await redis.exists(keys.ONLINE_SESSIONS) == 0
    assert await redis.exists(keys.ONLINE_COUNTS) == 0


@pytest.mark.parametrize("notice", ["the browser comes back", "somebody else signs in"])
async def test_a_user_is_not_online_for_long_after_a_revocation(shop: Running, redis: Redis, notice: str) -> None:
    session_id = await log_in(shop)
    shop.http.cookies.clear()
    await shop.http.post("/login", json=PRIYA | {"email": "raj@example.com"})
    assert await online(redis) == {2, 3}
    await redis.delete(keys.session(session_id))
    if notice == "the browser comes back":
        shop.http.cookies.clear()
        shop.http.cookies.set(COOKIE, session_id)
        assert (await shop.http.get("/profile")).status_code == 401
        assert await online(redis) == {3}
    else:
        await shop.http.post("/login", json=PRIYA | {"email": "meera@example.com"})
        assert await online(redis) == {4}  # whose browser was Raj's


@pytest.mark.parametrize("cookie", ["x", "a" * 42, "*" * 43, "../../etc/passwd", "a" * 5000])
async def test_a_malformed_cookie_never_reaches_redis(shop: Running, redis: Redis, cookie: str) -> None:
    shop.http.cookies.set(COOKIE, cookie)
    assert (await shop.http.get("/profile")).status_code == 401
    assert (await shop.http.post("/logout")).status_code == 204
    assert (await shop.truth())["channels"]["sessions"] == 0


@pytest.mark.parametrize("value", [b"not json", b"[]", b'{"id": 1}', b"\xff\xfe"])
async def test_a_foreign_session_value_signs_nobody_in(shop: Running, redis: Redis, value: bytes) -> None:
    session_id = "a" * 43
    await redis.set(keys.session(session_id), value)
    shop.http.cookies.set(COOKIE, session_id)
    assert (await shop.http.get("/profile")).status_code == 401


async def test_ids_are_never_published(shop: Running, redis: Redis) -> None:
    pubsub = redis.pubsub()
    await pubsub.psubscribe("*")
    await pubsub.get_message(timeout=1)
    ids = [await log_in(shop), await log_in(shop)]
    await shop.http.post("/logout")
    said = [await pubsub.get_message(timeout=1) for _ in range(4)]
    assert all(message is not None for message in said)
    assert not any(session_id in str(message) for message in said for session_id in ids)
    await pubsub.aclose()  # type: ignore[no-untyped-call]


async def test_503_with_a_body_while_redis_is_down_and_recovery(own_server: EmbeddedServer) -> None:
    async with run_app(Settings(redis_url=own_server.url)) as shop:
        await log_in(shop)
        own_server.stop()
        for method, path, body in (("POST", "/login", PRIYA), ("GET", "/profile", None), ("POST", "/logout", None)):
            answer = await shop.http.request(method, path, json=body)
            assert answer.status_code == 503, path
            assert "Redis does not answer" in answer.json()["detail"]

        async def health_is(redis: str) -> bool:
            return bool((await shop.http.get("/healthz")).json() == {"status": "ok", "redis": redis})

        await until(lambda: health_is("down"))
        own_server.start()
        await until(lambda: health_is("up"))
        # The old session went with the old server; signing in works again at once.
        assert (await shop.http.get("/profile")).status_code == 401
        await log_in(shop)
        assert (await shop.http.get("/profile")).status_code == 200

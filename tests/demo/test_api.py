"""The rest of the API: orders and their service, leaderboard, views, summaries, the shape of answers."""

import json
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo_server import keys
from demo_server.patterns.redis_client import close_client, open_client
from demo_server.process.embedded import EmbeddedServer
from demo_server.services import Services
from demo_server.settings import Settings
from tests.demo.conftest import Running, run_app
from tests.demo.waiting import until

PRIYA = {"email": "priya@example.com", "password": "demo"}


async def listening(redis: Redis) -> bool:
    """The order service hears what is published."""
    return (await redis.pubsub_numsub(keys.ORDERS))[0][1] == 1


async def test_an_order_becomes_mail_and_payment(shop: Running, redis: Redis) -> None:
    await until(lambda: listening(redis))
    pubsub = redis.pubsub()
    await pubsub.subscribe(keys.ORDERS, keys.PAYMENTS)
    for _ in range(2):
        await pubsub.get_message(timeout=1)
    assert (await shop.http.post("/orders", json={"product_id": 3})).status_code == 401
    await shop.http.post("/login", json=PRIYA)

    placed = await shop.http.post("/orders", json={"product_id": 3, "quantity": 2})

    order = placed.json()
    assert (placed.status_code, order["product_id"], order["quantity"]) == (201, 3, 2)
    events = []
    for _ in range(2):
        message = await pubsub.get_message(timeout=2)
        assert message is not None
        events.append((message["channel"].decode(), json.loads(message["data"])))
    (first_channel, created), (second_channel, captured) = events
    assert (first_channel, created["type"]) == ("orders", "order.created")
    assert (second_channel, captured["type"]) == ("payments", "payment.captured")
    assert {created[name] for name in ("order_id", "user_id", "amount")} == {order["order_id"], 2, order["amount"]}
    assert captured["order_id"] == order["order_id"]
    assert abs(created["at"] - time.time()) < 10
    mail = json.loads((await redis.lrange(keys.EMAIL_QUEUE, 0, -1))[0])
    assert mail["to"] == "priya@example.com"
    assert await shop.services.database.take_stock(3, 0) == 998
    channels = (await shop.truth())["channels"]
    assert (channels["orders"], channels["payments"]) == (1, 1)
    await pubsub.aclose()  # type: ignore[no-untyped-call]


async def test_bad_orders(shop: Running) -> None:
    await shop.http.post("/login", json=PRIYA)
    assert (await shop.http.post("/orders", json={"product_id": 4711})).status_code == 404
    for body in ({}, {"product_id": 1, "quantity": 0}, {"product_id": "x"}, {"product_id": 1, "quantity": 11}):
        assert (await shop.http.post("/orders", json=body)).status_code == 422, body
    assert (await shop.truth())["channels"]["orders"] == 0


async def test_the_order_service_survives_bad_messages_and_a_server_restart(own_server: EmbeddedServer) -> None:
    watcher = open_client(own_server.url)
    async with run_app(Settings(redis_url=own_server.url, database_latency=0.001)) as shop:
        await until(lambda: listening(watcher))
        for nonsense in ("", "not json", "[]", '{"type": "order.created"}', b"\xff"):
            await watcher.publish(keys.ORDERS, nonsense)
        await _order(shop, 1)
        own_server.stop()
        own_server.start()

        async def listening_again() -> bool:
            try:
                return await listening(watcher)
            except RedisError:
                return False  # not back yet

        await until(listening_again)
        await _order(shop, 2)
    await close_client(watcher)


async def _order(shop: Running, payments: int) -> None:
    async def signed_in() -> bool:
        return (await shop.http.post("/login", json=PRIYA)).status_code == 200

    await until(signed_in)
    assert (await shop.http.post("/orders", json={"product_id": 1})).status_code == 201

    async def paid() -> bool:
        return bool((await shop.truth())["channels"]["payments"] == payments)

    await until(paid)


async def test_the_mail_queue_is_bounded(shop: Running, redis: Redis) -> None:
    await until(lambda: listening(redis))
    await redis.rpush(keys.EMAIL_QUEUE, *(["old"] * 1000))
    await shop.http.post("/login", json=PRIYA)
    await shop.http.post("/orders", json={"product_id": 1})

    async def newest_is_there() -> bool:
        return (await redis.lrange(keys.EMAIL_QUEUE, -1, -1)) != [b"old"]

    await until(newest_is_there)
    assert await redis.llen(keys.EMAIL_QUEUE) == 1000


async def test_leaderboard_keeps_the_best_and_breaks_ties_as_redis_does(shop: Running, redis: Redis) -> None:
    scores = [("arjun", 95), ("priya", 88), ("arjun", 40), ("raj", 88), ("wei", 10.5), ("ana", 7), ("noor", 99)]
    best = [(await shop.http.post("/scores", json={"player": p, "score": s})).json()["best"] for p, s in scores]
    assert best == [True, True, False, True, True, True, True]

    board = (await shop.http.get("/leaderboard", params={"limit": 4})).json()
    assert [(line["rank"], line["player"], line["score"]) for line in board] == [
        (1, "noor", 99.0), (2, "arjun", 95.0), (3, "raj", 88.0), (4, "priya", 88.0),
    ]  # fmt: skip
    standing = (await shop.http.get("/leaderboard/raj")).json()
    assert (standing["rank"], standing["score"]) == (3, 88.0)
    assert [line["player"] for line in standing["neighbours"]] == ["noor", "arjun", "raj", "priya", "wei"]
    first = (await shop.http.get("/leaderboard/noor")).json()
    assert [line["rank"] for line in first["neighbours"]] == [1, 2, 3]
    in_redis: list[Any] = await redis.zrange(keys.LEADERBOARD, 0, 9, desc=True, withscores=True)
    truth = (await shop.truth())["leaderboard"]
    assert truth["players"] == 6
    assert truth["top"] == [[name.decode(), score] for name, score in in_redis]


async def test_bad_scores_and_unknown_players(shop: Running, redis: Redis) -> None:
    bodies: list[Any] = [
        {}, {"player": "", "score": 1}, {"player": "x" * 41, "score": 1}, {"player": "a", "score": "many"},
        {"player": "\x1b[31m", "score": 1}, {"player": "a", "score": -1},
    ]  # fmt: skip
    for body in bodies:
        assert (await shop.http.post("/scores", json=body)).status_code == 422, body
    raw = await shop.http.post("/scores", content=b'{"player": "a", "score": NaN}')
    assert raw.status_code == 422
    assert await redis.exists(keys.LEADERBOARD) == 0
    assert (await shop.http.get("/leaderboard/nobody")).status_code == 404
    assert (await shop.http.get("/leaderboard?limit=0")).status_code == 422


async def test_views_have_an_end_from_the_first_one_on(shop: Running, redis: Redis) -> None:
    assert (await shop.http.get("/views/home")).json() == {"page": "home", "views": 1}
    assert 86_000 < await redis.ttl(keys.views("home")) <= 86_400
    await redis.expire(keys.views("home"), 50)
    assert (await shop.http.get("/views/home")).json() == {"page": "home", "views": 2}
    assert await redis.ttl(keys.views("home")) <= 50
    assert (await shop.http.get("/views/Not*a*page")).status_code == 422


async def test_a_summary_is_slow_once(shop: Running, redis: Redis) -> None:
    first = await shop.http.get("/summarize", params={"text": "Redis is fast. Caches are fun."})
    second = await shop.http.get("/summarize", params={"text": "Redis is fast. Caches are fun."})
    assert first.json() == second.json() == {"summary": "Redis is fast.", "words": 6}
    assert _app_ms(first.headers["server-timing"]) >= 50
    assert _app_ms(second.headers["server-timing"]) < 25
    (entry,) = await redis.keys("llm:*")
    assert 0 < await redis.ttl(entry) <= 600
    assert (await shop.http.get("/summarize")).status_code == 422
    assert (await shop.truth())["caches"]["llm"] == {"hits": 1, "misses": 1}


def _app_ms(server_timing: str) -> float:
    return float(server_timing.split("app;dur=")[1].split(",")[0])


async def test_a_crash_is_a_500_with_its_time(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("demo_server.patterns.page_views.PageViews.count", crash)
    answer = await shop.http.get("/views/home")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal server error"})
    assert "server-timing" in answer.headers
    assert answer.headers["x-ratelimit-limit"] == "100"


async def test_docs_describe_every_endpoint(shop: Running) -> None:
    paths = (await shop.http.get("/openapi.json")).json()["paths"]
    described = {(method, path) for path, methods in paths.items() for method in methods if methods[method]["summary"]}
    assert described == {
        ("get", "/"), ("get", "/healthz"), ("get", "/truth"), ("get", "/summarize"),
        ("get", "/products/{product_id}"), ("put", "/products/{product_id}"), ("post", "/orders"),
        ("post", "/login"), ("get", "/profile"), ("post", "/logout"), ("post", "/scores"),
        ("get", "/leaderboard"), ("get", "/leaderboard/{player}"), ("get", "/views/{page}"),
    }  # fmt: skip
    assert (await shop.http.get("/docs")).status_code == 200


async def test_the_truth_starts_with_every_cache_and_channel(shop: Running) -> None:
    nothing = {"hits": 0, "misses": 0}
    truth = await shop.truth()
    assert 0 <= time.time() - truth.pop("exact_since") < 60
    assert truth == {
        "sessions": 0,
        "caches": {"llm": nothing, "product": nothing},
        "rate_limits": {},
        "channels": {"orders": 0, "payments": 0, "sessions": 0, "products": 0, "security": 0},
        "unconfirmed": {"orders": 0, "payments": 0, "sessions": 0, "products": 0, "security": 0},
        "leaderboard": {"players": 0, "top": []},
    }
    assert isinstance(shop.services, Services)

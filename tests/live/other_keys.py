"""Keys by hand that are no limiters: their neighbours in name or value, caches, queues, locks."""

from __future__ import annotations

import json
import pickle

from tests.live.limit_case import IPV4, Key, text

UUID = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"


def neighbours(now: float) -> list[Key]:
    """Nothing may claim them for a topic: their application is not known."""
    minute = int(now // 60)
    return [
        text("visits:home", 17),
        text("visits:about", 17, 600),
        text("stats:orders", 512, 86_400),
        text(f"rate:{IPV4}:{minute}", 5, 60),
        text("rate:eur:usd", "1.0843", 3600),
        text("rl:stats", 17, 60),
        text("rl:user:42", 17, 60),
        Key("ratelimit:ann", "zset", {str(now): now}, 60),
        text("ratelimit:user:7", 5, 60),
        text("rate_limit:user:42", 3, 60),
        text("rate_limit:api:login:42", 3, 60),
        text("rate-limit:user:42", 3, 60),
        text("limiter:config", '{"limit": 5}'),
        text("limiter:count", 5),
        text("throttle_user_count", 5, 60),
        text(":1:rl:stats", 5, 60),
        text(":1:views:home", 5, 60),
        Key("rate:plan", "hash", {"tokens": 5, "price": 7}),
        Key("wallet:ann", "hash", {"tokens": 5, "last": 7}),
        text("{page}:hits", 5, 60),
        text("{page:default}:blocked", 1, 60),
        text("hits:home", 5),
        text("hit:home:counter", 5),
        text("blocked:203.0.113.9", 1, 600),
        text("LIMITER/info", 5, 60),
        text("LIMITS:LIMITER/203.0.113.9/5/1/fortnight", 5, 60),
        text("rack::attack:generation", 2),
        text("request_rate_limiter.tokens", 5, 60),
        text("throttled:v2:fixed_window:ann:period:5", 5, 60),
        text("fastapi-limiter:enabled", 1, 60),
        text("fastify-rate-limits", 5, 60),
        text("job:timer", int(now) + 500, 60),
        text("cache:warm:timer", int(now) + 5000, 60),
        text("tweet:1", 1_790_000_000_000_000_000, 60),
        text("snowflake", 1_790_000_000_000_000_000),
        text("otp:ann", 482_913, 300),
        text("seen:ann", f"{now:.3f}", 600),
        Key("measurements", "list", [20.5, 21.0, 19.75], 600),
        Key("laps", "list", [now - 1, now - 2], 600),
        Key("leaderboard:snake", "zset", {"ann": 120.0, "bob": 80.0}),
        Key("online", "zset", {"ann": now, "bob": now - 5}),
        Key("timeline:7", "zset", {"post:1": now * 1000, "post:2": now * 1000 - 5}),
        Key("followers:ann", "set", ["bob", "cat"]),
        Key("user:42", "hash", {"name": "Ann", "start": 1, "end": 2, "count": 3}),
        text("session:stats", 5),
        text("sess:count", 5, 60),
        text("config", b"\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01"),
    ]


def caches() -> dict[str, list[Key]]:
    """Cached values by the layout that claims them."""
    pickled = pickle.dumps({"a": 1}, 5)
    return {
        "Flask-Caching": [Key("flask_cache_view//items", "string", b"!" + pickled, 300)],
        "Django cache (pages)": [
            Key(":1:views.decorators.cache.cache_page..GET.5f0c.d41d.en-us.UTC", "string", pickled, 300)
        ],
        "Django cache (headers)": [
            Key(":1:views.decorators.cache.cache_header..5f0c.en-us.UTC", "string", pickle.dumps([], 5), 300)
        ],
        "Django cache (fragments)": [Key(":1:template.cache.sidebar.d41d8cd98f", "string", pickled, 300)],
        "fastapi-cache": [text("fastapi-cache::0a1b2c3d4e5f60718293a4b5c6d7e8f9", '{"a": 1}', 60)],
        "aiocache": [text("app.viewsget_user('42',)[]", '{"a": 1}', 60)],
        "dogpile.cache": [Key("app.views:get_user|42", "string", b'{"ct": 1767225600.5, "v": 2}|' + pickled)],
        "dogpile.cache (single key)": [Key("menu", "string", b'{"ct": 1767225600.5, "v": 2}|' + pickled)],
        "cashews (hit)": [Key("hit:menu:1", "string", pickled, 60)],
        "Litestar (responses)": [Key("LITESTAR_response_cache:GET/menu", "string", b"\x84\xa4type\xa1a", 60)],
        "dogpile.cache (by prefix)": [Key("users:42", "string", b'{"ct": 1767225600.5, "v": 2}|' + pickled)],
        "cashews (early)": [Key("early:v2:app.views:get:id:1", "string", pickled, 60)],
        "cashews": [Key("app.views:get_user:id:1", "string", pickled, 60)],
        "Rails cache": [
            Key(
                "views/abc/posts/1-20260101",
                "string",
                b"\x00\x11\x02\x00\x00\x00\x00\x00\x00\xf0\xbf\xff\xff\xff\xffhello",
            )
        ],
        "Rails cache (single key)": [
            Key("front_page", "string", b"\x00\x11\x02\x00\x00\x00\x00\x00\x00\xf0\xbf\xff\xff\xff\xffhello")
        ],
        "Laravel cache": [text("laravel-database-laravel-cache-users.all", 'a:1:{i:0;s:3:"Ann";}', 60)],
    }


def bystanders(now: float) -> dict[str, list[Key]]:
    """Queues, workers and locks by the layout that claims them."""
    task = json.dumps({"body": "e30=", "content-encoding": "utf-8", "properties": {"delivery_tag": "1"}})
    job = json.dumps({"class": "MailWorker", "args": [], "jid": "0a1b2c3d"})
    return {
        "Celery (results)": [text(f"celery-task-meta-{UUID}", '{"status": "SUCCESS", "task_id": "1"}', 86_400)],
        "Celery (bindings)": [Key("_kombu.binding.celery", "set", ["celery\x06\x16\x06\x16celery"])],
        "Celery (queue)": [Key("celery", "list", [task])],
        "Celery (unacknowledged)": [Key("unacked", "hash", {"1": "[]"})],
        "RQ (jobs)": [Key(f"rq:job:{UUID}", "hash", {"created_at": "2026-01-01", "data": "x"})],
        "RQ (queues)": [Key("rq:queue:default", "list", [UUID])],
        "RQ (registries)": [Key("rq:finished:default", "zset", {UUID: now + 500})],
        "RQ (all queues)": [Key("rq:queues", "set", ["rq:queue:default"])],
        "arq (queue)": [Key("arq:queue", "zset", {"0a1b": now * 1000})],
        "arq": [Key("arq:result:0a1b", "string", pickle.dumps({"t": 1}, 5), 3600)],
        "Dramatiq (queues)": [Key("dramatiq:default", "list", [UUID])],
        "Dramatiq (messages)": [Key("dramatiq:default.msgs", "hash", {UUID: "{}"})],
        "channels_redis (groups)": [Key("asgi:group:chat", "zset", {"specific.1!a": now}, 86_400)],
        "cashews (tags)": [Key("_tag:items", "set", ["item:1"], 60)],
        "BullMQ (jobs)": [Key("bull:mail:1", "hash", {"data": "{}", "opts": "{}", "name": "send"})],
        "BullMQ (states)": [Key("bull:mail:completed", "zset", {"1": now * 1000})],
        "BullMQ (waiting)": [Key("bull:mail:wait", "list", ["2"])],
        "BullMQ (counters)": [text("bull:mail:id", 2), text("bull:mail:limiter", 2, 60)],
        "Sidekiq (queues)": [Key("queue:default", "list", [job])],
        "Sidekiq (sets)": [Key("retry", "zset", {job: now + 60})],
        "Sidekiq (statistics)": [text("stat:processed", 512)],
        "Resque (queues)": [Key("resque:queue:mail", "list", ['{"class":"Mail","args":[]}'])],
        "Laravel (queues)": [Key("laravel_database_queues:default", "list", ['{"displayName":"App\\\\Jobs\\\\Mail"}'])],
        "Laravel Horizon (hash)": [Key("laravel_horizon:1", "hash", {"status": "completed"})],
        "lock": [text("lock:orders:7", UUID, 10)],
        "lock (by its end)": [text("orders:7:lock", UUID, 10)],
    }

"""Keys of limiters by hand, as the sources and the documentation of their frameworks describe them, with the truth.

Everything is relative to ``now``, the server's clock.
"""

from __future__ import annotations

import hashlib
import struct

from tests.live.limit_case import IPV4, IPV6, Case, Key, Truth, text
from tests.live.python_limits import python_limits


def cases(now: float) -> list[Case]:
    """All frameworks."""
    return [*python_limits(now), *_node(), *_php_and_ruby(now), *_go_and_rust(now), *_proxies(now), *_java(now)]


def _node() -> list[Case]:
    free, blocked = (hashlib.sha256(name).hexdigest() for name in (b"free", b"blocked"))
    return [
        Case(
            "rate-limit-redis",
            {"rl:*": "rate-limit-redis", "rl:login:*": "rate-limit-redis"},
            [
                text(f"rl:{IPV4}", 7, 50),
                text("rl:2001:db8:0:13::/56", 1, 60),
                text(f"rl:login:{IPV4}", 2, 900),
            ],
            [
                Truth(IPV4, 7, reset_s=50),
                Truth("2001:db8:0:13::/56", 1, reset_s=60),
                Truth(IPV4, 2, reset_s=900),
            ],
        ),
        Case(
            "rate-limiter-flexible",
            {"rlflx:*": "rate-limiter-flexible"},
            [text(f"rlflx:{IPV6}", 6, 12), text("rlflx:ann@example.com", 2)],
            [Truth(IPV6, 6, reset_s=12), Truth("ann@example.com", 2)],
        ),
        Case(
            "@fastify/rate-limit",
            {"fastify-rate-limit-*": "@fastify/rate-limit"},
            [
                text(f"fastify-rate-limit-{IPV4}", 3, 55),
                text("fastify-rate-limit-2001:db8:0:13::", 1, 10),
                text("fastify-rate-limit-GET/sign-in-198.51.100.7", 2, 20),
            ],
            [
                Truth(IPV4, 3, reset_s=55),
                Truth("2001:db8:0:13::", 1, reset_s=10),
                Truth("198.51.100.7", 2, reset_s=20),
            ],
        ),
        Case(
            "better-auth (rate limit)",
            {"better-auth:*|*": "better-auth (rate limit)"},
            [text(f"better-auth:{IPV4}|/sign-in/email", 3, 8), text(f"better-auth:{IPV6}|/get-session", 1, 9)],
            [Truth(IPV4, 3, reset_s=8), Truth(IPV6, 1, reset_s=9)],
        ),
        Case(
            "NestJS throttler",
            {"{*:default}:hits": "NestJS throttler", "{*:default}:blocked": "NestJS throttler (blocked)"},
            [
                text(f"{{{free}:default}}:hits", 2, 40),
                text(f"{{{blocked}:default}}:hits", 6, 40),
                text(f"{{{blocked}:default}}:blocked", 1, 57),
            ],
            [Truth(free, 2, reset_s=40), Truth(blocked, 6, blocked=True, reset_s=57)],
        ),
    ]


def _php_and_ruby(now: float) -> list[Case]:
    sha = hashlib.sha1(b"example.com|203.0.113.9").hexdigest()
    minute, hour = int(now // 60), int(now // 3600)
    cache, part = "laravel-database-laravel-cache-", now - int(now)
    return [
        Case(
            "Laravel",
            {
                f"{cache}*:timer": "Laravel (limiter)",
                "shop_*:timer": "Laravel (limiter, other prefix)",
                "laravel_database_" + "[0-9a-f]" * 40: "Laravel (throttle with Redis)",
            },
            [
                text(f"{cache}{sha}", 3, 45),
                text(f"{cache}{sha}:timer", int(now) + 45, 45),
                text(f"{cache}login:a@b.c", "i:5;", 30),
                text(f"{cache}login:a@b.c:timer", f"i:{int(now) + 30};", 30),
                text(f"shop_{sha}", 9, 20),
                text(f"shop_{sha}:timer", int(now) + 20, 20),
                Key(
                    f"laravel_database_{sha}",
                    "hash",
                    {"start": int(now) - 20, "end": int(now) + 40, "count": 8},
                    100,
                ),
            ],
            [
                Truth(sha, 3, reset_s=45 - part),
                Truth("login:a@b.c", 5, reset_s=30 - part),
                Truth(sha, 9, reset_s=20 - part),
                Truth(sha, 8, None, 60, reset_s=40 - part),
            ],
        ),
        Case(
            "Rack::Attack",
            {"rack::attack:[0-9]*": "Rack::Attack", "rack::attack:fail2ban:ban:*": "Rack::Attack (bans)"},
            [
                text(f"rack::attack:{minute}:req/ip:{IPV4}", 17, (minute + 1) * 60 - now + 1),
                text(f"rack::attack:{minute - 1}:req/ip:{IPV4}", 60, 1),
                text(f"rack::attack:{hour}:logins/email:ann@example.com", 2, (hour + 1) * 3600 - now + 1),
                text(f"rack::attack:fail2ban:ban:{IPV6}", 1, 600),
            ],
            [
                Truth(IPV4, 17, None, 60, reset_s=(minute + 1) * 60 - now),
                Truth("ann@example.com", 2, None, 3600, reset_s=(hour + 1) * 3600 - now),
            ],
        ),
        Case(
            "Rails (rate_limit)",
            {"rate-limit:*": "Rails (rate_limit)"},
            [
                text(f"rate-limit:sessions:{IPV4}", 3, 170),
                text(f"rate-limit:api/v1/posts:short:{IPV6}", 1, 3),
            ],
            [Truth(IPV4, 3, reset_s=170), Truth(IPV6, 1, reset_s=3)],
        ),
    ]


def _go_and_rust(now: float) -> list[Case]:
    return [
        Case(
            "redis_rate",
            {"rate:*": "redis_rate"},
            [text(f"rate:{IPV4}", f"{now - 1_483_228_800 + 12.5:.2f}", 13)],
            [Truth(IPV4, None, clear_s=12.5)],
        ),
        Case(
            "throttled (Go)",
            {"throttle:*\n": "throttled (Go)"},
            [text(f"throttle:{IPV6}\n", int((now + 30) * 1e9), 30)],
            [Truth(IPV6, None, clear_s=30)],
        ),
        Case(
            "redis-cell",
            {"cell:*": "redis-cell", "user123": "redis-cell (single key)"},
            [text(f"cell:{IPV6}", int((now + 30) * 1e9), 30), text("user123", int((now + 8) * 1e9), 8)],
            [Truth(IPV6, None, clear_s=30), Truth("user123", None, clear_s=8)],
        ),
        Case(
            "ulule/limiter",
            {"limiter:*": "ulule/limiter"},
            [text(f"limiter:{IPV4}", 4, 3000), text(f"limiter:{IPV6}", 1, 30)],
            [Truth(IPV4, 4, reset_s=3000), Truth(IPV6, 1, reset_s=30)],
        ),
    ]


def _proxies(now: float) -> list[Case]:
    service, route = "00000000-0000-0000-0000-000000000000", "5f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f"
    minute, hour = int(now // 60 * 60), int(now // 3600 * 3600)
    return [
        Case(
            "Kong",
            {"ratelimit:*:minute": "Kong", "ratelimit:*:hour": "Kong"},
            [
                text(f"ratelimit:{service}:{route}:{IPV6}:{minute}000:minute", 4, 59),
                text(f"ratelimit:{service}:{route}:{IPV4}:{minute - 60}000:minute", 40, 20),
                text(f"ratelimit:{service}:{route}:{IPV4}:{hour}000:hour", 9, 3599),
            ],
            [
                Truth(IPV6, 4, None, 60, reset_s=minute + 60 - now),
                Truth(IPV4, 9, None, 3600, reset_s=hour + 3600 - now),
            ],
        ),
        Case(
            "Envoy",
            {"mydomain_*": "Envoy"},
            [text(f"mydomain_remote_address_{IPV4}_{minute}", 12, 211)],
            [Truth(IPV4, None)],
        ),
        Case(
            "Traefik",
            {"rate:*": "Traefik"},
            [Key(f"rate:api-rl@docker:{IPV6}", "hash", {"last": int(now * 1e6), "tokens": "8.9"}, 5)],
            [Truth(IPV6, None, left=8)],
        ),
    ]


def _java(now: float) -> list[Case]:
    bandwidth = struct.pack(">iqqqqbqbb", 1, 10, 10, 60 * 10**9, 10, 0, -(2**63), 0, 0)
    state = struct.pack(">iiiqqq", 3, 1, 3, int(now * 1e9), 7, 0) + struct.pack(">iq", 1, 3)
    empty = struct.pack(">iiiqqq", 3, 1, 3, int(now * 1e9), 0, 0) + struct.pack(">iqb", 1, 10, 0)
    return [
        Case(
            "Bucket4j",
            {"buckets:*": "Bucket4j", "bucket-of-all": "Bucket4j (single key)"},
            [
                Key(f"buckets:{IPV4}", "string", struct.pack(">iii", 1, 1, 1) + bandwidth + state),
                Key("bucket-of-all", "string", struct.pack(">iii", 2, 1, 1) + bandwidth + empty, 600),
            ],
            [
                Truth(IPV4, 3, 10, 60, reset_s=6),
                Truth("bucket-of-all", 10, 10, 60, blocked=True, reset_s=6),
            ],
        ),
        Case(
            "Spring Cloud Gateway",
            {
                "request_rate_limiter.{*}.tokens": "Spring Cloud Gateway",
                "request_rate_limiter.{*}.timestamp": "Spring Cloud Gateway (times)",
            },
            [
                text(f"request_rate_limiter.{{api.v1.{IPV4}}}.tokens", "7", 4),
                text(f"request_rate_limiter.{{api.v1.{IPV4}}}.timestamp", int(now), 4),
                text("request_rate_limiter.{ann}.tokens", "0.5", 4),
                text("request_rate_limiter.{ann}.timestamp", int(now), 4),
            ],
            [Truth(IPV4, None, left=7), Truth("ann", None, left=0)],
        ),
    ]

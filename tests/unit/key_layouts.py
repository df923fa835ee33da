"""Names of keys as frameworks write them, with the pattern that each should be in."""

from __future__ import annotations

import base64
import functools
import random
import string
import uuid
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

SPRING_INDEX = (
    "spring:session:index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:"
)
Name = Callable[[random.Random], str]

SYLLABLES = (
    "al",
    "be",
    "ca",
    "do",
    "el",
    "fri",
    "gi",
    "ha",
    "jo",
    "ka",
    "li",
    "mo",
    "na",
    "ro",
    "sa",
    "ti",
    "wen",
    "zu",
)


@functools.cache
def _of(letters: str, number: int) -> Name:
    """So many of these letters. Bytes are drawn, not letters: that takes a fraction of the time."""
    letter_of = bytes(ord(letters[byte % len(letters)]) for byte in range(256))
    return lambda rng: rng.randbytes(number).translate(letter_of).decode()


LOW, MIXED, BASE32, HEX = (
    string.ascii_lowercase + string.digits,
    string.ascii_letters + string.digits,
    string.ascii_uppercase + "234567",
    "0123456789abcdef",
)


def url_safe(rng: random.Random) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(32)).rstrip(b"=").decode()


def uuid4(rng: random.Random) -> str:
    return str(uuid.UUID(bytes=rng.randbytes(16), version=4))


def ip4(rng: random.Random) -> str:
    return str(IPv4Address(rng.getrandbits(32)))


def ip6(rng: random.Random) -> str:
    parts = [rng.getrandbits(16) if rng.random() < 0.6 else 0 for _ in range(6)]
    return str(IPv6Address(bytes.fromhex("20010db8" + "".join(f"{part:04x}" for part in parts))))


def ip(rng: random.Random) -> str:
    return ip6(rng) if rng.random() < 0.3 else ip4(rng)


def number(rng: random.Random) -> str:
    return str(rng.randrange(1, 200_000))


def person(rng: random.Random) -> str:
    """A name of two to four words of letters only; some have a hyphen or a dot in them."""
    first, last = ("".join(rng.choices(SYLLABLES, k=rng.randint(3, 4))) for _ in range(2))
    return first + rng.choice(("", "", "", "", "-", ".")) + last


def mail(rng: random.Random) -> str:
    return f"{person(rng)}@{rng.choice(('example.com', 'mail.example.org'))}"


def date(rng: random.Random) -> str:
    return f"{rng.randint(2020, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def limiter(scope: str) -> Name:
    return lambda rng: f"LIMITS:LIMITER/{ip(rng)}/{scope}"


hex32, hex64, hex40 = _of(HEX, 32), _of(HEX, 64), _of(HEX, 40)

LAYOUTS: dict[str, Name] = {
    # sessions
    "session:*": lambda rng: f"session:{url_safe(rng)}",
    "old-session:*": lambda rng: f"old-session:{uuid4(rng)}",
    ":1:django.contrib.sessions.cache*": lambda rng: ":1:django.contrib.sessions.cache" + _of(LOW, 32)(rng),
    ":1:django.contrib.sessions.cached_db*": lambda rng: ":1:django.contrib.sessions.cached_db" + _of(LOW, 32)(rng),
    "starsessions.*": lambda rng: f"starsessions.{hex32(rng)}",
    "sess:*": lambda rng: f"sess:{url_safe(rng)[:32]}",
    "koa:sess:*": lambda rng: f"koa:sess:{uuid4(rng)}",
    "spring:session:sessions:*": lambda rng: f"spring:session:sessions:{uuid4(rng)}",
    "spring:session:sessions:expires:*": lambda rng: f"spring:session:sessions:expires:{uuid4(rng)}",
    "spring:session:expirations:*": lambda rng: (
        f"spring:session:expirations:{1767225600000 + 60000 * rng.randrange(10**6)}"
    ),
    f"{SPRING_INDEX}*": lambda rng: SPRING_INDEX + person(rng),
    "laravel_database_laravel_cache_*": lambda rng: "laravel_database_laravel_cache_" + _of(MIXED, 40)(rng),
    "laravel-database-laravel-cache-*": lambda rng: "laravel-database-laravel-cache-" + hex40(rng),
    "laravel-database-laravel-cache-*:timer": lambda rng: f"laravel-database-laravel-cache-{hex40(rng)}:timer",
    "PHPREDIS_SESSION:*": lambda rng: "PHPREDIS_SESSION:" + _of(LOW, 26)(rng),
    "rack:session:2::*": lambda rng: f"rack:session:2::{hex64(rng)}",
    "user:session:*": lambda rng: f"user:session:{uuid4(rng)}",
    "user:session:by-user-id:*": lambda rng: f"user:session:by-user-id:{uuid4(rng)}",
    "user:email:*": lambda rng: f"user:email:{mail(rng)}",
    "user:account:by-user-id:*": lambda rng: f"user:account:by-user-id:{uuid4(rng)}",
    "better-auth:*": lambda rng: "better-auth:" + _of(MIXED, 32)(rng),
    "better-auth:active-sessions-*": lambda rng: "better-auth:active-sessions-" + _of(MIXED, 32)(rng),
    "_oauth2_proxy-*": lambda rng: f"_oauth2_proxy-{hex32(rng)}",
    "session_*": lambda rng: "session_" + _of(BASE32, 52)(rng),
    "AIOHTTP_SESSION_*": lambda rng: f"AIOHTTP_SESSION_{hex32(rng)}",
    "LITESTAR_sessions:*": lambda rng: f"LITESTAR_sessions:{hex64(rng)}",
    "fastapi_users_token:*": lambda rng: f"fastapi_users_token:{url_safe(rng)}",
    # rate limits
    **{
        f"LIMITS:LIMITER/*/{scope}/{rule}": limiter(f"{scope}/{rule}")
        for scope in ("main.index", "shop.buy")
        for rule in ("5/1/minute", "100/1/hour")
    },
    "fastapi-limiter:*:/items:3:*": lambda rng: f"fastapi-limiter:{ip(rng)}:/items:3:{rng.randrange(2)}",
    ":1:rl:*": lambda rng: f":1:rl:{hex64(rng)}",
    ":1:throttle_anon_*": lambda rng: f":1:throttle_anon_{ip(rng)}",
    ":1:throttle_user_*": lambda rng: f":1:throttle_user_{number(rng)}",
    "throttled:v1:fixed_window:*:period:*": lambda rng: (
        f"throttled:v1:fixed_window:{ip(rng)}:period:{29453760 + rng.randrange(99)}"
    ),
    "rl:*": lambda rng: f"rl:{ip(rng)}",
    "rlflx:*": lambda rng: f"rlflx:{person(rng)}",
    "fastify-rate-limit-*": lambda rng: f"fastify-rate-limit-{ip(rng)}",
    "{*:default}:hits": lambda rng: f"{{{hex64(rng)}:default}}:hits",
    "{*:default}:blocked": lambda rng: f"{{{hex64(rng)}:default}}:blocked",
    "@upstash/ratelimit:*:*": lambda rng: f"@upstash/ratelimit:{person(rng)}:{29453760 + rng.randrange(99)}",
    "request_rate_limiter.{api.*}.tokens": lambda rng: f"request_rate_limiter.{{api.{person(rng)}}}.tokens",
    "request_rate_limiter.{api.*}.timestamp": lambda rng: f"request_rate_limiter.{{api.{person(rng)}}}.timestamp",
    "rack::attack:*:req/ip:*": lambda rng: f"rack::attack:{29453760 + rng.randrange(99)}:req/ip:{ip(rng)}",
    "ratelimit:*:*:*:*:minute": lambda rng: (
        f"ratelimit:{uuid4(rng)}:{uuid4(rng)}:{ip(rng)}:{1767225600000 + rng.randrange(99)}:minute"
    ),
    "mydomain_remote_address_*": lambda rng: f"mydomain_remote_address_{ip4(rng)}_{1767225600 + rng.randrange(99)}",
    # caches
    "fastapi-cache::*": lambda rng: f"fastapi-cache::{hex32(rng)}",
    ":1:views.decorators.cache.cache_page.site.GET.*.en-us.UTC": lambda rng: (
        f":1:views.decorators.cache.cache_page.site.GET.{hex32(rng)}.{hex32(rng)}.en-us.UTC"
    ),
    ":1:template.cache.sidebar.*": lambda rng: f":1:template.cache.sidebar.{hex32(rng)}",
    "users::*": lambda rng: f"users::{number(rng)}",
    "keyv::keyv:user:*": lambda rng: f"keyv::keyv:user:{number(rng)}",
    # queues
    "bull:emails:*": lambda rng: f"bull:emails:{number(rng)}",
    "bull:images:*": lambda rng: f"bull:images:{number(rng)}",
    "celery-task-meta-*": lambda rng: f"celery-task-meta-{uuid4(rng)}",
    "asgispecific.*!": lambda rng: f"asgispecific.{hex32(rng)}!",
    "arq:job:*": lambda rng: f"arq:job:{hex32(rng)}",
    "arq:result:*": lambda rng: f"arq:result:{hex32(rng)}",
    "stat:processed:*": lambda rng: f"stat:processed:{date(rng)}",
    # hand-written
    "cart:*:items": lambda rng: f"cart:{person(rng)}:items",
    "profile:*:settings": lambda rng: f"profile:{number(rng)}:settings",
    "profile:*:friends": lambda rng: f"profile:{number(rng)}:friends",
}
SINGLE = (
    "config",
    "stats:today",
    "leaderboard",
    "unacked",
    "unacked_index",
    "queue:default",
    "queue:mailers",
    "bull:emails:meta",
    "bull:emails:wait",
    "bull:emails:id",
    "bull:images:meta",
    "arq:queue",
    "session:stats",
)


def keyspace(rng: random.Random, each: Callable[[random.Random], int]) -> dict[str, set[bytes]]:
    """The keys of every layout, by their pattern, and single keys."""
    keys = {glob: {name(rng).encode() for _ in range(each(rng))} for glob, name in LAYOUTS.items()}
    return keys | {name: {name.encode()} for name in SINGLE}

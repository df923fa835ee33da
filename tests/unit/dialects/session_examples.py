"""Sessions by hand of frameworks that are not recorded; sources: the frameworks' own code and documentation."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from redis_dash.dialects.layout import KeySample
from tests.unit.dialects.java_contexts import CONTEXT, CONTEXT_OF_OTHER_CLASS, CONTEXT_OF_TEXT

UUID = b"33fdd1b6-b496-4b33-9f7d-df96679d32fe"
HEX64 = b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CREATED_MS, ACCESSED_MS = 1_767_225_600_000, 1_767_225_660_000


class Example(NamedTuple):
    """A session, and what must be shown of it."""

    layout: str
    sample: KeySample
    user: str = ""
    is_anonymous: bool = False
    field: tuple[str, str] | None = None
    """One of the fields that are shown."""
    created_at: float | None = None
    ends_at: float | None = None
    last_seen_at: float | None = None


def string(key: bytes, value: bytes) -> KeySample:
    return KeySample(key, "string", 1800.0, value)


# -- PHP: https://www.php.net/manual/en/function.serialize.php; lengths are bytes


def php_text(text: bytes) -> bytes:
    return b's:%d:"%b";' % (len(text), text)


# -- Node.js: koa-session names a session by a UUID if no prefix is set; aiohttp: `created` is set at each change

KOA_VALUE = b'{"userId":"ann","_expire":1767830400000,"_maxAge":60000}'
KOA = (
    Example("koa-session (other names)", string(UUID, KOA_VALUE), "ann", ends_at=1_767_830_400),
    Example("koa-session (other names)", string(b"shop:" + UUID, KOA_VALUE), "ann", ends_at=1_767_830_400),
    Example("koa-session", string(b"koa:sess:" + UUID, KOA_VALUE), "ann", ends_at=1_767_830_400),
)
AIOHTTP_KEY = b"AIOHTTP_SESSION_" + HEX64[:32]
AIOHTTP = (
    Example(
        "aiohttp-session",
        string(AIOHTTP_KEY, b'{"created":1767225600,"session":{"AIOHTTP_SECURITY":"ann","cart":[]}}'),
        "ann",
        last_seen_at=1_767_225_600,
    ),
    Example("aiohttp-session", string(AIOHTTP_KEY, b"{}"), is_anonymous=True),
)

LOGIN = b"login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d"
LARAVEL_KEY = b"laravel_database_laravel_cache_Vd8xQ2mT7bKcZp3RfYw9LsJh4NgA6uEo1iXk5vCe"
LARAVEL = b'a:3:{s:6:"_token";s:40:"%b";%bi:42;s:6:"_flash";a:0:{}}' % (b"t" * 40, php_text(LOGIN))
LARAVEL_VISITOR = b'a:2:{s:6:"_token";s:4:"abcd";s:9:"_previous";a:1:{s:3:"url";s:17:"http://app.test/x";}}'
LARAVEL_JSON = b'{"_token":"abcd","%b":"7"}' % LOGIN
ENCRYPTED = b"eyJpdiI6ImEiLCJ2YWx1ZSI6ImIiLCJtYWMiOiJjIiwidGFnIjoiIn0="  # {"iv":"a","value":"b","mac":"c","tag":""}
PHP = (
    Example("Laravel (sessions)", string(LARAVEL_KEY, php_text(LARAVEL)), "42", field=("_token", "(hidden)")),
    Example("Laravel (sessions)", string(LARAVEL_KEY, php_text(LARAVEL_VISITOR)), is_anonymous=True),
    Example(
        "Laravel (sessions)",
        string(b"laravel-database-laravel-cache-" + LARAVEL_KEY[-40:], php_text(LARAVEL_JSON)),
        "7",
    ),
    Example(
        "Laravel (sessions)",
        string(LARAVEL_KEY, php_text(ENCRYPTED)),
        field=("", "the value is encrypted by the application"),
    ),
    Example(
        "PHP (phpredis)",
        string(b"PHPREDIS_SESSION:k3j2h5g8f1d4s7a0q9w6e3r2t5", b'user_id|i:42;role|s:5:"admin";'),
        "42",
        field=("role", "admin"),
    ),
    Example("PHP (phpredis)", string(b"PHPREDIS_SESSION:k3j2h5g8f1d4s7a0q9w6e3r2t5", b"a:0:{}"), is_anonymous=True),
    Example(
        "PHP (phpredis)",
        string(b"PHPREDIS_CLUSTER_SESSION:k3j2h5g8f1d4s7a0q9w6e3r2t5", b'a:1:{s:8:"username";s:3:"ann";}'),
        "ann",
    ),
    Example(
        "PHP (phpredis)",
        string(b"PHPREDIS_SESSION:k3j2h5g8f1d4s7a0q9w6e3r2t5", b"\0\0\0\2\x14\1\x11\7user_id\6*"),
        field=("", "the value is in PHP's igbinary, which is not decoded"),
    ),
)

# -- Ruby: https://docs.ruby-lang.org/en/master/marshal_rdoc.html; a text has its encoding, a small number is n + 5


def ruby_text(text: bytes) -> bytes:
    return b'I"%c%b\x06:\x06ET' % (len(text) + 5, text)


# {"session_id" => "…", "_csrf_token" => "s3cret", "warden.user.user.key" => [[42], "$2a$12$abc"]}
DEVISE = b"".join(
    (
        b"\x04\x08{\x08",
        ruby_text(b"session_id"), ruby_text(HEX64[:32]),
        ruby_text(b"_csrf_token"), ruby_text(b"s3cret"),
        ruby_text(b"warden.user.user.key"), b"[\x07[\x06i\x2f", ruby_text(b"$2a$12$abc"),
    )
)  # fmt: skip
VISITOR = b"\x04\x08{\x06" + ruby_text(b"_csrf_token") + ruby_text(b"s3cret")


def rails_entry(marshalled: bytes, *, is_compressed: bool = False) -> bytes:
    """Type 1, an object; no expiry (-1.0), no version (-1)."""
    head = b"\x00\x11" + bytes([0x81 if is_compressed else 1]) + struct.pack("<di", -1.0, -1)
    return head + (zlib.compress(marshalled) if is_compressed else marshalled)


RUBY_STORE = "Rails (redis-session-store, redis-rack)"
RUBY = (
    Example(RUBY_STORE, string(b"myapp:session:2::" + HEX64, DEVISE), "42", field=("_csrf_token", "(hidden)")),
    Example(RUBY_STORE, string(b"rack:session:2::" + HEX64, VISITOR), is_anonymous=True),
    Example(RUBY_STORE, string(b"2::" + HEX64, b'{"warden.user.admin.key":[["a1b2"],"$2a$"]}'), "a1b2"),
    Example("Rack (redis-rack before 2.1)", string(b"rack:session:" + HEX64[:32], DEVISE), "42"),
    Example("Rails (cache store)", string(b"_session_id:2::" + HEX64, rails_entry(DEVISE)), "42"),
    Example(
        "Rails (cache store)", string(b"shop:_session_id:2::" + HEX64, rails_entry(DEVISE, is_compressed=True)), "42"
    ),
)

# -- Java: Spring Session's RedisSessionMapper; numbers and texts as Java 17 serialized them

JAVA = b"\xac\xed\x00\x05"
NUMBER = b"xr\x00\x10java.lang.Number\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp"


def java_long(number: int) -> bytes:
    head = b"sr\x00\x0ejava.lang.Long;\x8b\xe4\x90\xcc\x8f#\xdf\x02\x00\x01J\x00\x05value"
    return JAVA + head + NUMBER + struct.pack(">q", number)


def java_int(number: int) -> bytes:
    head = b"sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05value"
    return JAVA + head + NUMBER + struct.pack(">i", number)


def java_text(text: bytes) -> bytes:
    return JAVA + b"t" + struct.pack(">H", len(text)) + text


def spring(**attributes: bytes) -> KeySample:
    times = {
        b"creationTime": java_long(CREATED_MS),
        b"lastAccessedTime": java_long(ACCESSED_MS),
        b"maxInactiveInterval": java_int(1800),
    }
    named = {b"sessionAttr:" + name.encode(): value for name, value in attributes.items()}
    return KeySample(b"spring:session:sessions:" + UUID, "hash", 2100.0, times | named)


def spring_example(
    sample: KeySample, user: str = "", *, is_anonymous: bool = False, field: tuple[str, str] | None = None
) -> Example:
    return Example("Spring Session", sample, user, is_anonymous, field, CREATED_MS / 1000, ACCESSED_MS / 1000 + 1800)


SPRING = (
    spring_example(spring(SPRING_SECURITY_CONTEXT=CONTEXT), "ann@example.com"),
    spring_example(spring(SPRING_SECURITY_CONTEXT=CONTEXT_OF_OTHER_CLASS)),
    spring_example(spring(SPRING_SECURITY_CONTEXT=CONTEXT_OF_TEXT)),
    spring_example(spring(SPRING_SECURITY_CONTEXT=CONTEXT + b"q\x00~\x00\x02")),  # the end refers to something else
    spring_example(spring(cart=java_text(b"tea")), is_anonymous=True, field=("cart", "tea")),
    spring_example(spring(username=java_text(b"bob")), "bob"),
)

# -- ASP.NET Core, DistributedSession.cs: 2, the number of fields in 3 bytes, 16 bytes of id; each text after its length


def aspnet(*fields: tuple[bytes, bytes]) -> KeySample:
    data = b"\x02" + len(fields).to_bytes(3, "big") + bytes(range(16))
    data += b"".join(struct.pack(">H", len(name)) + name + struct.pack(">I", len(text)) + text for name, text in fields)
    return KeySample(UUID, "hash", 1200.0, {b"absexp": b"-1", b"sldexp": b"12000000000", b"data": data})


ASPNET = (
    Example("ASP.NET Core", aspnet((b"UserName", b"ann"), (b"Age", b"\x00\x00\x00\x2a")), "ann", field=("Age", "42")),
    Example("ASP.NET Core", aspnet(), is_anonymous=True),
)

# -- Go: gob of map[interface{}]interface{}, https://pkg.go.dev/encoding/gob; and JSON

GOB = b"\x0e\xff\x81\x04\x01\x02\xff\x82\x00\x01\x10\x01\x10\x00\x00\x1d\xff\x82\x00\x01\x06string\x0c\x07\x00\x05email"
BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFG"
IN_GOB = ("", "the value is in Go's gob, which only the application can read")
GO = (
    Example("Gorilla, Gin (redistore)", string(b"session_" + BASE32[:52], GOB), field=IN_GOB),
    Example(
        "Gorilla, Gin (redistore)", string(b"session_" + BASE32[:52], b'{"email":"ann@example.com"}'), "ann@example.com"
    ),
    Example("Gorilla (redisstore)", string(b"session:" + BASE32[:103], GOB), field=IN_GOB),
)

# -- sign-in proxies: AES-GCM, so any bytes

RANDOM = bytes(range(120, 250))
IS_ENCRYPTED = ("", "the value is encrypted by the application")
PROXIES = (
    Example("oauth2-proxy", string(b"_oauth2_proxy-" + HEX64[:32], RANDOM), field=IS_ENCRYPTED),
    Example("Authelia", string(b"authelia-session:xK2mB9pQ7rT4wZ1cV6nL3jH8gF5dS0aY", RANDOM), field=IS_ENCRYPTED),
)

# -- Auth.js: @auth/upstash-redis-adapter; nothing expires in Redis

AUTH_JS = (
    Example(
        "Auth.js (Upstash)",
        KeySample(
            b"user:session:" + UUID,
            "string",
            None,
            b'{"id":"5","sessionToken":"%b","userId":"u_42","expires":"2026-01-01T00:01:00.000Z"}' % UUID,
        ),
        "u_42",
        field=("sessionToken", "(hidden)"),
        ends_at=ACCESSED_MS / 1000,
    ),
)

# -- Express: a session with only what the framework or visitors need is anonymous; one with anything else may not be

EXPRESS_KEY = b"sess:q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn6"
EXPRESS = (
    Example(
        "Express (connect-redis)",
        string(EXPRESS_KEY, b'{"cookie":{"path":"/"},"passport":{},"csrfSecret":"s3cret"}'),
        is_anonymous=True,
    ),
    Example("Express (connect-redis)", string(EXPRESS_KEY, b'{"cookie":{},"passport":{"user":"42"}}'), "42"),
    Example("Express (connect-redis)", string(EXPRESS_KEY, b'{"cookie":{},"token":"s3cret"}')),
)

# -- Django: pickled with protocol 4; the application has a sign-in of its own

OWN_LOGIN = b"\x80\x04\x95\x12\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x07user_id\x94K*s."
DJANGO_KEY = b":1:django.contrib.sessions.cache" + HEX64[:32]
DJANGO = (
    Example("Django (cache)", string(DJANGO_KEY, OWN_LOGIN), "42"),
    Example("Django (cache)", string(DJANGO_KEY, b'{"_auth_user_id":"5","email":"of.a.guest@example.com"}'), "5"),
)

# -- Flask: MessagePack with names of fields that are numbers

FLASK_KEY = b"session:q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn6QaUo1Ip5Zxy"
FLASK = (Example("Flask-Session", string(FLASK_KEY, b"\x81\x01\x81\x02\x03"), field=("1", "(1 inside)")),)

EXAMPLES = (*KOA, *AIOHTTP, *AUTH_JS, *EXPRESS, *DJANGO, *FLASK, *PHP, *RUBY, *SPRING, *ASPNET, *GO, *PROXIES)

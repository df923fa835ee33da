"""Sessions by hand: recognised and decoded; and keys that are none."""

from __future__ import annotations

import pytest

from redis_dash.core.patterns import Pattern
from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.registry import FRAMEWORKS, layout_of, layouts, session_dialect
from tests.unit.dialects.reading import decoded, session_claims, shown
from tests.unit.dialects.session_examples import EXAMPLES, HEX64, UUID, Example, php_text, string


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.layout)
def test_each_example_is_recognised_and_decoded(example: Example) -> None:
    (claim,) = session_claims([example.sample])
    assert claim.layout.name == example.layout
    facts, raw = shown(claim, example.sample), decoded(claim, example.sample)
    assert facts.user == example.user
    assert raw.is_anonymous == example.is_anonymous
    assert (raw.created_at, raw.ends_at) == (example.created_at, example.ends_at)
    assert raw.last_seen_at == example.last_seen_at
    assert example.field is None or example.field in facts.fields
    assert raw.is_readable == (example.field is None or not example.field[1].startswith("the value is "))
    assert "s3cret" not in repr(facts)
    name = claim.layout.read_name(example.sample.key)
    assert name is not None
    assert Pattern(claim.glob).variable(example.sample.key) is not None
    assert name.identity.decode() not in repr(facts)


ID32, ID43 = b"q7Hc2kPzL0vT9xWm4RbYsEd8Jf3Gn6Qa", b"q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn6QaUo1Ip5Zxy"
EMPTY: dict[bytes, bytes] = {}
NEIGHBOURS = [
    string(b"session:stats", b'{"count": 3}'),
    string(b"sess:count", b"17"),
    string(b"sess:" + ID32, b"17"),
    string(b"sess:" + ID32, b'{"user": "ann"}'),
    string(b"sess:" + ID32, b"\x81\xa6cookie\x80"),  # MessagePack
    string(b"session:" + ID43, b'{"user": "ann"}'),  # JSON of any application
    string(b"session:" + ID43, b"ann"),
    string(b"session:" + UUID, b'{"user": "ann"}'),
    KeySample(b"session:by-user:7", "set", None, [b"session:" + ID43]),
    string(b"user:session:by-user-id:clh3k2j0x0000qzrmn831i7rn", b"user:session:" + UUID),
    string(b"user:session:" + UUID, b'{"page": 1}'),
    string(b"user:7", b'{"id": "7", "email": "ann@example.com"}'),
    string(b"better-auth:active-sessions-u_42", b'[{"token": "abc", "expiresAt": 1767830400000}]'),
    string(b"better-auth:verification:" + ID32, b'{"identifier": "x", "value": "y"}'),
    string(b"better-auth:203.0.113.9|/sign-in/email", b"3"),
    string(b"better-auth:" + ID32, b'{"page": 1}'),
    string(b"spring:session:sessions:expires:" + UUID, b""),
    KeySample(b"spring:session:expirations:1767225660000", "set", 300.0, [b"\xac\xed\x00\x05t\x00\x01x"]),
    KeySample(b"spring:session:sessions:" + UUID, "hash", 60.0, {b"name": b"x"}),
    string(b"PHPREDIS_SESSION:k3j2h5g8f1d4s7a0q9w6e3r2t5_LOCK", b"web1|4711"),
    string(b"laravel_database_laravel_cache_" + HEX64[:40], b"i:3;"),
    string(b"laravel_database_laravel_cache_" + HEX64[:40], php_text(b"a page")),
    string(b"laravel_database_laravel_cache_" + HEX64[:40], php_text(b'a:1:{s:5:"title";s:3:"tea";}')),
    string(b"shop:" + HEX64[:40], b"a:1:{i:0;i:1;}"),
    KeySample(UUID, "hash", 60.0, {b"absexp": b"-1", b"sldexp": b"-1", b"data": b"<html>"}),
    KeySample(b"job:" + UUID, "hash", None, {b"data": b"{}", b"opts": b"{}"}),
    string(b"_oauth2_proxy-" + HEX64[:32] + b".lock", b"\x9c" * 40),
    string(b"_oauth2_proxy-" + HEX64[:32], b"a text that nobody has encrypted"),
    string(b"authelia-session:" + ID32, b"3"),
    string(b"session_" + b"A" * 52, b"3"),
    string(b"starsessions." + HEX64[:32], b'{"page": 1}'),
    string(b"koa:sess:" + UUID, b'{"page": 1}'),
    string(UUID, b'{"page": 1, "_expire": 1767830400000}'),
    string(b"job:" + UUID, b'{"_maxAge": 60, "user": "ann"}'),
    string(b"fastapi_users_token:" + ID43, b'{"user": 1}'),
    string(b"AIOHTTP_SESSION_" + HEX64[:32], b'{"page": 1}'),
    string(b":1:django.contrib.sessions.cache" + b"a" * 32, b"17"),
    string(b":1:views.decorators.cache.cache_page..GET." + HEX64[:32], b"\x80\x05}."),
    string(b"2::" + HEX64, b"17"),
    string(b"rack:session:" + HEX64[:32], b"17"),
    string(b"celery-task-meta-" + UUID, b'{"status": "SUCCESS", "task_id": "x"}'),
    KeySample(b"queue:default", "list", None, [b'{"jid": "x"}']),
    KeySample(b"bull:mail:17", "hash", None, {b"data": b"{}", b"opts": b"{}"}),
    string(b"lock:session:" + ID32, b"1"),
    string(b"rl:203.0.113.9", b"3"),
]


@pytest.mark.parametrize("sample", NEIGHBOURS, ids=lambda sample: sample.key.decode()[:50])
def test_what_only_resembles_a_session_is_not_taken_for_one(sample: KeySample) -> None:
    assert session_claims([sample]) == []


@pytest.mark.parametrize("sample", NEIGHBOURS, ids=lambda sample: sample.key.decode()[:50])
def test_another_type_or_an_unknown_value_is_no_session(sample: KeySample) -> None:
    for kind in ("list", "set", "zset", "stream", "ReJSON-RL", "string", "hash"):
        assert session_claims([KeySample(sample.key, kind, None, None)]) == []
        assert session_claims([KeySample(sample.key, kind, None, EMPTY)]) == []


@pytest.mark.parametrize(
    ("name", "key", "neighbour"),
    [
        ("Django (cache)", b":1:django.contrib.sessions.cache%b", b":1:django.contrib.sessions.cached_db%b"),
        ("Spring Session", b"spring:session:sessions:" + UUID, b"spring:session:sessions:expires:" + UUID),
        ("Spring Session", b"spring:session:sessions:" + UUID, b"spring:session:sessions:expirations"),
        ("Spring Session", b"spring:session:sessions:" + UUID, b"spring:session:sessions:" + UUID + b":idx"),
        ("Auth.js (Upstash)", b"user:session:" + UUID, b"user:session:by-user-id:clh3k2j0x0000qzrmn831i7rn"),
        ("better-auth", b"better-auth:%b", b"better-auth:active-sessions-%b"),
        ("better-auth", b"better-auth:%b", b"better-auth:203.0.113.123|/sign-in/username"),
        ("better-auth", b"better-auth:%b", b"better-auth:2001:db8::|/sign-in/social/xyzv"),
        ("better-auth", b"better-auth:%b", b"better-auth:verification:reset-password:xyz"),
        ("PHP (phpredis)", b"PHPREDIS_SESSION:%b", b"PHPREDIS_SESSION:%b_LOCK"),
        ("oauth2-proxy", b"_oauth2_proxy-" + HEX64[:32], b"_oauth2_proxy-" + HEX64[:32] + b".lock"),
        ("Laravel (sessions)", b"laravel_cache_" + b"aB3dE" * 8, b"laravel_cache_" + b"aB3dE" * 8 + b":timer"),
        ("Express (connect-redis)", b"sess:%b", b"sess:count"),
        ("Flask-Session", b"session:" + ID43, b"session:by-user:7"),
    ],
)
def test_the_glob_leaves_out_the_neighbours(name: str, key: bytes, neighbour: bytes) -> None:
    """Keys under the same beginning, which would be counted as sessions."""
    lower = b"abcdefghijklmnopqrstuvwxyz012345"
    key, neighbour = (text.replace(b"%b", lower) for text in (key, neighbour))
    layout = layout_of(name)
    assert layout is not None
    read = layout.read_name(key)
    assert read is not None
    assert Pattern(read.glob).variable(key) is not None
    assert Pattern(read.glob).variable(neighbour) is None


def test_rate_limits_beside_the_sessions_do_not_hide_them() -> None:
    """Laravel's rate limits are named by 40 hexadecimal digits, in the same cache."""
    session = next(example.sample for example in EXAMPLES if example.layout == "Laravel (sessions)")
    prefix = session.key[:-40]
    limits = [string(prefix + b"%040x" % number, b"i:3;") for number in range(9)]
    assert [claim.layout.name for claim in session_claims([session, *limits])] == ["Laravel (sessions)"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.layout)
def test_a_damaged_value_is_no_crash(example: Example) -> None:
    dialect = session_dialect(example.layout)
    assert dialect is not None
    value = example.sample.value
    if isinstance(value, bytes):
        for end in range(0, len(value), 7):
            dialect.decode(value[:end])
    elif isinstance(value, dict):
        for field, content in value.items():
            for end in range(0, len(content), 7):
                damaged = value | {field: content[:end]}
                dialect.decode([part for pair in damaged.items() for part in pair])


@pytest.mark.parametrize("reply", [None, 5, b"", [], [b"a"], [b"a", b"b"], b"\xff" * 50, b"[" * 5000, {}])
def test_no_reply_makes_a_dialect_fail(reply: object) -> None:
    for framework in (framework for framework in FRAMEWORKS if framework.sessions):
        for layout in framework.layouts:
            layout.value(reply)
    for dialect in (dialect for framework in FRAMEWORKS for dialect in framework.sessions):
        dialect.decode(reply)
        dialect.searchable(reply)


def test_each_layout_of_sessions_names_a_dialect_and_every_name_is_there_once() -> None:
    of_sessions = [layout for layout in layouts() if layout.topic == "sessions"]
    assert len({layout.name for layout in of_sessions}) == len(of_sessions)
    for layout in of_sessions:
        assert session_dialect(layout.name) is not None
    dialects = [dialect.name for framework in FRAMEWORKS for dialect in framework.sessions]
    assert len(set(dialects)) == len(dialects)

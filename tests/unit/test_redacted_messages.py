"""What lets its bearer in is not shown, wherever in a message it stands; everything else is, as it was."""

from __future__ import annotations

import random

import msgspec
import pytest

from redis_dash.core.messages import Event
from redis_dash.redaction.messages import redact, redact_event

SECRET = "k3J9xQpLz7"
GLOBS = ("session:*", "sess:*:data")


@pytest.mark.parametrize(
    "payload",
    [
        '{"token": "%s"}',
        '{"a": {"b": [1, {"api_key": "%s"}]}}',
        '{"auth": {"id": "%s"}}',
        '{"a": [{"password": ["%s"]}]}',
        '[{"secret": "%s"}]',
        '{"data": "{\\"token\\": \\"%s\\"}"}',
        '{"log": "signed in with token=%s"}',
        '{"log": "Authorization: Bearer %s"}',
        '{"at": "redis://user:%s@host:6379/0"}',
        '"token=%s"',
        '{"session:%s": 1}',
        '{"who": "session:%s"}',
        '{"cut": 1, "token": "%s',
        '{"cut": 1, "auth": {"x": {"id": "%s", "y": "}"}, "n": "%s"',
        '{"cut": 1, "auth": ["x]", "%s"], "n": 1',
        '{"cut": "{\\"token\\": \\"%s\\", \\"n\\": 1',
        "token=%s&n=1",
        "user=7; token = '%s'",
        "secret: %s",
        "Authorization: Basic %s",
        "{'token': '%s'}",
        "{'token': 'a\\'%s'}",
        "{:token=>%s}",
        "deleted sess:%s:data",
        "session:%s",
        "\x00\x01token=%s",
        '{"note": "eyJhbGciOiJIUzI1NiJ9.%s.c2ln"}',
        "eyJhbGciOiJIUzI1NiJ9.e30.%s and more",
        '{"pem": "-----BEGIN RSA PRIVATE KEY-----\\n%s\\n-----END RSA PRIVATE KEY-----"}',
    ],
)
def test_a_secret_is_hidden(payload: str) -> None:
    shown = redact(payload.replace("%s", SECRET).encode(), GLOBS)
    assert SECRET.encode() not in shown
    assert SECRET[4:].encode() not in shown
    assert redact(shown, GLOBS) == shown


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"order.created","order_id":41,"amount":12.50,"big":12345678901234567890123,"e":1E5}',
        b'{"token":null,"secret":false,"password":""}',
        b"[1,2,[],{}]",
        b"plain words: and a = b",
        b"tokens are fine",
        b"\xff\xfe binary \x00",
        b"{broken",
        b"",
    ],
)
def test_everything_else_is_as_it_was(payload: bytes) -> None:
    assert redact(payload, GLOBS) == payload


def test_json_stays_json() -> None:
    shown = redact(b'{"a": {"token": {"x": 1}, "n": 1.50}}', GLOBS)
    assert msgspec.json.decode(shown) == {"a": {"token": "(hidden)", "n": 1.5}}


def test_an_event_is_hidden_with_its_channel() -> None:
    raw = Event(1.0, b"__keyspace@0__:session:" + SECRET.encode(), b"session:" + SECRET.encode(), 18)
    shown = redact_event(raw, GLOBS)
    assert (shown.channel, shown.payload) == (b"__keyspace@0__:session:k3J\xe2\x80\xa6", b"session:k3J\xe2\x80\xa6")
    assert shown.size == len(shown.payload)
    expired = Event(1.0, b"__keyevent@0__:expired", b"sess4711", 8)
    assert redact_event(expired, ("sess*",)).payload == b"sess4\xe2\x80\xa6"
    cut = redact_event(Event(1.0, b"c", b"x" * 4096, 10_000), GLOBS)
    assert cut.size == 10_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize("seed", range(20))
def test_no_text_takes_long_or_fails(seed: int) -> None:
    dice = random.Random(seed)
    pieces = [
        "token",
        "=",
        ":",
        '"',
        "'",
        "\\",
        "{",
        "[",
        "}",
        "]",
        "a",
        " ",
        "://",
        "@",
        "session:",
        "é",
        "\udcff",
        ".",
    ]
    for _ in range(20):
        made = "".join(dice.choices(pieces, k=dice.choice([5, 50, 1500])))
        redact(made.encode("utf-8", "surrogateescape"), GLOBS)
        piece = "".join(dice.choices(pieces, k=dice.randrange(1, 4)))
        redact((piece * 4096).encode("utf-8", "surrogateescape")[:4096], GLOBS)

"""Secrets are hidden anywhere in a message; everything else is unchanged."""

from __future__ import annotations

import random

import msgspec
import pytest

from redis_dash.core.messages import Event
from redis_dash.redaction.redact import redact, redact_event

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


TOKENS = [
    "sk_" + "live_4eC39HqLyjWDarjt",
    "sk_" + "test_4eC39HqLyjWDarjt",
    "rk_" + "live_4eC39HqLyjWDarjt",
    "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_" + "11ABCDEFG0123456789_abcdefghijklmnop",
    "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "xoxa-" + "2-1234567890",
    "xoxp-" + "1234567890",
    "xoxr-" + "1234567890",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "glpat-" + "fsT3Kx9qLpW2vYzN7mRb",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
]
MONEY = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "378282246310005",
    "3782 822463 10005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "4222222222222",
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "NO9386011117947",
]


PLACES = (
    *("%s", "of %s, again", '{"a":"%s"}', '[{"a":["it is %s."]}]'),
    *('{"a":"x\\n%s"}', '"%s"', '{"%s":1}', "q=1&v=%s"),
)


@pytest.mark.parametrize("token", [*TOKENS, *MONEY])
def test_what_is_recognised_by_its_form_is_hidden_under_any_name(token: str) -> None:
    for payload in PLACES:
        shown = redact(payload.replace("%s", token).encode(), GLOBS).decode()
        assert shown == payload.replace("%s", "(hidden)")


@pytest.mark.parametrize(
    "text", ["4111 1111 1111 1111 737", "AT61 1904 3002 3457 3201 EUR", "AT61 1904 3002 3457 3201 PAID"]
)
def test_a_number_in_groups_is_found_before_what_looks_like_one_more(text: str) -> None:
    assert redact(f"by {text}".encode(), GLOBS) == b"by (hidden)"


def test_a_card_may_be_a_number() -> None:
    shown = redact(b'{"paid": {"with": [4111111111111111, 378282246310005 ]}, "n": 4111111111111112}', GLOBS)
    assert msgspec.json.decode(shown) == {"paid": {"with": ["(hidden)", "(hidden)"]}, "n": 4111111111111112}


@pytest.mark.parametrize("name", ["cvv", "cvc", "iban", "card", "pan", "pin", "CVV2", "card_number", "cardNumber"])
def test_a_means_of_payment_is_hidden_at_any_depth(name: str) -> None:
    shown = redact(b'{"a": [{"b": {"%b": "937"}}], "n": 937}' % name.encode(), GLOBS)
    assert msgspec.json.decode(shown) == {"a": [{"b": {name: "(hidden)"}}], "n": 937}


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "DE89370400440532013001",
        "0.4111111111111111",
        "4111111111111111.25",
        "1764007871234",  # milliseconds
        "1764007871234567",
        "1764007871234567890",
        "9007199254740993",
        "2026-11-24T18:11:41.123456Z",
        "9f86d081-8a4c-4111-8111-111111111111",
        "4111111111111111abc",
        "task_live_status",
        "risk_test_results",
        "desk_live_chat_open",
        "ghost_in_the_shell_and_more",
        "xoxo-with-love",
        "AKIAK",
        "eyJust kidding",
        "KEYBOARD AZERTY-2048 IN STOCK",
        "+49 1701 2345 6789",
        "card_brand",
        "scorecard",
        "company pans shipping",
    ],
)
@pytest.mark.parametrize("payload", ["%s", '{"a": "%s"}', '{"order": ["%s"]}'])
def test_what_only_looks_similar_is_shown(payload: str, text: str) -> None:
    made = payload.replace("%s", text).encode()
    assert redact(made, GLOBS) == made


def test_hardly_any_figure_is_taken_for_a_card() -> None:
    """Order ids, prices, times in all units, and ids made of times."""
    dice = random.Random(7)
    now = 1_764_000_000
    for _ in range(3000):
        at = now + dice.randrange(10**8)
        figures = {
            "order_id": dice.randrange(10**12),
            "_auth_user_id": str(dice.randrange(10**9)),
            "price": round(dice.random() * 10 ** dice.randrange(12), 2),
            "at": [at, at * 1000 + 7, at * 10**6 + 13, at * 10**9 + 17],
            "snowflake": ((at * 1000 - 1_420_070_400_000) << 22) + dice.randrange(1 << 22),
            "share": dice.random(),
        }
        payload = msgspec.json.encode(figures)
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
        "4111 ",
        "DE89 ",
        "A1",
        "sk_live_",
        "eyJ",
        "-----BEGIN ",
        "\udcff",
        ".",
    ]
    for _ in range(20):
        made = "".join(dice.choices(pieces, k=dice.choice([5, 50, 1500])))
        redact(made.encode("utf-8", "surrogateescape"), GLOBS)
        piece = "".join(dice.choices(pieces, k=dice.randrange(1, 4)))
        redact((piece * 4096).encode("utf-8", "surrogateescape")[:4096], GLOBS)

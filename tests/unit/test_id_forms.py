"""A session's id is masked in every form in which an application usually writes it, and in no other text."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable
from urllib.parse import quote

import msgspec
import pytest

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.redaction.redact import redact_event

BASE64_URL = "Kx9f-LqP7_TzW4mN-a8sD"
HEX = "2f9c1e4b77aa4c0d9a510c8d1f3b6e21"
UUID = "2f9c1e4b-77aa-4c0d-9a51-0c8d1f3b6e21"
BASE64 = "kJ3+9aB/Zx7Qw2ErTy0Ui/OpAsDfGh=="
SHORT = "Kx9f2LqP7TzW"
LETTERS = "QxTzWpMnbVcXyLkJhGfD"
LONG = "dBmtVKhvoSAbQQhxBylQ9HpV9eVySC9mOilujVfpkL0"
SIDS = [BASE64_URL, HEX, UUID, BASE64, SHORT, LETTERS, LETTERS[:12], "rCyLxyvGYGs9", "fbezudnlwlysbsyjwgnyjhzacxtxtdku"]


def known(*identifiers: str) -> KnownIds:
    ids = KnownIds()
    ids.add(identifier.encode() for identifier in identifiers)
    return ids


def shown(identifier: str, payload: str, channel: str = "audit", size: int = 0) -> str:
    """The payload of an event as it is shown, where the session has the key ``session:identifier``."""
    raw = payload.encode()
    event = Event(1.0, channel.encode(), raw, size or len(raw))
    return redact_event(event, ("session:*",), known("another-id-0000", identifier)).payload.decode()


def longest_common(one: str, other: str) -> int:
    """Letters and digits, without case: how many of them both texts have in a row."""
    a, b = ("".join(filter(str.isalnum, text)).casefold() for text in (one, other))
    return max(end - begin for begin in range(len(a)) for end in range(begin, len(a) + 1) if a[begin:end] in b)


@pytest.mark.parametrize(
    "key",
    [
        "x%s", "s-%s", "sess_%s", "u1:%s", "{u1}:%s", "{%s}", "{%s}:data", "%s:data", "%s:user-profile-data",
        "%s:flash-messages-v2", "tenant-2026-production:%s", "s:%s", "s:%s.c2lnbmF0dXJl", "s%%3A%s.c2lnbmF0dXJl",
        ":1:django.contrib.sessions.cache%s", "web|%s", "a/b/%s",
    ],
)  # fmt: skip
def test_the_application_writes_the_id_without_the_rest_of_the_key(key: str) -> None:
    for sid in SIDS:
        for text in (f"login {sid} ok", f'{{"who":"{sid}","n":1}}'):
            left = shown(key.replace("%s", sid).replace("%%", "%"), text)
            assert longest_common(left, sid) <= 4, (sid, left)


@pytest.mark.parametrize(
    "written",
    [
        lambda sid: f"s:{sid}.c2lnbmF0dXJl",
        lambda sid: quote(f"s:{sid}.c2ln+YXR1cmU=", safe=""),
        lambda sid: quote(quote(f"s:{sid}.sig", safe=""), safe=""),
        lambda sid: sid.replace("/", "\\/"),
        lambda sid: sid.replace("+", "\\u002b").replace("/", "\\u002F").replace("-", "\\u002d"),
        lambda sid: f"user{sid}x",
        lambda sid: f"/login/{sid}/next",
        lambda sid: base64.b64encode(f"s:{sid}.sig".encode()).decode(),
        lambda sid: base64.b64encode(sid.encode()).decode(),
        lambda sid: "sid=" + base64.urlsafe_b64encode(json.dumps({"a": sid}).encode()).decode().rstrip("="),
        lambda sid: quote(base64.b64encode(f"1{sid}".encode()).decode(), safe=""),
    ],
)  # fmt: skip
def test_the_id_is_escaped_signed_or_encoded(written: Callable[[str], str]) -> None:
    for sid in SIDS:
        text = written(sid)
        for payload in (text, f"c {text}, n=1", f'{{"visit":"{text}"}}', json.dumps({"a": f'{{"v":"{text}"}}'})):
            left = shown(sid, payload)
            assert longest_common(left, sid) <= 6, (sid, left)
            if longest_common(text, sid) < 10:  # it is encoded
                assert longest_common(left, text) <= 6, (sid, left)


@pytest.mark.parametrize(
    ("sid", "text"),
    [
        (HEX, HEX.upper()), (UUID, UUID.upper()), (UUID, UUID.replace("-", "")), (HEX, UUID), (HEX.upper(), UUID),
        (UUID, "{" + UUID.upper() + "}"), (BASE64_URL, BASE64_URL.upper()), ("7f9c0a", "7F9C0A"), ("7F9C0A", "7f9c0a"),
    ],
)  # fmt: skip
def test_the_id_is_written_in_another_case_or_without_dashes(sid: str, text: str) -> None:
    assert longest_common(shown(sid, f"login {text} ok"), sid) <= 4


@pytest.mark.parametrize("sid", [HEX, UUID, BASE64_URL, LONG, HEX + HEX[::-1]])
def test_a_large_part_of_an_id_is_masked_like_the_whole(sid: str) -> None:
    bare = sid.replace("-", "").replace("_", "")
    half = max(11, (len(bare) + 1) // 2)
    for begin in range(len(bare) - half + 1):
        part = bare[begin : begin + half]
        if any(map(str.isdigit, part)) and any(map(str.isalpha, part)):
            assert longest_common(shown(sid, f"login {part} !"), part) <= 4


@pytest.mark.parametrize("sid", SIDS)
def test_an_id_that_was_cut_with_its_message_is_masked(sid: str) -> None:
    for length in range(5, len(sid) + 1):
        for text in (f'{{"n": 1, "who": "{sid[:length]}', f"login of {sid[:length]}"):
            assert longest_common(shown(sid, text, size=9000), sid[:length]) <= 4


def test_a_message_that_was_cut_keeps_its_size_and_its_other_words() -> None:
    raw = b'{"n": 1, "note": "paid by card", "who": "' + HEX.encode()[:9]
    event = redact_event(Event(1.0, b"c", raw, 9000), (), known(HEX))
    assert event.size == 9000
    assert event.payload.startswith(b'{"n": 1, "note": "paid by card", "who": "')
    assert HEX[:5].encode() not in event.payload


@pytest.mark.parametrize(
    "text",
    [
        "session %s ended", "deleted session #%s", "session '%s' is gone", "session: %s", "Session=%s", "sid %s",
        "session id %s", "session with id %s.", "session is %s", "GET /sessions/%s 200", "(session %s)", "sess:%s",
        '{"m":"session \\"%s\\" ended"}', '{"sid":"%s"}', '{"session_id":"%s"}', '{"sessionId": "%s"}',
        '{"type":"session.ended","id":"%s"}', '{"event":"SessionCreated", "n":1, "id": "%s"}',
        '{"id":"%s","type":"session.ended"}', '{"a":"{\\"type\\":\\"session.ended\\",\\"id\\":\\"%s\\"}"}',
    ],
)  # fmt: skip
def test_an_id_that_is_a_word_or_a_number_is_masked_where_the_text_is_about_sessions(text: str) -> None:
    for sid in ("alice", "42", "ann@example.com", "user7:3", "Alice", "short-id"):
        left = shown(sid, text.replace("%s", sid))
        assert sid not in left.removeprefix('{"type":"session.ended","id"'), sid
        if text.startswith("{"):
            msgspec.json.decode(left)


def test_a_number_is_masked_so_that_json_stays_json() -> None:
    left = shown("42", '{"type":"session.ended","id":42,"user_id":42,"price":42.0,"n":[42]}')
    assert msgspec.json.decode(left) == {"type": "session.ended", "id": "…", "user_id": 42, "price": 42.0, "n": [42]}
    left = shown("176400787123", '{"id": 176400787123, "who": [176400787123]}')
    assert msgspec.json.decode(left) == {"id": "1764…", "who": ["1764…"]}
    assert msgspec.json.decode(shown("42", '{"id":42}', channel="sessions")) == {"id": "…"}


@pytest.mark.parametrize("sid", [HEX, UUID, BASE64_URL])
@pytest.mark.parametrize(
    "text", ["session %s ended", "/sessions/%s", '{"type":"session.created","id":"%s"}', '{"x":"sid is %s"}']
)
def test_an_id_that_is_not_known_yet_is_masked_where_the_text_is_about_sessions(text: str, sid: str) -> None:
    assert longest_common(shown("another-id-0001", text.replace("%s", sid)), sid) <= 4


IDENTIFIERS = ["alice", "42", "7", "31", "1764007871", "299", "k3J9xQ", "user7:3", HEX, UUID, BASE64_URL,
               "x" + HEX, BASE64, "tenant-2026-production:" + BASE64_URL, "web:1764007871234-k3J9", "19.00",
               HEX + ":user-profile-data", "ann@example.com", "203.0.113.9"]  # fmt: skip
ORDINARY = [
    ("orders", '{"type": "order.created", "order_id": 42, "user_id": 7, "product_id": 31, "total": 299.99}'),
    ("payments", '{"type": "payment.captured", "order_id": 42, "user_id": 7, "amount": 299, "at": 1764007871}'),
    ("sessions", '{"type": "session.created", "user_id": 42, "email": "ann@example.com", "ip": "203.0.113.9"}'),
    ("sessions", '{"type": "session.ended", "user_id": 7, "email": "alice@example.com", "reason": "signed out"}'),
    ("products", '{"type": "product.updated", "product_id": 42, "price": 19.00, "stock": 7, "version": 31}'),
    ("security", '{"type": "client.blocked", "ip": "203.0.113.9", "retry_after": 42}'),
    ("log", "user 42 (alice) bought 7 items for 299.99 at 2026-11-24T18:11:41.123456Z"),
    ("log", "GET /products/42/reviews?page=7&sort=created 200 in 31 ms"),
    ("log", "42 sessions, 7 of them of alice; a session of 31 minutes"),
    ("log", "session 2026-11-24T18:11:41.123456Z of user 42, sessions/day: 7, session time 42"),
    ("log", "tenant-2026-production: user-profile-data of web has 1764007871234 bytes"),
    ("jobs", '{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","id":"9f86d081-8a4c-4111-8111-111111111111"}'),
    ("jobs", '{"sha":"da39a3ee5e6b4b0d3255bfef95601890afd80709","path":"/srv/www/static/app.3f2a1b.js"}'),
    ("jobs", '{"image":"iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"}'),
]


@pytest.mark.parametrize(("channel", "payload"), ORDINARY)
def test_ordinary_messages_are_unchanged(channel: str, payload: str) -> None:
    """No figure, price, user, address or id of anything else is masked, although sessions have such ids, too."""
    event = Event(1.0, channel.encode(), payload.encode(), len(payload))
    assert redact_event(event, ("session:*",), known(*IDENTIFIERS)) == event


def test_no_random_message_is_masked_without_need() -> None:
    """Other ids have the same form as those of sessions, or were made on the same machine at the same time."""
    dice = random.Random(3)
    ids = known(
        *(f"x{dice.randbytes(16).hex()}" for _ in range(2000)),
        *(urlsafe(dice, 32) for _ in range(2000)),
        *(str(uuid.uuid1()) for _ in range(500)),
        *map(str, range(1000)),
        *(f"1764007871{number:03}-{dice.randbytes(4).hex()}" for number in range(500)),
    )
    for number in range(1000):
        at = 1764007871 + dice.random()
        message = {
            "type": "order.created",
            "order_id": number,
            "user_id": dice.randrange(1000),
            "total": dice.randrange(9999) / 100,
            "at": at,
            "ms": int(at * 1000),
            "ns": int(at * 1e9),
            "trace": dice.randbytes(16).hex(),
            "uuid": str(uuid.uuid1()),
            "key": urlsafe(dice, 32),
            "iso": "2026-11-24T18:11:41.123456Z",
            "image": urlsafe(dice, 200),
        }
        payload = json.dumps(message).encode()
        assert ids.mask_payload(payload, b"orders") == payload


@pytest.mark.parametrize("sid", [BASE64, UUID, "176400787123"])
def test_json_stays_json(sid: str) -> None:
    for length in range(1, 6):
        text = json.dumps({"a": sid[:length] + "/" + sid[length:], "b": f"\n{sid}", "c": json.dumps({"d": sid + '"'})})
        for payload in (text, text.replace("/", "\\/"), text.replace("-", "\\u002d")):
            assert isinstance(msgspec.json.decode(shown(sid[:length] + "/" + sid[length:], payload)), dict)
            assert isinstance(msgspec.json.decode(shown(sid, payload)), dict)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("seed", range(10))
def test_no_text_takes_long_or_fails(seed: int) -> None:
    dice = random.Random(seed)
    ids = known(*SIDS, "abcdef" * 5 + "1", "42", "alice", "k3J9xQ", "176400787123", "some-session-name")
    pieces = [*SIDS, HEX[:6], "abcdef", "\\", '"', '"id":', '"type":"', "session ", "token ", "czpL", "\udcff", "İ"]
    pieces += ["42", "sid", "eyJh", "25", "u00", *"%:=/-_ {[,é1a"]
    for _ in range(20):
        made = "".join(dice.choices(pieces, k=dice.choice([5, 50, 500])))
        piece = "".join(dice.choices(pieces, k=dice.randrange(1, 4)))
        for text in (made, (piece * 4096)[:4096]):
            ids.mask_payload(text.encode("utf-8", "surrogateescape"), b"sessions")


def urlsafe(dice: random.Random, length: int) -> str:
    return base64.urlsafe_b64encode(dice.randbytes(length)).decode().rstrip("=")

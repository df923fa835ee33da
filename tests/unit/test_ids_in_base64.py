"""Base64 of an id in a message is masked before the session was read: anybody could decode it."""

from __future__ import annotations

import base64
import json
import random
import uuid
from itertools import product
from urllib.parse import quote

import pytest

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.messages import Event
from redis_dash.redaction.redact import redact_event

DICE = random.Random(3)
SESSIONS = ("session:*",)
IDS = [
    DICE.randbytes(16).hex(),
    str(uuid.UUID(int=DICE.getrandbits(128), version=4)),
    base64.urlsafe_b64encode(DICE.randbytes(24)).decode(),
    "Kx9f2LqP7TzW4mNb",
]
TEXTS = ["sid=%s", '{"sid":"%s","n":1}', "%s", "GET /a?sid=%s HTTP/1.1", "user 7 ~> %s"]
MESSAGES = ['{"blob": "%s"}', "got %s here", '["%s", 2]', "/back/to?%s", '{"text": "{\\"blob\\": \\"%s\\"}"}']


def shown(payload: str, sessions: tuple[str, ...] = SESSIONS, channel: bytes = b"audit") -> str:
    """The message as it is painted, while no session was read."""
    raw = payload.encode()
    return redact_event(Event(0.0, channel, raw, len(raw)), sessions, KnownIds()).payload.decode()


def encoded(text: str) -> list[str]:
    """The ways in which applications write base64."""
    whole = base64.b64encode(text.encode()).decode()
    safe = base64.urlsafe_b64encode(text.encode()).decode()
    return [whole, whole.rstrip("="), safe, quote(whole, safe=""), whole.replace("/", "\\/")]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("sid", IDS)
def test_base64_of_an_id_that_is_not_known_yet(sid: str, text: str) -> None:
    for blob, message in product(encoded(text % sid), MESSAGES):
        payload = message % blob
        told = shown(payload)
        middle = blob[len(blob) // 4 : len(blob) // 4 + 12]
        assert middle not in told, (payload, told)
        if payload.startswith(("{", "[")) and "\\/" not in payload:
            json.loads(told)


@pytest.mark.parametrize(
    "text",
    [
        "a text of words alone, of some length",
        '{"user": "ann@example.com", "at": "2026-01-31T12:00:00", "amount": 1299}',
        "order 20260131-000123 was paid",
    ],
)
def test_base64_of_readable_words_stays(text: str) -> None:
    payload = json.dumps({"blob": base64.b64encode(text.encode()).decode()})
    assert shown(payload) == payload


def test_base64_of_a_picture_and_long_words_stay() -> None:
    for size in (30, 300, 3000):
        payload = json.dumps({"png": base64.b64encode(DICE.randbytes(size)).decode()})
        assert shown(payload) == payload
    words = json.dumps({"path": "/customers/orders/confirmations/archive", "name": "thisIsAVeryLongNameOfSomething"})
    assert shown(words) == words


def test_without_sessions_nothing_is_masked() -> None:
    payload = json.dumps({"blob": base64.b64encode(f"id={IDS[0]}".encode()).decode()})
    assert shown(payload, ()) == payload


def test_names_hold_no_base64_of_what_looks_like_an_id() -> None:
    """Clients and members may be named so; whose form is another one is left, once the forms of ids are known."""
    ids = KnownIds()
    names = [f"by:{base64.b64encode(f'sid={DICE.randbytes(16).hex()}'.encode()).decode()}" for _ in range(3)]
    assert [ids.mask_alike(name, unsure=True) for name in names] == ["by:c2lk…"] * 3
    ids.add([IDS[0].encode()])
    assert [ids.mask_alike(name, unsure=False) for name in names] == ["by:c2lk…"] * 3
    order = f"by:{base64.b64encode(f'order={DICE.randbytes(9).hex()}'.encode()).decode()}"
    assert ids.mask_alike(order, unsure=False) == order

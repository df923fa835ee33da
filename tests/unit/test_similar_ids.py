"""Words that look like ids of sessions are masked in names of clients and members; what people read stays."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid

import pytest

from redis_dash.core.known_ids import KnownIds
from redis_dash.core.similar_ids import MOST, SimilarIds

DICE = random.Random(7)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def urlsafe() -> str:
    return base64.urlsafe_b64encode(DICE.randbytes(32)).decode().rstrip("=")


def base36() -> str:
    return "".join(DICE.choices(LETTERS, k=32))


def hexadecimal() -> str:
    return DICE.randbytes(16).hex()


def a_uuid() -> str:
    return str(uuid.UUID(int=DICE.getrandbits(128), version=4))


def mixed() -> str:
    return "".join(DICE.choices(LETTERS + LETTERS.upper(), k=40))


MAKERS = [urlsafe, base36, hexadecimal, a_uuid, mixed]
READABLE = [
    "203.0.113.9",
    "2001:db8::8a2e:370:7334",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "::ffff:203.0.113.9",
    "ann@example.com",
    "u8f3a9c2d1b4e7x@shop.example.com",
    "u8f3a9c2d1b4e7x%40shop.example.com",
    "user:maximilian_mustermann_1985",
    "AnnMarieSmith1985",
    "MaxMustermann",
    "user:42",
    "1764007871123456",
    "+4915112345678",
    "order-20260131-000123",
    "ord_7f3k9",
    "2026-01-31T12:05",
    "2026-01-31T12-05-00",
    "20260131T120500",
    "POST:/api/products/reviews",
    "LIMITS:LIMITER/203.0.113.9/shop.index/10/1/minute",
    "(empty)",
    "",
]


def known(*identifiers: str) -> KnownIds:
    ids = KnownIds()
    ids.add(identifier.encode() for identifier in identifiers)
    return ids


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "text", ["%s", "rl:%s", "rl-%s", "u7:%s:login", "LIMITER/%s/login", "s:%s.sig", "s%%3A%s.sig", "s%%253A%s"]
)
def test_an_id_that_was_never_read_is_masked(make: object, text: str) -> None:
    assert callable(make)
    ids = known(make(), f"web:{make()}", make())
    for other in (make() for _ in range(50)):
        shown = ids.mask_alike(text.replace("%s", other).replace("%%", "%"), unsure=False)
        assert other[-12:] not in shown
        if "-" not in other and "_" not in other:
            assert shown == text.replace("%s", f"{other[:4]}…").replace("%%", "%")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "text", ["%s", "rl:%s", "u7:%s:login", "LIMITER/%s/login", "s:%s.sig", "s%%3A%s.sig", "s%%253A%s"]
)
def test_while_no_id_was_read_all_that_look_generated_are_masked(make: object, text: str) -> None:
    assert callable(make)
    for other in (make() for _ in range(50)):
        shown = KnownIds().mask_alike(text.replace("%s", other).replace("%%", "%"), unsure=True)
        assert shown == text.replace("%s", f"{other[:4]}…").replace("%%", "%")


@pytest.mark.parametrize("sid", ["y5YbLL-aXUPK", "aX3_LL-9UPKq", "9x2b56789abc", "yCsLA_Zby0a1"])
def test_a_short_id_is_masked_while_no_id_was_read(sid: str) -> None:
    assert KnownIds().mask_alike(f"rl:{sid}", unsure=True) == f"rl:{sid[:4]}…"
    assert KnownIds().mask_alike(f"rl:{sid[1:]}", unsure=True) == f"rl:{sid[1:]}"


@pytest.mark.parametrize("text", READABLE)
def test_addresses_names_and_numbers_stay(text: str) -> None:
    ids = known(*(make() for make in MAKERS), *("k9x2" * (length // 4 + 1) for length in range(12, 40)))
    assert ids.mask_alike(text, unsure=False) == text
    assert ids.mask_alike(text, unsure=True) == text


def test_what_is_shorter_or_longer_than_an_id_stays() -> None:
    ids = known(base36())
    for other in (a_uuid(), urlsafe(), mixed(), base36()[:-1], DICE.randbytes(12).hex()):
        if "-" not in other and "_" not in other:
            assert ids.mask_alike(f"order:{other}", unsure=False) == f"order:{other}"


def test_a_hash_as_long_as_an_id_stays_if_ids_have_other_characters() -> None:
    """Django's limiters count hashes of 32 hexadecimal digits; its session ids have 32 letters and digits."""
    ids = known(base36(), mixed())
    for text in ("ann", "bob"):
        for digest in (hashlib.md5(text.encode()).hexdigest(), hashlib.sha1(text.encode()).hexdigest()):
            assert ids.mask_alike(f"rl:{digest}", unsure=False) == f"rl:{digest}"


def test_base64_is_masked_with_all_of_its_characters() -> None:
    ids = known("fRhxwxSoPjFhBv2EpGX+zwgRF0z7Bh9/")
    assert ids.mask_alike("rl/a+hxwxSoPjFhBv2EpGX/zwgRF0z7Bh9j/login", unsure=False) == "rl/a+hx…/login"


def test_words_that_are_no_random_ids_have_no_form() -> None:
    ids = known("alice", "42", "k3J9xQ", "correcthorsebattery")
    for text in ("bobby", "maximilianmusterman", "17", "m4K0yR", urlsafe()):
        assert ids.mask_alike(text, unsure=False) == text


def test_the_form_stays_known_when_the_ids_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.core.known_ids.MOST", 2)
    ids = known(hexadecimal())
    ids.add([b"alice", b"bobby", b"carol"])
    other = hexadecimal()
    assert ids.mask_alike(other, unsure=False) == f"{other[:4]}…"


def test_of_many_forms_the_latest_stay() -> None:
    ids = SimilarIds()
    for length in range(20, 21 + MOST):
        ids.add("k9x2w" * 20 + "q" * length)
    assert ids.mask("m8y3v" * 20 + "q" * 20) == "m8y3v" * 20 + "q" * 20
    assert ids.mask("m8y3v" * 20 + "q" * 21) == "m8y3…"


@pytest.mark.timeout(20)
def test_no_text_takes_long() -> None:
    ids = known(*(make() for make in MAKERS))
    for piece in ("a", "-", "a-", "a1-", "a%", "a.", "a@", "a@b.", "%25", hexadecimal(), "2026-01-31T"):
        text = (piece * 65_536)[:65_536]
        ids.mask_alike(text, unsure=False)
        ids.mask_alike(text, unsure=True)

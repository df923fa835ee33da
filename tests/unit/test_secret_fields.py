"""What counts as a secret and what does not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest

from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.resp import ReplyError
from redis_dash.dialects.json_session import JsonSession
from redis_dash.redaction.secret_fields import SessionSecret, is_secret
from redis_dash.sources.session_facts import KnownSession, SessionRows

ID = "Kx9f2LqP7TzW4mNb-8sD"


@pytest.mark.parametrize(
    "name",
    [
        "auth", "x-auth", "oauth2", "auth_token", "authToken", "authorization", "auth_key", "_auth_user_hash",
        "password", "userPassword", "csrfmiddlewaretoken", "apiKey", "api-key", "session", "session_id", "sessionId",
        "sid", "connect.sid", "JSESSIONID", "pin", "PIN", "otp_code", "jwt", "refreshToken", "access.token",
        "cvv", "cvc", "CVV2", "iban", "billing_iban", "card", "creditCard", "cardNumber", "card_num", "pan", "cardPan",
    ],
)  # fmt: skip
def test_names_that_hide_their_values(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "_auth_user_id", "_auth_user_backend", "author", "authors", "authenticated_at", "isAuthenticated", "auth_time",
        "auth_method", "shipping", "opinion", "footprint", "sidebar", "inside", "signed_in_at", "sessions_seen",
        "hashtag", "email", "user_id", "card_brand", "cardholder", "scorecard", "discard", "wildcards", "panel",
        "pan_angle", "company", "span", "urban", "pinned",
    ],
)  # fmt: skip
def test_names_that_hide_nothing(name: str) -> None:
    assert not is_secret(name)


def row_of(value: object, identifier: str = ID, glob: str = "session:*") -> SessionRow:
    key = glob.replace("*", identifier).encode()
    facts = JsonSession().decode(json.dumps(value).encode())
    assert facts is not None
    (row,) = SessionRows([glob], KnownIds()).make([(key, KnownSession(facts, "json"))], 0.0)
    return row


@pytest.mark.parametrize(
    "text",
    [
        "Bearer hunter2", "/reset?token=hunter2", "a=1&access_token=hunter2", "redis://:hunter2@host/0",
        'it had "password": "hunter2"', "note: token: hunter2", f"{'y' * 495} token=hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2", '{"any": "hunter2"}', '["hunter2"]',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["note", "user", "role", "user_id"])
def test_a_secret_is_hidden_under_whatever_name(name: str, text: str) -> None:
    assert "hunter2" not in repr(row_of({name: text}))


@pytest.mark.parametrize("text", ["/cart?page=2", "12:30", "https://example.com/a?b=c", "a@example.com", "author=a"])
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert row_of({"note": text}).fields == (("note", text),)


@pytest.mark.parametrize(
    ("value", "user"),
    [
        ({"id": ID, "user": {"email": "ann@example.com"}}, "ann@example.com"),
        ({"id": ID, "user": {"id": 7}}, "7"),
        ({"user": ID, "name": "Ann"}, "Ann"),
        ({"id": "an-id-of-this-session-itself", "user_id": 7}, "7"),
        ({"cart": {"id": 99}, "device": {"name": "phone"}, "user": {"name": "Ann"}}, "Ann"),
        ({"cart": {"id": 99}, "device": {"name": "phone"}}, ""),
        ({"auth": {"user": {"email": "ann@example.com"}}}, "ann@example.com"),
        ({"data": {"deep": {"userName": "ann"}}, "sub": "auth0|7"}, "ann"),
        ({"_auth_user_id": "7", "_auth_user_hash": "x"}, "7"),
        ({"sub": "auth0|7", "name": "Ann"}, "Ann"),
        ({"id": 7}, "7"),
        ({"user": 7, "login": 1_700_000_000, "mail": True}, "7"),
    ],
)
def test_the_user_is_who_is_named_most_trustworthily(value: object, user: str) -> None:
    assert row_of(value).user == user


WRITTEN: list[Callable[[str], str]] = [
    lambda sid: sid,
    lambda sid: f"session:{sid}",
    lambda sid: f"s:{sid}.c2lnbmF0dXJl",
    lambda sid: quote(f"s:{sid}.c2ln+YXR1cmU=", safe=""),
    lambda sid: quote(quote(sid, safe=""), safe=""),
    lambda sid: sid.upper(),
    lambda sid: sid.replace("-", ""),
    lambda sid: f"https://example.com/login?back={sid}#here",
]
PLACED: list[Callable[[str], object]] = [
    lambda text: {"id": text},
    lambda text: {"sub": text},
    lambda text: {"email": text, "user": {"email": text}},
    lambda text: {"data": {"id": text}},
    lambda text: {"auth": {"id": text}},
    lambda text: {"user": {"id": text, "role": text}},
    lambda text: {"role": text, "roles": [text, text], "scope": text},
    lambda text: {"list": [text], "deep": {"deeper": {"name": text}}},
    lambda text: {"note": f"began as {text}, then", "json": json.dumps({"x": text})},
    lambda text: {text: 1, f"seen {text}": True},
]
IDS = [
    ID,
    "2f9c1e4b-77aa-4c0d-9a51-0c8d1f3b6e21",
    "user7:Kx9f2LqP7TzW4mNb",
    "s:Kx9f2LqP7TzW4mNb.c2lnbmF0dXJl",
    "s%3AKx9f2LqP7TzW4mNb.c2lnbmF0dXJl",
    "a/b+c=d 0123456789",
    "4711",
    "x1",
]


@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("glob", ["session:*", "app:*:session"])
def test_an_id_is_never_shown(identifier: str, glob: str) -> None:
    """In any place and any form in which the application repeats it."""
    for written in WRITTEN:
        for placed in PLACED:
            text = written(identifier)
            row = row_of(placed(text), identifier, glob)
            shown = (row.id, row.user, row.role, *(part for field in row.fields for part in field))
            for forbidden in {identifier, text} - {"X1", "x1"}:
                assert not [part for part in shown if forbidden in part], (text, placed(text))
            assert identifier not in shown
            assert repr(row).count(identifier) == 0 or len(identifier) < 3


@pytest.mark.parametrize("part", ["Kx9f2LqP7TzW4mNb"])
@pytest.mark.parametrize("identifier", IDS[2:5])
def test_the_part_of_an_id_that_lets_somebody_in_is_not_shown_either(identifier: str, part: str) -> None:
    for placed in PLACED:
        assert part not in repr(row_of(placed(part), identifier))


def test_random_values_show_no_id() -> None:
    random_ = random.Random(5)

    def value(depth: int, sid: str) -> object:
        match random_.randrange(6 if depth else 4):
            case 0:
                return sid
            case 1:
                return f"{random_.choice('ab ')}{sid}{random_.choice('.: ')}z"
            case 2:
                return random_.randrange(1000)
            case 3:
                return "ann"
            case 4:
                return [value(depth - 1, sid) for _ in range(2)]
            case _:
                return fields(depth - 1, sid)

    def fields(depth: int, sid: str) -> dict[str, object]:
        names = ["id", "user", "email", "name", "sub", "data", "auth", "role", "scope", "x", sid]
        return {random_.choice(names): value(depth, sid) for _ in range(4)}

    for _ in range(2000):
        sid = "".join(random_.choices("abcdefXYZ0123456789-_", k=random_.choice((6, 12, 32))))
        assert sid not in repr(row_of(fields(3, sid), sid))


@pytest.mark.parametrize("length", range(480, 502, 3))
def test_half_an_id_is_not_shown_either(length: int) -> None:
    for text in ("y" * length + " " + ID, "y" * length + ID):
        row = row_of({"note": text, "user": text, "role": text, text: 1})
        assert ID[:5] not in repr(row)


def test_what_is_no_id_is_shown() -> None:
    row = row_of({"user": "ann", "visits": 17, "page": "/x1y", "role": "user"}, "1")
    assert (row.user, row.role, row.fields[1:]) == (
        "ann",
        "user",
        (("visits", "17"), ("page", "/x1y"), ("role", "user")),
    )
    assert row_of({"email": "ann@example.com"}, "ann-0123456789").user == "ann@example.com"


@pytest.mark.parametrize("sid", ["Kx9f2LqP7TzW4mNb", "2f9c1e4b77aa4c0d9a510c8d1f3b6e21", "k3J9xQ"])
@pytest.mark.parametrize("prefix", ["x", "s-", "sess_"])
def test_an_id_is_no_user_where_the_key_has_a_prefix_before_it(prefix: str, sid: str) -> None:
    for name in ("id", "name", "user"):
        row = row_of({name: sid, "role": "admin"}, prefix + sid)
        assert (row.user, row.role) == ("(hidden)", "admin") if len(sid) < 16 or name != "id" else ("", "admin")
        assert sid not in repr(row)
    if len(sid) >= 16:
        assert sid not in repr(row_of({"note": f"it is {sid}"}, prefix + sid))


@pytest.mark.parametrize(
    ("identifier", "user"),
    [
        ("web-ann@example.com", "bob@example.com"),
        ("michael-2", "michael"),
        ("u42", "42"),
        ("ann7:Kx9f2LqP7TzW4mNb", "ann7"),
        ("tenant-2026:michael99", "tenant-2026"),
    ],
)
def test_a_user_is_shown_beside_an_id_that_is_somewhat_like_it(identifier: str, user: str) -> None:
    assert row_of({"user": user}, identifier).user == user


@pytest.mark.parametrize("text", ["sk_" + "live_4eC39HqLyjWDarjt", "4111 1111 1111 1111", "DE89370400440532013000"])
@pytest.mark.parametrize("name", ["note", "user", "role", "user_id"])
def test_details_hide_what_is_recognised_by_its_form(name: str, text: str) -> None:
    assert text not in repr(row_of({name: text, "deep": {name: text}}))
    assert row_of({"n": 4111111111111111, "order": 4111}).fields == (("n", "(hidden)"), ("order", "4111"))


def test_a_session_secret_knows_its_parts() -> None:
    secret = SessionSecret(b"user7:Kx9f2LqP7TzW4mNb")
    assert secret.is_in("Kx9f2LqP7TzW4mNb")
    assert not secret.is_in("user7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"ERR unknown command 'PTTL', with args beginning with: 'session:{ID}' ", "ERR unknown command 'PTTL'"),
        (f"ERR unknown command `PTTL`, with args beginning with: `session:{ID}`, ", "ERR unknown command `PTTL`"),
        ("READONLY You can't write against a read only replica.",) * 2,
        ("NOPERM User x has no permissions to run the 'client|no-touch' command",) * 2,
    ],
)  # fmt: skip
def test_error_replies_quote_no_arguments(text: str, told: str) -> None:
    assert str(ReplyError(text)) == told


@pytest.mark.parametrize("prefix", ["", "tenant1:web:", "1:session:"])
def test_masks_tell_ids_apart(prefix: str) -> None:
    rows = [row_of({}, f"{prefix}{sid}", "app:*") for sid in ("Kx9f2LqP7TzW", "Mw3e5RtY8UoA")]
    assert [row.id for row in rows] == ["Kx9f…", "Mw3e…"]
    assert row_of({}, "user7:3").id == "us…"

"""Sessions as a user describes them: paths, formats, companions, and what is told where the value does not fit."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from redis_dash.core.errors import ConfigError
from redis_dash.core.known_ids import KnownIds
from redis_dash.dialects.base import SessionFacts, SessionPattern
from redis_dash.dialects.companions import Companion
from redis_dash.dialects.described_session import DescribedSession
from redis_dash.dialects.registry import dialect_of
from redis_dash.redaction.secret_fields import HIDDEN, SessionSecret
from redis_dash.sources.session_facts import KnownSession, SessionRows, showable

KEY = b"app:s:Kx9f2LqP7TzW4mNb"
VALUE = {"data": {"user": {"email": "ann@example.com", "id": 42}, "roles": ["admin", "ops"]}, "made": 1_700_000_000}


def described(**settings: Any) -> DescribedSession:
    dialect = dialect_of(SessionPattern("app:s:*", **settings))
    assert isinstance(dialect, DescribedSession)
    return dialect


def facts_of(value: object, **settings: Any) -> SessionFacts:
    reply = value if isinstance(value, bytes | list) else msgspec.json.encode(value)
    facts = described(**settings).decode(reply)
    assert facts is not None
    return facts


def in_words(facts: SessionFacts) -> tuple[str, ...]:
    """What the row of the session says of its companions."""
    known = KnownSession(facts, "json")
    (row,) = SessionRows(["app:s:*"], KnownIds()).make([(KEY, known)], 0.0)
    return row.companions


def told(facts: SessionFacts) -> list[str]:
    return [text for name, text in facts.fields if not name]


PATHS = {"user": "data.user.email", "role": "data.roles", "created": "made"}
PHP = (
    b'a:2:{s:4:"data";a:2:{s:4:"user";a:1:{s:5:"email";s:15:"ann@example.com";}'
    b's:5:"roles";a:2:{i:0;s:5:"admin";i:1;s:3:"ops";}}s:4:"made";i:1700000000;}'
)
RUBY = (
    b'\x04\x08{\x07I"\x09data\x06:\x06ET{\x07I"\x09user\x06;\x00T{\x06I"\x0aemail\x06;\x00TI"\x14ann@example.com\x06;\x00T'
    b'I"\x0aroles\x06;\x00T[\x07I"\x0aadmin\x06;\x00TI"\x08ops\x06;\x00TI"\x09made\x06;\x00Tl+\x07\x00\xf1\x53\x65'
)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("json", msgspec.json.encode(VALUE)),
        ("msgpack", msgspec.msgpack.encode(VALUE)),
        ("pickle", pickle.dumps(VALUE)),
        ("php", PHP),
        ("ruby marshal", RUBY),
        ("hash", [b"data", msgspec.json.encode(VALUE["data"]), b"made", b"1700000000"]),
        ("hash", [b"data", msgspec.msgpack.encode(VALUE["data"]), b"made", b"1700000000"]),
        ("", msgspec.json.encode(VALUE)),
        ("", msgspec.msgpack.encode(VALUE)),
        ("Express (connect-redis)", msgspec.json.encode(VALUE)),
        ("Flask-Session", pickle.dumps(VALUE)),
    ],
)
def test_paths_lead_to_the_same_facts_in_each_format(wanted: str, value: bytes | list[bytes]) -> None:
    facts = facts_of(value, format=wanted, **PATHS)
    assert (facts.user, facts.role, facts.created_at) == ("ann@example.com", "admin, ops", 1.7e9)
    assert (told(facts), facts.is_anonymous) == ([], False)


@pytest.mark.parametrize(
    ("path", "value", "user"),
    [
        ("user.name", {"user.name": "ann", "user": {"name": "bob"}}, "bob"),
        ("user.name", {"user.name": "ann"}, "ann"),
        ("warden.user.user.key.0.0", {"warden.user.user.key": [[7], "$2a$"]}, "7"),
        ("account", {"account": '{"a": 1}'}, '{"a": 1}'),
        ("account.a", {"account": '{"a": "ann"}'}, "ann"),
        (".", "ann", "ann"),
    ],
)
def test_names_may_hold_dots_and_texts_may_hold_json(path: str, value: object, user: str) -> None:
    assert facts_of(value, format="json", user=path).user == user


def test_the_whole_value_may_be_the_user() -> None:
    assert facts_of(b"42", format="text", user=".").user == "42"
    assert facts_of(b"ann", format="text", user=".").user == "ann"


def test_a_path_that_leads_nowhere_is_told_and_nothing_is_guessed() -> None:
    facts = facts_of(
        {"email": "eve@example.com"}, format="json", user="data.user", role="r", created="c", last_seen="l"
    )
    assert (facts.user, facts.others, facts.role, facts.created_at, facts.is_anonymous) == ("", (), "", None, False)
    assert told(facts) == [
        "user: data.user is not in the value",
        "role: r is not in the value",
        "created: c is not in the value",
        "last_seen: l is not in the value",
    ]


@pytest.mark.parametrize("empty", [None, ""])
def test_where_the_user_is_empty_nobody_is_signed_in(empty: object) -> None:
    facts = facts_of({"user": empty}, format="json", user="user")
    assert (facts.user, facts.is_anonymous, told(facts)) == ("", True, [])


def test_an_object_is_no_user() -> None:
    facts = facts_of(VALUE, format="json", user="data.user")
    assert (facts.user, told(facts)) == ("", ["user: data.user is neither a text nor a number"])


@pytest.mark.parametrize(
    ("wanted", "value", "why"),
    [
        ("json", msgspec.msgpack.encode(VALUE), "not in the format json"),
        ("msgpack", b'{"user": "ann"}', "not in the format msgpack"),
        ("pickle", b"\x80\x04\x95", "cut off"),
        ("hash", b"text", "not in the format hash"),
        ("", b"\xff\xfe\xfd\x00", "format|form"),
        ("Express (connect-redis)", pickle.dumps(VALUE), r"not in the format Express \(connect-redis\)"),
    ],
)
def test_a_value_in_another_format_is_told_and_nothing_is_guessed(wanted: str, value: bytes, why: str) -> None:
    facts = facts_of(
        value, format=wanted, user="user", companions=(Companion("data:{id}"), Companion("u:{user}", "{id}"))
    )
    assert facts.user == ""
    assert len(told(facts)) == 1
    assert re.search(why, told(facts)[0])
    assert in_words(facts) == ("data:Kx9f… is deleted", "u:(not known) stays as it is: user is not in the value")


# -- redaction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["token", "auth.token", "user.password", "session", "session.id", "card.0", "sid"])
def test_a_path_to_a_secret_field_is_masked_and_told(path: str) -> None:
    value: object = "swordfish-12"
    for name in reversed(path.split(".")):
        value = [value] if name == "0" else {name: value}
    facts = facts_of(value, format="json", user=path, role=path)
    assert (facts.user, facts.role) == (HIDDEN, HIDDEN)
    assert told(facts)[0] == f"user is hidden: {path} has the name of a secret"
    assert "swordfish" not in str(facts)


def test_a_path_through_a_session_object_is_no_secret() -> None:
    assert facts_of({"session": {"login": "ann"}}, format="json", user="session.login").user == "ann"


def test_a_token_is_masked_wherever_the_path_leads() -> None:
    token = "ghp_0123456789abcdefghij"
    facts = facts_of({"name": token}, format="json", user="name")
    assert facts.user == HIDDEN
    assert told(facts) == ["user is hidden: what name holds looks like a secret"]
    assert token not in str(facts)


def test_the_id_of_the_session_is_masked_and_told() -> None:
    identifier = KEY.rpartition(b":")[2]
    facts = facts_of({"name": identifier.decode()}, format="json", user="name")
    shown = showable(facts, SessionSecret(identifier))
    assert shown.user == HIDDEN
    assert told(shown) == ["user is hidden: it holds the session's id"]
    assert identifier.decode() not in str(shown)


# -- times -----------------------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "written",
    [MOMENT, MOMENT * 1000, str(int(MOMENT)), str(MOMENT * 1000), "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00"],
)
def test_moments_are_read_as_applications_write_them(written: object) -> None:
    facts = facts_of({"at": written}, format="json", created="at", last_seen="at")
    assert (facts.created_at, facts.last_seen_at, told(facts)) == (MOMENT, MOMENT, [])


@pytest.mark.parametrize(
    ("written", "why"),
    [("2026-01-31 12:00:00", "has no time zone"), ("soon", "is no time"), (True, "is no time"), ([], "is no time")],
)
def test_what_is_no_sure_moment_is_told(written: object, why: str) -> None:
    facts = facts_of({"at": written}, format="json", created="at")
    assert (facts.created_at, told(facts)) == (None, [f"created: at {why}"])


# -- companions ------------------------------------------------------------------------------------------------------


def test_companions_are_filled_in() -> None:
    companions = (
        Companion("user:{user}:sessions", "{id}"),
        Companion("{{{data.user.id}}}:data:{id}"),
        Companion("all", "{key}"),
        Companion("t:{tenant}", "{id}"),
    )
    dialect = described(format="json", user="data.user.email", companions=companions)
    found = dialect.companions(KEY, msgspec.json.encode(VALUE))
    assert [(one.key, one.member, one.missing) for one in found] == [
        (b"user:ann@example.com:sessions", KEY[6:], ""),
        (b"{42}:data:Kx9f2LqP7TzW4mNb", b"", ""),
        (b"all", KEY, ""),
        (b"", b"", "tenant"),
    ]


def test_companions_do_not_change_what_is_read_without_paths() -> None:
    facts = facts_of({"email": "ann@example.com"}, companions=(Companion("data:{id}"),))
    assert (facts.user, in_words(facts)) == ("ann@example.com", ("data:Kx9f… is deleted",))


@pytest.mark.parametrize(
    ("key", "member", "shown"),
    [
        ("user:{user}:sessions", "{id}", "Kx9f… is removed from user:ann@example.com:sessions"),
        ("{key}:data", "", "app:s:Kx9f…:data is deleted"),
        ("{{{data.user.id}}}:{id}", "", "{42}:Kx9f… is deleted"),
        ("of:{made}", "{user} {key}", "ann@example.com app:s:Kx9f… is removed from of:1700000000"),
        ("of:{own}", "{id}", "Kx9f… is removed from of:(hidden)"),
        ("of:{auth.token}", "{id}", "Kx9f… is removed from of:(hidden)"),
        ("of:{jwt}", "{id}", "Kx9f… is removed from of:(hidden)"),
        ("of:{data.none}:{id}", "", "of:(not known):Kx9f… stays as it is: data.none is not in the value"),
    ],
)
def test_companions_are_told_as_a_reader_may_see_them(key: str, member: str, shown: str) -> None:
    value = VALUE | {
        "own": "Kx9f2LqP7TzW4mNb",
        "auth": {"token": "swordfish"},
        "jwt": "ghp_0123456789abcdefghij",
    }
    settings: dict[str, Any] = {"user": "data.user.email", "companions": (Companion(key, member),)}
    facts = facts_of(value, format="json", **settings)
    assert in_words(facts) == (shown,)
    (found,) = described(format="json", **settings).companions(KEY, msgspec.json.encode(value))
    assert found.shown.in_words() == shown


def test_a_long_value_does_not_fill_the_question() -> None:
    facts = facts_of({"who": "ann " * 100}, format="json", companions=(Companion("u:{who}", "{id}"),))
    assert len(in_words(facts)[0]) < 100


@pytest.mark.parametrize("name", ["Gorilla, Gin (redistore)", "oauth2-proxy", "FastAPI Users"])
def test_companions_need_no_paths(name: str) -> None:
    pattern = SessionPattern("s:*", format=name, companions=(Companion("data:{id}"),))
    dialect = dialect_of(pattern)
    assert isinstance(dialect, DescribedSession)
    assert [one.key for one in dialect.companions(b"s:abc", b"\x0f\x04\x01\x02\xff")] == [b"data:abc"]


@pytest.mark.parametrize("name", ["oauth2-proxy", "FastAPI Users"])
def test_a_format_without_fields_has_no_paths(name: str) -> None:
    with pytest.raises(ConfigError, match=r"user: in the format '.*' no path can be followed"):
        dialect_of(SessionPattern("s:*", format=name, user="a"))


def test_an_ordinary_pattern_is_read_as_before() -> None:
    assert dialect_of(SessionPattern("s:*")) is None
    dialect = dialect_of(SessionPattern("s:*", "Flask-Session"))
    assert dialect is not None
    assert not isinstance(dialect, DescribedSession)

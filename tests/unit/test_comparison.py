"""The comparison with running applications: what is wrong is called wrong, and what is not told is not called right."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from frameworks.comparison import (
    Fact,
    Shown,
    cache_facts,
    client_facts,
    false_facts,
    limit_facts,
    message_facts,
    session_facts,
)
from redis_dash.core.credential import Credential
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.frames.sessions import SessionRow

ANN = SessionRow(Credential(b"sess:1"), "1", "ann@example.com", "", 3599.0, 3600.0, None, "Express")
VISITOR = msgspec.structs.replace(ANN, key=Credential(b"sess:2"), user="", is_anonymous=True)
SESSIONS: dict[str, Any] = {
    "framework": "own",
    "sessions": [
        {"key": "sess:1", "user": "ann@example.com", "user_id": "7", "expires_in_s": 3600},
        {"key": "sess:2", "user": None, "expires_in_s": 3600},
    ],
}
CLIENT = LimitRow("rl:10.0.0.1", "10.0.0.1", 3, 5, 60.0, 30.0, False, "own", resets=True)
KNOWN: dict[str, Any] = {
    "keys": ["rl:10.0.0.1"], "client": "10.0.0.1", "hits": 3, "let_in": 3, "used": 3, "limit": 5, "window_s": 60,
    "blocked": False, "resets_in_s": 30.4,
}  # fmt: skip


def wrong(facts: list[Fact]) -> list[str]:
    return [fact.name for fact in facts if fact.verdict == "wrong"]


def not_told(facts: list[Fact]) -> list[str]:
    return [fact.name for fact in facts if fact.verdict == "not told"]


def of_sessions(*rows: SessionRow, stored: bytes | None = None) -> list[Fact]:
    return session_facts(SESSIONS, rows, lambda key: stored, 1.0)


def of_client(known: dict[str, Any] | None = None, **shown: Any) -> list[Fact]:
    return client_facts(KNOWN | (known or {}), msgspec.structs.replace(CLIENT, **shown), 1.0)


def test_sessions_as_the_application_knows_them() -> None:
    facts = of_sessions(ANN, VISITOR)
    assert wrong(facts) == not_told(facts) == []
    assert len(facts) == 5
    by_number = msgspec.structs.replace(ANN, user="7")
    assert wrong(of_sessions(by_number, VISITOR)) == []
    beside = msgspec.structs.replace(ANN, user="0a1b")
    assert wrong(of_sessions(beside, VISITOR, stored=b'{"email":"ann@example.com"}')) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"user": "bob@example.com"}, ["user"]),
        ({"user": ""}, ["user"]),
        ({"ttl_s": 3500.0}, ["time left"]),
        ({"ttl_s": 3700.0}, ["time left"]),
        ({"ttl_s": None}, ["time left"]),
        ({"ttl_known": False}, ["time left"]),
        ({"key": Credential(b"sess:3")}, ["session"]),
    ],
)
def test_a_session_that_is_shown_otherwise_is_wrong(changes: dict[str, Any], names: list[str]) -> None:
    assert wrong(of_sessions(msgspec.structs.replace(ANN, **changes), VISITOR)) == names


def test_a_missing_session_and_a_visitor_with_a_name_are_wrong() -> None:
    assert wrong(of_sessions(ANN)) == ["number of sessions", "session"]
    assert wrong(of_sessions(ANN, msgspec.structs.replace(VISITOR, user="eve"))) == ["nobody signed in"]
    assert wrong(of_sessions(ANN, msgspec.structs.replace(VISITOR, is_anonymous=False))) == ["nobody signed in"]


def test_a_client_as_the_application_counts() -> None:
    assert wrong(of_client()) == not_told(of_client()) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"identity": "10.0.0.2"}, ["client"]),
        ({"used": 4}, ["used"]),
        ({"limit": 6}, ["limit"]),
        ({"window_s": 61.0}, ["window"]),
        ({"blocked": True}, ["blocked"]),
        ({"reset_s": 20.0}, ["resets"]),
        ({"reset_s": 40.0}, ["resets"]),
        ({"left": 3}, ["used"]),
        ({"may_be_over": True, "used": 2}, ["used"]),
    ],
)
def test_a_client_that_is_shown_otherwise_is_wrong(changes: dict[str, Any], names: list[str]) -> None:
    assert wrong(of_client(**changes)) == names


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"limit": None}, ["limit", "blocked"]),
        ({"window_s": None}, ["window"]),
        ({"reset_s": None}, ["resets"]),
        ({"clear_s": 30.0, "used": 0, "limit": None}, ["used", "limit", "blocked"]),
        ({"may_be_over": True, "used": 5}, ["used", "blocked"]),
    ],
)
def test_what_redis_does_not_hold_is_not_told(changes: dict[str, Any], names: list[str]) -> None:
    assert (wrong(of_client(**changes)), not_told(of_client(**changes))) == ([], names)


def test_refused_requests_may_count_and_usage_may_fall_earlier_step_by_step() -> None:
    blocked = {"hits": 8, "used": 5, "blocked": True}
    assert wrong(of_client(blocked, used=8, blocked=True)) == []
    assert wrong(of_client(blocked, used=9, blocked=True)) == ["used"]
    assert wrong(of_client(reset_s=10.0, resets=False)) == []
    assert wrong(of_client(reset_s=40.0, resets=False)) == ["resets"]
    assert wrong(of_client({"resets_in_s": None})) == []


def test_each_client_has_one_row() -> None:
    truth = {"framework": "own", "limits": [KNOWN]}
    assert wrong(limit_facts(truth, [CLIENT], 1.0)) == []
    assert wrong(limit_facts(truth, [], 1.0)) == ["number of clients", "client"]
    assert wrong(limit_facts(truth, [CLIENT, CLIENT], 1.0)) == ["number of clients", "client"]


def test_a_cached_key_in_no_cache_is_not_told() -> None:
    truth = {"caches": [{"key": "page:1"}, {"key": "item:1"}], "hits": 2, "misses": 1}
    assert not_told(cache_facts(truth, ["page:*"])) == ["cached key", "hits", "misses"]


def test_what_is_taken_for_something_else_is_wrong() -> None:
    truth = SESSIONS | {"limits": [KNOWN]}
    right = Shown([b"sess:1"], [b"rl:10.0.0.1"], [])
    assert wrong(false_facts(truth, right)) == []
    assert wrong(false_facts(truth, right._replace(sessions=[b"sess:count"]))) == ["no false session"]
    assert wrong(false_facts(truth, right._replace(limits=[b"sess:1"]))) == ["no false limit"]
    assert wrong(false_facts(truth, right._replace(boards=["online"]))) == ["no leaderboard"]


def test_messages_are_compared_by_framework_and_content() -> None:
    truth = {"published": [{"shown_as": "Celery event", "holds": {"type": "a"}}] * 2}
    both: list[tuple[str, object]] = [("Celery event", [{"type": "a", "uuid": "1"}, {"type": "a"}])]
    assert wrong(message_facts(truth, both)) == []
    assert len(wrong(message_facts(truth, [("Celery event", {"type": "a"})]))) == 1
    assert len(wrong(message_facts(truth, [("Celery result", [{"type": "a"}, {"type": "a"}])]))) == 2
    assert len(wrong(message_facts(truth, [("Celery event", [{"type": "b"}, {"type": "a"}])]))) == 1

"""The recordings of real frameworks are well formed: the keys decode, and agree with what the application knew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from frameworks import record
from frameworks.compare import shown
from frameworks.comparison import message_facts
from frameworks.dump import coded, decoded, escaped, unescaped
from redis_dash.core.messages import stream_event
from redis_dash.dialects.messages import read_message

RECORDED = sorted(record.RECORDED.glob("*.json"))
KINDS = {"sessions", "limits", "caches", "bystander"}
STREAMS = {"BullMQ": "BullMQ event", "rq": "RQ result"}
"""What all entries of an application's streams are, where it does not tell of each of them."""
SESSION = {"key", "user", "signed_in", "role", "expires_in_s"}
LIMIT = {"keys", "client", "hits", "let_in", "used", "limit", "window_s", "blocked", "resets_in_s"}


def values(content: Any) -> list[bytes]:
    """Every string of a value, as bytes."""
    if isinstance(content, list):
        return [data for part in content for data in values(part)]
    return [] if isinstance(content, float | int) else [decoded(content)]


def test_each_application_is_recorded_and_nothing_else() -> None:
    wanted = {record.recording(folder, variant) for folder in record.folders() for variant in record.variants(folder)}
    assert {path.stem for path in RECORDED} == wanted


def a_recording_says_what_was_run(recording: Any) -> None:
    truth = recording["truth"]
    assert truth["kind"] in KINDS
    assert truth["framework"]
    assert truth["version"] in " ".join(recording["requires"])
    assert recording["server"]
    assert all("==" in one or "@" in one[1:] for one in recording["requires"])


def the_keys_decode(recording: Any) -> None:
    names = [key["name"] for key in recording["keys"]]
    assert names == [escaped(unescaped(name)) for name in names]
    assert len(set(names)) == len(names)
    assert names or recording["messages"]
    for key in recording["keys"]:
        assert key["type"] in {"string", "hash", "list", "set", "zset", "stream"}
        assert key["pttl"] == -1 or key["pttl"] > 0
        assert values(key["value"])


def each_key_that_the_application_knows_is_there(recording: Any) -> None:
    truth = recording["truth"]
    known = {row["key"] for row in truth.get("sessions", [])}
    known |= {key for row in truth.get("limits", []) for key in row["keys"]}
    known |= {truth["revoke"]["key"]} if "revoke" in truth else set()
    known |= {row["key"] for row in truth.get("caches", [])} | set(truth.get("empty", []))
    assert known <= {key["name"] for key in recording["keys"]}
    assert known or truth["kind"] == "bystander"


def what_the_application_knows_is_complete(recording: Any) -> None:
    truth = recording["truth"]
    for row in truth.get("sessions", []):
        assert row.keys() >= SESSION
        assert row["signed_in"] == (row["user"] is not None)
    for row in truth.get("limits", []):
        assert row.keys() >= LIMIT
        assert row["used"] <= row["limit"]
        assert row["let_in"] <= row["hits"]
    if truth["kind"] == "sessions":
        assert sum(not row["signed_in"] for row in truth["sessions"]) == truth["anonymous"]
        assert truth["revoke"]["works_before"]


def a_session_ends_when_the_application_says(recording: Any) -> None:
    left = {key["name"]: key["pttl"] for key in recording["keys"]}
    for row in recording["truth"].get("sessions", []):
        if left[row["key"]] != -1:
            # koa-session keeps a key for ten seconds longer than the session.
            assert row["expires_in_s"] - 60 < left[row["key"]] / 1000 <= row["expires_in_s"] + 10


def the_messages_are_named_as_what_the_application_has_published(recording: Any) -> None:
    named = [shown(*message) for message in recording["messages"]]
    facts = message_facts(recording["truth"], named)
    assert [fact.told for fact in facts if fact.verdict == "wrong"] == []
    assert bool(facts) == bool(recording["messages"])


def the_entries_of_streams_are_named_as_what_wrote_them(recording: Any) -> None:
    named = []
    for key in recording["keys"]:
        for entry, fields in key["value"] if key["type"] == "stream" else ():
            parts = [decoded(part) for pair in fields for part in pair]
            event = stream_event(unescaped(key["name"]), entry.encode(), parts, sum(map(len, parts)), 1.0)
            message = read_message(event)
            named.append((message.framework, json.loads(message.payload or event.payload)))
    truth = recording["truth"]
    entries = message_facts({"published": truth.get("entries", ())}, named)
    assert [fact.told for fact in entries if fact.verdict == "wrong"] == []
    assert len(entries) == len(named) or {name for name, _ in named} == {STREAMS[truth["framework"]]}


def a_recording_tells_nothing_of_the_machine(recording: Any) -> None:
    data = b"\n".join(data for key in recording["keys"] for data in [unescaped(key["name"]), *values(key["value"])])
    data += b"\n".join(decoded(content) for _, content in recording["messages"])
    assert not re.search(rb"/(tmp|home|root|usr|Users)/|site-packages|node_modules", data)


CHECKS = (
    a_recording_says_what_was_run,
    the_keys_decode,
    each_key_that_the_application_knows_is_there,
    what_the_application_knows_is_complete,
    a_session_ends_when_the_application_says,
    the_messages_are_named_as_what_the_application_has_published,
    the_entries_of_streams_are_named_as_what_wrote_them,
    a_recording_tells_nothing_of_the_machine,
)


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recording(path: Path) -> None:
    """Each check: the traceback names the one that fails."""
    assert path.stat().st_size <= record.LARGEST
    recording = json.loads(path.read_text())
    for check in CHECKS:
        check(recording)


@pytest.mark.parametrize("data", [b"plain", b"a\\b", b"\\x00 in letters", b"\x00\xff\r\n", "zoë".encode(), b""])
def test_names_and_values_survive_the_recording(data: bytes) -> None:
    assert unescaped(escaped(data)) == data
    assert decoded(coded(data)) == data
    assert escaped(data).isascii()

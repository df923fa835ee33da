"""Comparing an application with redis-dash: right, wrong, and a revocation that leaves the user signed in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frameworks import compare, record

# Writes a session as connect-redis does, with a client of its own, and can be asked whether it still works. One that
# remembers its users does not need the key.
APPLICATION = """\
import json, socket, sys
from urllib.parse import urlsplit
url, variant, *credential = sys.argv[1:]
at, key = urlsplit(url), "sess:Kx9f2LqP7TzW4mNbKx9f2LqP7TzW4mNb"
def ask(*words):
    with socket.create_connection((at.hostname, at.port)) as redis:
        parts = [b"$%d\\r\\n%b\\r\\n" % (len(word), word) for word in map(str.encode, words)]
        redis.sendall(b"*%d\\r\\n" % len(words) + b"".join(parts))
        return redis.recv(100)
if credential:
    print(json.dumps({"works": "REMEMBERS" == "yes" or ask("EXISTS", key) == b":1\\r\\n"}))
else:
    value = json.dumps({"cookie": {"originalMaxAge": 3600000, "path": "/"}, "user": {"email": "ann@example.com"}})
    ask("SET", key, value, "EX", "3600")
    ask("PUBLISH", "socketio", json.dumps({"method": "emit", "event": "chat", "data": "hi", "host_id": "1"}))
    print(json.dumps({
        "framework": "own", "version": "1", "kind": "sessions", "anonymous": 0,
        "sessions": [{"key": key, "user": "USER", "signed_in": True, "expires_in_s": 3600}],
        "published": [{"shown_as": "Socket.IO (Python)", "holds": {"event": "chat"}}],
        "revoke": {"key": key, "credential": "7"}}))
"""


def install(application: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with one application, "own", whose packages are installed already."""
    (place / "own" / "venv" / "bin").mkdir(parents=True)
    (place / "own" / "venv" / "bin" / "python").symlink_to(sys.executable)
    (place / "own" / "app.py").write_text(application)
    monkeypatch.setattr(record, "HERE", place)
    monkeypatch.setattr(record, "install", lambda folder: folder)


def test_an_application_that_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(APPLICATION.replace("USER", "ann@example.com"), tmp_path, monkeypatch)
    assert compare.main(["--table"]) == 0
    out = capsys.readouterr().out
    assert "own: own 1: 8 of 8 right" in out
    assert "| own | own 1 | 8 of 8 |  | signed out; undo: signed in |" in out


def test_an_application_that_knows_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(APPLICATION.replace("USER", "bob@example.com"), tmp_path, monkeypatch)
    assert compare.main([]) == 1
    out = capsys.readouterr().out
    assert "7 of 8 right" in out
    assert "WRONG: user: bob@example.com is shown as ann@example.com" in out


def test_a_user_who_stays_signed_in_although_the_question_does_not_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(APPLICATION.replace("USER", "ann@example.com").replace("REMEMBERS", "yes"), tmp_path, monkeypatch)
    assert compare.main([]) == 1
    assert "WRONG: revoking: signed out is shown as still signed in" in capsys.readouterr().out


def test_what_cannot_be_run_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("raise SystemExit('no such framework')", tmp_path, monkeypatch)
    assert compare.main([]) == 1
    assert "own: NOT COMPARED: exit 1" in capsys.readouterr().out


def test_a_name_that_no_folder_has_is_an_error() -> None:
    assert compare.main(["other"]) == 2

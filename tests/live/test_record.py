"""Recording an application: what it writes is recorded, and what cannot be run is reported and changes no recording."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from frameworks import record

# Writes one session with a client of its own, as an application does, and can be asked whether it still works.
APPLICATION = """\
import json, socket, sys
from urllib.parse import urlsplit
url, variant, *credential = sys.argv[1:]
at = urlsplit(url)
with socket.create_connection((at.hostname, at.port)) as redis:
    redis.sendall(b"EXISTS session:7\\r\\n" if credential else b"SETEX session:7 60 ann\\r\\n")
    reply = redis.recv(100)
print("a line of a log")
print(json.dumps({"works": reply == b":1\\r\\n"} if credential else {
    "framework": "own", "version": "1", "kind": "sessions", "revoke": {"key": "session:7", "credential": "7"}}))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one application, "own", whose packages are installed already."""
    (tmp_path / "own" / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "own" / "venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "own" / "requirements.txt").write_text("own==1\n")
    (tmp_path / "own" / "app.py").write_text(APPLICATION)
    monkeypatch.setattr(record, "HERE", tmp_path)
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(record, "install", lambda folder: folder)
    return tmp_path


def test_an_application_is_recorded_with_its_truth_and_asked_after_a_revocation(place: Path) -> None:
    assert record.main([]) == 0
    document = json.loads((place / "recorded" / "own.json").read_text())
    (key,) = document["keys"]
    assert (key["name"], key["type"], key["value"]) == ("session:7", "string", "ann")
    assert document["truth"]["revoke"]["works_before"] is True
    assert document["truth"]["revoke"]["works_without_key"] is False
    assert document["requires"] == ["own==1"]


@pytest.mark.parametrize("application", ["raise SystemExit('no such framework')", "print('not JSON')", ""])
def test_what_cannot_be_run_is_reported_and_changes_no_recording(
    application: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "recorded").mkdir()
    (place / "recorded" / "own.json").write_text("the old one")
    (place / "own" / "app.py").write_text(application)
    assert record.main([]) == 1
    assert "own: NOT RECORDED" in capsys.readouterr().out
    assert (place / "recorded" / "own.json").read_text() == "the old one"


def test_a_name_that_no_folder_has_is_an_error(place: Path) -> None:
    assert record.main(["other"]) == 2


def test_a_virtual_environment_that_cannot_be_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(folder: Path, with_pip: bool) -> None:
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "app.py").write_text(APPLICATION)
    (tmp_path / "own" / "requirements.txt").write_text("own==1\n")
    monkeypatch.setattr(record, "HERE", tmp_path)
    monkeypatch.setattr(record, "BUILT", tmp_path / "built")
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(venv, "create", create)
    assert record.main([]) == 1
    assert "own: NOT RECORDED: no virtual environment" in capsys.readouterr().out

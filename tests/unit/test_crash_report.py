"""The report of a defect: what it holds, what it never holds, and where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redis_dash import crash_report
from redis_dash.crash_report import MOST_FRAMES, MOST_REPORTS, folder, last_words, write


def raised(text: str = "hunter2") -> Exception:
    """An error with a traceback, a cause, and a value in its text."""
    try:
        fail(text)
    except ValueError as error:
        error.add_note(text)
        return error
    raise AssertionError


def fail(text: str) -> None:
    """Raise an error from another one."""
    try:
        dict[str, str]()[text]
    except KeyError as error:
        raise ValueError(text) from error


def endless() -> None:
    endless()


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path), **more}


def test_the_report_has_kinds_and_places_and_no_values(tmp_path: Path) -> None:
    text = write(raised(), environ(tmp_path)).read_text()
    assert "hunter2" not in text
    assert re.search(r"^error: ValueError\n  tests/unit/test_crash_report\.py:\d+:raised\n", text, re.MULTILINE)
    assert re.search(r"^raised from: KeyError\n  tests/unit/test_crash_report\.py:\d+:fail$", text, re.MULTILINE)


def test_the_parts_of_a_group_are_in_the_report(tmp_path: Path) -> None:
    group = ExceptionGroup("hunter2", [raised(), OSError("hunter2")])
    text = write(group, environ(tmp_path)).read_text()
    assert re.findall(r"^(?:error|part of the group): (\w+)$", text, re.MULTILINE) == [
        "ExceptionGroup",
        "ValueError",
        "OSError",
    ]
    assert "hunter2" not in text
    assert "ValueError" in last_words(group, environ(tmp_path))


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    path = write(raised(), environ(tmp_path / "state"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_oldest_reports_are_removed(tmp_path: Path) -> None:
    other = tmp_path / "redis-dash" / "notes.txt"
    other.parent.mkdir()
    other.touch()
    written = [write(raised(), environ(tmp_path)) for _ in range(MOST_REPORTS + 3)]
    assert [path for path in written if path.exists()] == written[-MOST_REPORTS:]
    assert other.exists()


def test_a_deep_traceback_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(RecursionError) as caught:
        endless()
    text = write(caught.value, environ(tmp_path)).read_text()
    assert text.count(":endless") <= MOST_FRAMES
    assert "frames left out" in text


def test_folders_of_the_user_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ann" / "dialect.py"
    path.parent.mkdir()
    path.write_text("def read():\n    1 / 0\n")
    names: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    with pytest.raises(ZeroDivisionError) as caught:
        names["read"]()  # type: ignore[operator]
    text = write(caught.value, environ(tmp_path)).read_text()
    assert "  dialect.py:2:read" in text
    assert "ann" not in text


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "redis-dash").touch()
    assert last_words(raised(), environ(tmp_path)).endswith("; no report could be written: File exists")


def test_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder({"XDG_STATE_HOME": "/state"}) == Path("/state/redis-dash")
    for none in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert folder(none) == tmp_path / ".local" / "state" / "redis-dash"


def test_what_the_environment_and_the_server_say_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_report, "server", "")
    crash_report.note_server("valkey\x1b[31m", "8" * 1000)
    text = write(raised(), environ(tmp_path, TERM="x\x1b[2J" + "y" * 1000)).read_text()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 400
    assert "\nserver: valkey?[31m 888" in text

"""Passwords from files and programs: only the first line, and nothing of it in an error."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from redis_dash.config import password
from redis_dash.config.password import Secret, from_command, from_file
from redis_dash.core.errors import ConfigError

SECRET = "hunter2-secret"


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\nlogin: ann\n"])
def test_the_first_line_of_a_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    assert from_file(str(file)).reveal() == SECRET


def test_blanks_belong_to_a_password(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(" a b \n")
    assert from_file(str(file)).reveal() == " a b "


def test_the_first_line_that_a_program_prints_without_a_shell() -> None:
    assert from_command("printf '%s\\n' 'a b; $HOME'").reveal() == "a b; $HOME"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"sh -c 'echo {SECRET}; echo no such entry >&2; exit 3'", "sh failed with exit code 3: no such entry"),
        (f"sh -c 'echo {SECRET}; echo is it {SECRET} >&2; exit 3'", "sh failed with exit code 3: is it …"),
        ("sh -c 'exit 4'", "sh failed with exit code 4"),
        ("true", "what true prints: the first line is empty, so there is no password"),
        ("no-such-program x", "no-such-program cannot be run: No such file or directory"),
        (f"sh -c 'printf \"{SECRET}\\377\"'", "what sh prints: the password is not UTF-8"),
    ],
)
def test_a_program_that_fails(command: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_command(command)
    assert str(caught.value) == said
    assert SECRET not in str(caught.value)


def test_a_program_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COMMAND_S", 0.2)
    with pytest.raises(ConfigError, match=r"sleep has not ended within 0\.2 s"):
        from_command("sleep 100")


def test_a_file_that_holds_none(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("\nx")
    for path, said in ((file, "the first line is empty"), (tmp_path / "none", "No such file"), (tmp_path, "directory")):
        with pytest.raises(ConfigError, match=said):
            from_file(str(path))


def test_a_secret_is_not_shown() -> None:
    secret = Secret(SECRET)
    assert SECRET not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(ValueError, match="…") as caught:
        raise ValueError(secret)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert SECRET not in "".join(told.format())

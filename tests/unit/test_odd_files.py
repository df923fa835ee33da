"""Files that are no TOML or cannot be looked at: plain words with file, line and name, and never a crash."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from redis_dash.cli import main
from redis_dash.config import load
from redis_dash.config.password import from_file
from redis_dash.core.errors import ConfigError

UNREACHABLE = "redis://127.0.0.1:1/0"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("REDIS_URL", raising=False)
    path = tmp_path / "redis-dash" / "config.toml"
    path.parent.mkdir()
    return path


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[profiles.a]\n[profiles.b]\n[profiles.a]", 3, "the table [profiles.a] is there twice: it is in line 1, too"),
        ("limits.x = 1\n[limits]", 2, "limits is a table here, and another value before"),
        ("limits = []\n[[limits]]", 2, "limits is a table here, and another value before"),
        ("refresh_s = 1\n\n# again\nrefresh_s = 2\n", 4, "refresh_s is there twice"),
        ("refresh_s = 1\nchannels = []\nrefresh_s = 2", 3, "refresh_s is there twice"),
        ("url = 'x'\nchannels = []\nchannels = [\n'a',\n]\n", 5, "channels is there twice"),
        ("limits = [{ keys = 'a', keys = 'b' }]", 1, "within limits a name is there twice"),
        ("limits = 1\n[limits]", 2, "the table [limits] has the name of a value"),
        ("url = redis", 1, "the value is missing, or it is a text without quotes"),
        ('url = "redis\nrefresh_s = 1', 1, "a text in quotes is not closed"),
        ("url = 'redis\nrefresh_s = 1", 1, "a text in quotes is not closed"),
        (
            "refresh_s = 1\n# of all\nchannels = [\n'a',\n\n[profiles.a]\n",
            6,
            "the value is missing, or it is a text without quotes; the statement begins in line 3",
        ),
        ("refresh_s = 1\nchannels = ['a',\n\n", 2, "the value is missing, or it is a text without quotes"),
        ("url = 'redis", 1, "a text in quotes is not closed"),
        ("[profiles.]", 1, "a name has letters, digits, _ and -, or stands in quotes"),
        ("channels = ['a' 'b']", 1, "a comma between two values is missing, or ] at the end of a list"),
        ("url", 1, "= is missing after the name"),
        ("[profiles.a", 1, "] is missing after the name of a table"),
        ("channels = " + "[" * 5000, 0, "lists or tables are nested too deeply"),
        ("refresh_s = " + "1" * 5000, 0, "a number or a date cannot be read"),
    ],
)
def test_errors_of_toml_are_plain_words(file: Path, text: str, line: int, said: str) -> None:
    place = f", line {line}" if line else ""
    for path in (file, file.with_name("dashboard.toml")):
        path.write_text(text)
        result = run("config", "check")
        assert result.output.splitlines() == [f"{path}{place}: not valid TOML: {said}"]
        assert result.exit_code == 2
        path.unlink()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"refresh_s = 1\n# caf\xe9\n", ", line 2: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("url = 'x'".encode("utf-16"), ": the file is UTF-16; save it as UTF-8"),
    ],
)
def test_bytes_that_are_no_text(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    assert run("config", "check").output == f"{file}{said}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_is_accepted(file: Path, end: str) -> None:
    file.write_bytes(f"\ufeffrefresh_s = 7{end}chanels = []".encode())
    with pytest.raises(ConfigError, match="line 2: unknown setting `chanels`"):
        load(file, {}, {})
    file.write_bytes(f"\ufeffrefresh_s = 7{end}".encode())
    assert load(file, {}, {}).refresh_s == 7


def test_config_path_of_files_that_cannot_be_looked_at(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = f"/{'x' * 5000}"
    result = run("config", "path", "--config", long)
    assert (result.exit_code, result.output.splitlines()[0]) == (0, f"{long}  (settings; File name too long)")
    assert run("config", "path", "--config", str(file.parent)).output.startswith(
        f"{file.parent}  (settings; this is a folder)\n"
    )
    loop = file.with_name("loop")
    loop.symlink_to(loop)
    assert "Too many levels of symbolic links" in run("config", "path", "--config", str(loop)).output
    file.write_text("")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    assert run("config", "path").output.startswith(f"{file}  (settings; Permission denied)\n")

    def refuse(*_args: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    assert "config.toml  (settings; Permission denied)\n" in run("config", "path").output


@pytest.mark.parametrize("command", [("snapshot",), ("discover",), ("config", "check"), ("config", "show")])
@pytest.mark.parametrize("name", ["x" * 5000, "~nobody-at-all/x", "a/" * 3000])
def test_odd_paths_are_told(file: Path, command: tuple[str, ...], name: str) -> None:
    result = run(*command, "--config", f"/{name}")
    assert result.exit_code == 2
    assert "an error in redis-dash" not in result.output
    file.write_text(f'url = "rediss://h"\npassword_file = "{name}"\ncacert = "{name}"\ncert = "a\\u0000b"\n')
    found = run("config", "check").output.splitlines()
    assert [line.partition(": ")[2].partition(": ")[0] for line in found] == ["password_file", "cacert", "cert"]


def test_a_password_file_with_nul_in_its_name() -> None:
    with pytest.raises(ConfigError, match="no path holds the character NUL"):
        from_file("a\0b")


def test_discover_tells_at_the_end_that_a_file_cannot_be_written(file: Path) -> None:
    result = run("discover", UNREACHABLE, "--write", f"/{'x' * 5000}")
    assert result.exit_code == 1
    assert "an error in redis-dash" not in result.output
    assert run("discover", UNREACHABLE, "--write", str(file.parent)).exit_code == 4


def test_a_named_pipe_is_not_opened_by_the_check(file: Path) -> None:
    """Its writer waits for the one that reads the password."""
    pipe = file.with_name("pipe")
    os.mkfifo(pipe)
    file.write_text('password_file = "pipe"')
    results: list[Result] = []
    checking = threading.Thread(target=lambda: results.append(run("config", "check")), daemon=True)
    checking.start()
    checking.join(20)
    assert [one.output for one in results] == ["nothing is wrong\n"]


def test_a_socket_with_a_long_path() -> None:
    result = run("snapshot", "--for", "0", f"unix:///{'x' * 200}")
    assert result.exit_code == 1
    assert result.stderr.endswith(": the path of the socket is longer than this system allows\n")

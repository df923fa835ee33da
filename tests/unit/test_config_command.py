"""``redis-dash config``: files, origins, and everything that is wrong; never a password."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from redis_dash.cli import main

SECRET = "hunter2-secret"
FILE = f"""\
url = "redis://:{SECRET}@file.example.com:7000/1"
channels = ["orders.*"]

[[sessions]]
keys = "sess:*"
format = "json"

[profiles.production]
url = "rediss://prod.example.com/0?ssl_ciphers=ALL&password={SECRET}"
user = "watcher"
password_command = "pass show {SECRET}"
cacert = "ca.pem"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("REDIS_DASH_PASSWORD", raising=False)
    path = tmp_path / "redis-dash" / "config.toml"
    path.parent.mkdir()
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", *arguments])


def test_path_says_which_files_are_there(file: Path) -> None:
    assert f"{file}  (settings; there is no such file)" in run("path").output
    file.write_text("")
    lines = run("path").output.splitlines()
    assert lines == [
        f"{file}  (settings)",
        f"{file.with_name('dashboard.toml')}  (choices of the dashboard; there is no such file)",
    ]
    assert f"{file.parent}/other.toml" in run("path", "--config", f"{file.parent}/other.toml").output


@pytest.mark.parametrize("before", [("-n", "3"), ("-n3",), ("--database", "3"), ("--database=3", "--no-ascii")])
def test_a_command_may_stand_after_its_options(file: Path, before: tuple[str, ...]) -> None:
    file.write_text(FILE)
    for arguments in ((*before, "config", "show", "-p", "production"), ("-p", "production", *before, "config", "show")):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        assert tomllib.loads(result.output)["url"] == "rediss://watcher@prod.example.com:6379/3"
    missing = CliRunner().invoke(main, ["--config", "/nowhere/x.toml", "config", "check"])
    assert missing.output == "/nowhere/x.toml: No such file or directory\n"


def test_a_value_with_the_name_of_a_command_is_a_value(file: Path) -> None:
    file.write_text("[profiles.snapshot]\nrefresh_s = 7")
    result = CliRunner().invoke(main, ["-p", "snapshot", "config", "show"])
    assert "refresh_s = 7.0" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--config", "x.toml", "confg"), "did you mean the command 'config'?"),
        (("redis://127.0.0.1", "check", "me"), "Got unexpected extra arguments (check me)"),
        (("config", "--config", "x.toml", "check"), "Options come after path, show, check."),
    ],
)
def test_arguments_that_do_not_belong_there(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.output


def origins(text: str) -> dict[str, str]:
    """The origin of each setting."""
    pairs = (line.partition("  # ") for line in text.splitlines() if " = " in line)
    return {setting.partition(" = ")[0]: origin for setting, _, origin in pairs}


def test_show_names_the_origin_of_each_setting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(FILE)
    text = run("show", "--limit", "5/1", "-n", "3", "--stream", "orders").output
    assert tomllib.loads(text)["url"] == "redis://file.example.com:7000/3"
    found = origins(text)
    assert found["url"] == f"{file}, line 1, changed by -n"
    assert found["channels"] == f"{file}, line 2"
    assert found["sessions"] == f"{file}, line 4"
    assert found["streams"] == "flag --stream"
    assert found["limits"] == "default, changed by --limit"
    assert found["budget"] == "default"
    assert f"# password: in the URL, {file}, line 1" in text
    monkeypatch.setenv("REDIS_URL", "redis://env")
    assert origins(run("show").output)["url"] == "environment, REDIS_URL"
    assert origins(run("show", "redis://h").output)["url"] == "command line"


def test_show_of_a_profile(file: Path) -> None:
    file.write_text(FILE)
    text = run("show", "-p", "production").output
    found, values = origins(text), tomllib.loads(text)
    assert found["url"] == f"{file}, line 9, profile production, with password, ssl_ciphers"
    assert found["user"] == f"{file}, line 10, profile production"
    assert (values["user"], values["cacert"]) == ("watcher", str(file.parent / "ca.pem"))
    assert values["password_command"] == "pass …"
    assert f"# password: password_command, {file}, line 11, profile production" in text
    assert (
        "# password: environment, REDIS_DASH_PASSWORD"
        in CliRunner(env={"REDIS_DASH_PASSWORD": SECRET}).invoke(main, ["config", "show", "redis://h"]).output
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-p", "production"),
        (f"redis://ann:{SECRET}@h",),
        (f"redis://h?password={SECRET}",),
        ("redis://h", "--password-command", f"echo {SECRET}"),
        ("redis://h", "--ask-password"),
    ],
)
def test_show_never_shows_a_password(file: Path, arguments: tuple[str, ...]) -> None:
    file.write_text(FILE)
    result = run("show", *arguments)
    assert result.exit_code == 0
    assert SECRET not in result.output


def test_show_runs_nothing(file: Path) -> None:
    marker = file.parent / "marker"
    assert run("show", "redis://h", "--password-command", f"touch {marker}").exit_code == 0
    assert not marker.exists()


def test_show_of_what_is_wrong(file: Path) -> None:
    file.write_text("chanels = []")
    result = run("show")
    assert result.exit_code == 2
    assert f"{file}, line 1: unknown setting `chanels`; did you mean `channels`?" in result.output


def test_check_tells_everything_that_is_wrong(file: Path) -> None:
    file.write_text(
        """\
chanels = []
refresh_s = "fast"

[[limits]]
keys = "rl:*"
limit = "many"

[profiles.a]
urll = "x"

[profiles.b]
url = "redis://h"
cacert = "nowhere.pem"
password_command = "no-such-program x"
"""
    )
    file.with_name("dashboard.toml").write_text("[[kinds]]\nserver = 'x'\nkey = 'y'\n")
    result = run("check")
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        f"{file}, line 1: unknown setting `chanels`; did you mean `channels`?",
        f"{file}, line 2: refresh_s: a number is expected, not a text in quotes",
        f"{file}, line 6: limits, entry 1, limit: a limit is written REQUESTS/SECONDS, for example 100/60, not 'many'",
        f"{file}, line 9: [profiles.a], unknown setting `urll`; did you mean `url`?",
        f"{file}, line 13: cacert is for TLS: the URL begins with rediss://, and not with redis://",
        f"{file}, line 13: cacert: {file.parent / 'nowhere.pem'}: No such file or directory",
        f"{file}, line 14: password_command: there is no program no-such-program on PATH",
        f"{file.with_name('dashboard.toml')}, line 3: kinds, entry 1: unknown setting `key`; did you mean `keys`?",
    ]


def test_check_finds_what_does_not_fit_together(file: Path) -> None:
    file.write_text('[profiles.b]\nurl = "redis://h"\ncacert = "config.toml"\n[profiles.c]\nurl = "h:1"')
    assert run("check").output.splitlines() == [
        f"{file}, line 3: cacert is for TLS: the URL begins with rediss://, and not with redis://",
        f"{file}, line 5: url: a Redis URL begins with redis://, rediss:// or unix://; did you mean 'redis://h:1'?",
    ]


@pytest.mark.parametrize("text", [None, "", FILE.replace('cacert = "ca.pem"\n', "").replace("pass show", "echo")])
def test_check_of_what_is_right(file: Path, text: str | None) -> None:
    if text is not None:
        file.write_text(text)
    result = run("check")
    assert (result.exit_code, result.output) == (0, "nothing is wrong\n")


@pytest.mark.parametrize("text", ["a = ", "profiles = 1"])
def test_check_of_what_cannot_be_read(file: Path, text: str) -> None:
    file.write_text(text)
    result = run("check")
    assert result.exit_code == 2
    assert str(file) in result.output
    assert run("check", "--config", "/nowhere/x.toml").exit_code == 2

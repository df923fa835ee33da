"""Every way of giving a password, in real processes on a real server: it is never in ``ps``, in output or in errors."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer

SECRET = "hunter2/secret: #@ä"
WRONG = "swordfish-wrong"
COMMANDS = (("snapshot", "--for", "0", "--topic", "server"), ("discover",))


@pytest.fixture
def users(client: redis.Redis) -> Iterator[None]:
    """A user with a password, and one without."""
    for name, password in (("watcher", f"+{SECRET}"), ("open", None)):
        client.acl_setuser(
            name,
            enabled=True,
            passwords=[password] if password else None,
            nopass=password is None,
            categories=["+@all"],
            keys=["*"],
            channels=["*"],
        )
    yield
    client.acl_deluser("watcher", "open")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with password files and a configuration."""
    (tmp_path / "right").write_text(f"{SECRET}\nlogin: ann\n")
    (tmp_path / "wrong").write_text(WRONG)
    return tmp_path


def run(home: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """The exit code and all output; no process of it has a password among its arguments."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REDIS")}
    process = subprocess.Popen(
        [sys.executable, "-m", "redis_dash", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean | {"XDG_CONFIG_HOME": str(home)} | environ,
    )
    me, seen = psutil.Process(process.pid), []
    while process.returncode is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            seen.append([one.cmdline() for one in (me, *me.children(recursive=True))])
        with contextlib.suppress(subprocess.TimeoutExpired):
            output, _ = process.communicate(timeout=0.05)
    text = output.decode()
    assert not any(secret in f"{text} {seen}" for secret in (SECRET, WRONG))
    return process.returncode, text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
@pytest.mark.parametrize("way", ["variable", "file", "command", "settings", "profile"])
def test_a_password_from(
    way: str, command: tuple[str, ...], users: None, home: Path, embedded_server: EmbeddedServer
) -> None:
    url = embedded_server.url.replace("//", "//watcher@")
    settings = home / "config.toml"
    settings.write_text(f'password_file = "right"\nurl = "{url}"\n[profiles.p]\npassword_command = "cat {home}/right"')
    arguments: dict[str, tuple[str, ...]] = {
        "variable": (url,),
        "file": (embedded_server.url, "--user", "watcher", "--password-file", f"{home}/right"),
        "command": (url, "--password-command", f"cat '{home}/right'"),
        "settings": ("--config", str(settings)),
        "profile": ("--config", str(settings), "-p", "p"),
    }
    environ = {"REDIS_DASH_PASSWORD": SECRET if way == "variable" else WRONG} if way in ("variable", "profile") else {}
    code, text = run(home, *command, *arguments[way], **environ)
    assert code == 0, text
    assert "watcher@127.0.0.1" in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_user_without_password(
    command: tuple[str, ...], users: None, home: Path, embedded_server: EmbeddedServer
) -> None:
    code, text = run(home, *command, embedded_server.url, "--user", "open")
    assert code == 0, text
    assert "open@127.0.0.1" in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_wrong_password(command: tuple[str, ...], users: None, home: Path, embedded_server: EmbeddedServer) -> None:
    code, text = run(home, *command, embedded_server.url, "--user", "watcher", "--password-file", f"{home}/wrong")
    assert code == 1
    assert "the server refused the user name or password" in text


def test_what_fails_before_is_bad_usage(home: Path) -> None:
    for arguments, said in (
        (("--password-file", "none"), "--password-file: none: No such file"),
        (("--password-command", "sh -c 'cat right; echo locked >&2; exit 2'"), "sh failed with exit code 2"),
        (("--insecure",), "--insecure: insecure is for TLS"),
        (("-p", "x"), "no profile 'x'"),
    ):
        code, text = run(home, "snapshot", "redis://127.0.0.1:1", *arguments)
        assert code == 2
        assert said in text


def test_a_prompt_needs_a_terminal(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "redis_dash", "snapshot", "redis://127.0.0.1:1", "--ask-password"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, "redis-dash: --ask-password needs a terminal\n")

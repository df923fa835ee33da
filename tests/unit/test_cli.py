"""The commands: bad usage ends with a sentence and exit code 2, and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from redis_dash.cli import main
from redis_dash.config import CachePattern, LimitPattern
from redis_dash.core.errors import ConfigError
from redis_dash.options import read_config


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("REDIS_URL", raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_flags_become_settings() -> None:
    given = {
        "channels": ("a", "b*"),
        "limits": ("rl:*=5/1", "api:*=none"),
        "caches": ("pages=page:*",),
        "refresh_s": 2.0,
    }
    config = read_config("redis://host/3", None, given)
    assert (config.url, config.channels, config.refresh_s) == ("redis://host/3", ("a", "b*"), 2.0)
    assert config.limits == (LimitPattern("rl:*", "5/1"), LimitPattern("api:*"))
    assert config.caches == (CachePattern("pages", "page:*"),)
    assert config.sessions == ("session:*",)


def test_a_limit_without_pattern_goes_to_every_limiter() -> None:
    assert read_config(None, None, {"limits": ("7/30",)}).limits == (LimitPattern("ratelimit:*", "7/30"),)
    assert read_config(None, None, {"limits": ("none",)}).limits == (LimitPattern("ratelimit:*"),)
    with pytest.raises(ConfigError, match="once"):
        read_config(None, None, {"limits": ("7/30", "8/30")})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("snapshot", "localhost"), "begins with redis://"),
        (("snapshot", "localhost:6379"), "did you mean 'redis://localhost:6379'?"),
        (("localhost:6379/2",), "did you mean 'redis://localhost:6379/2'?"),
        (("snaphot", "--for", "5"), "did you mean 'snapshot'?"),
        (("Demo",), "did you mean 'demo'?"),
        (("--refresh", "2", "snaphot"), "is no Redis URL; did you mean the command 'snapshot'?"),
        (("-p", "staging", "snapshot"), "there is no such file, and so no profile 'staging'"),
        (("-n", "1", "demo"), "No such option"),
        (("redis://a..b",), "no host can have the name"),
        (("snapshot", "--limit", "=5/1"), "[PATTERN=]N/SECONDS"),
        (("snapshot", "--session", ""), "a pattern is empty"),
        (("snapshot", "--budget", "0"), "--budget"),
        (("snapshot", "--budget", "nan"), "--budget"),
        (("snapshot", "--channel", "\udcff"), "UTF-8"),
        (("snapshot", "redis://127.0.0.1:1/0?ssl_cert_reqs=none"), "ssl_cert_reqs is for TLS, which is rediss://"),
        (("snapshot", "--limit", "many"), "100/60"),
        (("snapshot", "--cache", "pages"), "NAME=PATTERN"),
        (("snapshot", "--config", "none.toml"), "none.toml"),
        (("snapshot", "--topic", "weather"), "weather"),
        (("snapshot", "--for", "-1"), "--for"),
        (("snapshot", "--for", "nan"), "nan"),
        (("snapshot", "redis://127.0.0.1:1/0?socket_timeout=abc"), "socket_timeout"),
        (("snapshot", "redis://127.0.0.1:1/0?foo=1"), "foo"),
        (("--refresh", "0"), "Invalid value for '--refresh'"),
        (("demo", "--refresh", "0"), "Invalid value for '--refresh'"),
        (("redis://localhost",), "needs a terminal"),
        (("demo",), "needs a terminal"),
        (("demo", "--cluster"), "needs a terminal"),
        (("demo", "--cluster", "--redis-url", "redis://h"), "--cluster starts servers of its own"),
        (("redis://localhost", "extra"), "extra"),
        (("snapshot", "--ssh", ""), "--ssh: the value is empty; is a variable of the shell not set?"),
        (("snapshot", "--config", ""), "'--config': the value is empty; is a variable of the shell not set?"),
        (("config", "check", "--config", ""), "'--config': the value is empty"),
        (("discover", "--write", ""), "'--write': the value is empty"),
        (("demo", "--redis-url", ""), "--redis-url: the value is empty"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_bad_url_in_the_environment_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "localhost:1")
    result = run("snapshot")
    assert result.exit_code == 2
    assert "REDIS_URL: " in result.output
    assert "did you mean 'redis://localhost:1'?" in result.output
    assert "REDIS_URL" not in run("snapshot", "localhost:2").output


def test_a_password_is_not_repeated() -> None:
    for url in (
        "user:hunter2@localhost:6379",
        "hunter2",
        "redis://:hunter2..x/@h",
        "redis://:hunter2@localhost/orders",
        "redis://:hunter2@localhost:x/0",
        "http://:hunter2@localhost",
    ):
        result = run("snapshot", url)
        assert result.exit_code == 2
        assert "hunter2" not in result.output


def test_help_lists_the_flags_of_the_default_command() -> None:
    text = run("--help").output
    for option in main.commands["watch"].params:
        assert option.opts[0] in text or option.name == "url"
    assert "--version" in text
    assert "snapshot" in text


def test_help_and_version() -> None:
    assert "redis-dash demo" in run("--help").output
    assert run("--version").output.startswith("redis-dash, version")
    assert set(main.list_commands(click.Context(main))) == {"watch", "snapshot", "discover", "doctor", "demo", "config"}

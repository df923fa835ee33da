"""Settings: their order of precedence, and errors that name the place and the way out."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from redis_dash.config import Config, LimitPattern, Url, config_path, load, parse_rule
from redis_dash.model import ConfigError

SECRET = "hunter2-secret"


def test_url_never_shows_its_password() -> None:
    url = Url(f"rediss://ann:{SECRET}@redis.example.com:6380/3?ssl_cert_reqs=none")
    assert url.shown == "rediss://ann@redis.example.com:6380/3"
    assert SECRET not in f"{url} {url!r}"
    assert SECRET in url.reveal()
    assert url.database == 3


def test_url_forms() -> None:
    assert Url("redis://localhost").shown == "redis://localhost:6379/0"
    assert Url("redis://[::1]:7000/2").shown == "redis://[::1]:7000/2"
    assert Url("unix:///run/redis.sock?db=4").database == 4


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("localhost:6379", "begins with redis://"),
        ("http://localhost", "begins with redis://"),
        ("redis://", "names no host"),
        ("redis://localhost:99999/0", "cannot be read"),
        ("redis://:hunter2-#secret@localhost:1/0", "%23"),
        ("redis://user:hunter2-/secret@localhost:1/0", "%2F"),
        ("redis://:p@hunter2-secret/w0rd@127.0.0.1:1/0", "database's number"),
        (f"redis://:{SECRET}@localhost/orders", "database's number"),
    ],
)
def test_a_bad_url_says_what_a_good_one_looks_like(raw: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Url(raw)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('url = "redis://file"\nchannels = ["file:*"]\nrefresh_s = 2\n')
    environ = {"REDIS_URL": "redis://env"}
    config = load(file, {"channels": ("flag:*",)}, environ)
    assert (config.url, config.channels, config.refresh_s) == ("redis://env", ("flag:*",), 2)
    assert load(file, {"url": "redis://flag"}, environ).url == "redis://flag"


def test_the_file_is_found_by_xdg(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert load(None, {}, environ) == Config()
    config_path(environ).parent.mkdir()
    config_path(environ).write_text('[[limits]]\nkeys = "rl:*"\nlimit = "5/1"\n')
    assert load(None, {}, environ).limits == (LimitPattern("rl:*", "5/1"),)
    assert load(None, {"limit": "7/2"}, environ).limits == (LimitPattern("rl:*", "7/2"),)
    assert load(None, {"limit": ""}, environ).limits[0].rule is None


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("chanels = []", "unknown setting `chanels`.*settings are url, channels"),
        ("refresh_s = 0", "refresh_s must lie between"),
        ("budget = 2", "share of one core"),
        ('[[limits]]\nkeys = "a"\nlimit = "many"', "limits, entry 1: .*written REQUESTS/SECONDS.*many"),
        ("channels = 5", "channels: a list is expected, not a number"),
        ("channels = [", "not valid TOML"),
    ],
)
def test_a_bad_file_is_named_with_the_place_in_it(tmp_path: Path, toml: str, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError, match=f"(?s)config.toml: .*{said}"):
        load(file, {}, {})


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {}, {})


@pytest.mark.parametrize("text", ["100", "0/60", "a/b", "10/0", "10/inf", "10/nan", "-1/60"])
def test_a_bad_limit(text: str) -> None:
    with pytest.raises(ConfigError, match="100/60"):
        parse_rule(text)


def test_config_hides_its_url() -> None:
    assert SECRET not in repr(Config(url=f"redis://:{SECRET}@h"))

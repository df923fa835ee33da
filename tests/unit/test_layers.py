"""Which setting holds: file, environment, profile or flag; and whose password goes to which server."""

from __future__ import annotations

from pathlib import Path

import pytest

from redis_dash.client.endpoint import endpoint_of
from redis_dash.config import Url, load
from redis_dash.config.password import Secret
from redis_dash.core.errors import ConfigError

FILE = """\
url = "redis://:of-file@file.example.com"
channels = ["top"]
refresh_s = 2.0

[profiles.production]
url = "rediss://prod.example.com:6380/0"
user = "watcher"
password_file = "prod.secret"
cacert = "ca.pem"
ssh = "ops@bastion"
channels = ["orders.*"]

[[profiles.production.limits]]
keys = "rl:*"
limit = "100/60"

[profiles.staging]
refresh_s = 5.0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prod.secret").write_text("of-profile\nthe second line\n")
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def reached(path: Path | None, environ: dict[str, str], profile: str | None = None, **flags: object) -> str:
    """``user:password@host`` of what is reached."""
    config = load(path, flags, environ, profile, ask=lambda _: Secret("of-prompt"))
    endpoint = endpoint_of(Url(config.url))
    return f"{endpoint.user}:{endpoint.password}@{endpoint.host}"


def test_a_profile_replaces_what_it_names(file: Path) -> None:
    config = load(file, {}, {}, "production")
    url = Url(config.url)
    assert url.target == "rediss://watcher@prod.example.com:6380/0 via bastion"
    assert f"ssl_ca_certs={file.parent}".replace("/", "%2F") in url.reveal()
    assert (config.channels, config.refresh_s, config.limits[0].limit) == (("orders.*",), 2.0, "100/60")
    staging = load(file, {}, {}, "staging")
    assert (staging.channels, staging.refresh_s) == (("top",), 5.0)
    assert load(file, {"refresh_s": 9.0}, {}, "staging").refresh_s == 9.0


ENV = {"REDIS_URL": "redis://:of-variable@env.example.com", "REDIS_DASH_PASSWORD": "of-environment"}
URL = {"REDIS_URL": ENV["REDIS_URL"]}
PASSWORD = {"REDIS_DASH_PASSWORD": ENV["REDIS_DASH_PASSWORD"]}


@pytest.mark.parametrize(
    ("environ", "profile", "flags", "expected"),
    [
        ({}, None, {}, ":of-file@file.example.com"),
        (URL, None, {}, ":of-variable@env.example.com"),
        (PASSWORD, None, {}, ":of-environment@file.example.com"),
        (ENV, None, {}, ":of-environment@env.example.com"),
        (ENV, "production", {}, "watcher:of-profile@prod.example.com"),
        (PASSWORD, "staging", {}, ":of-environment@file.example.com"),
        (URL, "staging", {}, ":of-variable@env.example.com"),
        ({}, "production", {"user": "ann"}, "ann:of-profile@prod.example.com"),
        ({}, "production", {"password_command": "echo of-flag"}, "watcher:of-flag@prod.example.com"),
        ({}, "production", {"url": "redis://flag.example.com"}, ":@flag.example.com"),
        (ENV, "production", {"url": "redis://flag.example.com"}, ":of-environment@flag.example.com"),
        (ENV, None, {"url": "redis://:of-url@flag.example.com"}, ":of-url@flag.example.com"),
        (ENV, None, {"url": "redis://ann@flag.example.com"}, "ann:of-environment@flag.example.com"),
        (ENV, None, {"url": "redis://:of-url@h", "password_command": "echo of-flag"}, ":of-flag@h"),
        (ENV, "production", {"ask_password": True}, "watcher:of-prompt@prod.example.com"),
        ({}, None, {"user": "ann"}, "ann:of-file@file.example.com"),
        ({}, None, {"url": "redis://h", "user": "ann"}, "ann:@h"),
        ({}, None, {"url": "redis://h?username=bob&password=x", "user": "ann"}, "ann:x@h"),
        ({}, None, {"url": "unix://bob:x@/run/r", "user": "ann"}, "ann:x@"),
    ],
)
def test_which_password_goes_where(
    file: Path, environ: dict[str, str], profile: str | None, flags: dict[str, object], expected: str
) -> None:
    assert reached(file, environ, profile, **flags) == expected


def test_a_url_takes_nothing_that_is_meant_for_another_one(tmp_path: Path) -> None:
    """Neither the password nor the trust that a file gives to one server goes to another server."""
    file = tmp_path / "config.toml"
    file.write_text(
        'url = "rediss://a"\nuser = "ann"\npassword_command = "echo secret"\ninsecure = true\nssh = "bastion"\n'
        '[profiles.b]\nurl = "rediss://b"\n[profiles.c]\nchannels = ["x"]\n'
    )
    whole = "rediss://ann:secret@a?ssl_cert_reqs=none&ssh=bastion"
    assert load(file, {}, {}).url == whole
    assert load(file, {}, {}, "c").url == whole
    assert load(file, {}, {}, "b").url == "rediss://b"
    assert load(file, {}, {"REDIS_URL": "redis://env"}).url == "redis://env"
    assert load(file, {"url": "redis://flag"}, {}).url == "redis://flag"
    assert load(file, {"url": "redis://flag", "ssh": "other"}, {}).url == "redis://flag?ssh=other"


def test_a_profile_without_a_url_is_for_the_url_that_holds_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('url = "redis://top"\n[profiles.a]\nuser = "ann"\npassword_command = "echo secret"\n')
    assert load(file, {}, {}, "a").url == "redis://ann:secret@top"
    assert load(file, {}, URL, "a").url == "redis://ann:secret@env.example.com"
    assert load(file, {"url": "redis://flag"}, URL, "a").url == "redis://flag"


def test_a_profile_can_switch_off_what_the_top_level_says(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'url = "rediss://a"\npassword_command = "false"\ninsecure = true\nssh = "bastion"\n'
        '[profiles.b]\npassword_command = ""\ninsecure = false\nssh = ""\n'
    )
    assert load(file, {}, {}, "b").url == "rediss://a"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("prodution", "there is no profile 'prodution'; did you mean 'production'? There are production, staging"),
        ("x", "there is no profile 'x'; there are production, staging"),
    ],
)
def test_an_unknown_profile(file: Path, profile: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, {}, {}, profile)
    assert str(caught.value) == f"{file}: {said}"


def test_no_profiles_at_all(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match="there is no such file, and so no profile 'x'"):
        load(None, {}, {"XDG_CONFIG_HOME": str(tmp_path)}, "x")
    file.write_text("profiles = 5")
    with pytest.raises(ConfigError, match=r"line 1: profiles: a profile is a table, written \[profiles.NAME\]"):
        load(file, {}, {}, "x")
    file.write_text("")
    with pytest.raises(ConfigError, match=r"there is no profile 'x'; a profile is a table \[profiles.NAME\]"):
        load(file, {}, {}, "x")


@pytest.mark.parametrize(
    ("toml", "line", "said"),
    [
        ("\n[profiles.a]\nchanels = []", 3, "[profiles.a], unknown setting `chanels`; did you mean `channels`?"),
        ("[profiles.a]\nprofiles = {}", 2, "[profiles.a], profiles: a profile holds no profiles; each "),
        ("[profiles.a]\n\n[[profiles.a.limits]]\nlimit = '1/2'", 3, "[profiles.a], limits, entry 1: `keys` is missing"),
        ("[profiles.a]\nurl = 'h:1'", 2, "url: a Redis URL begins with"),
        ("[profiles.a]\ncacert = 'x'", 2, "cacert is for TLS: the URL begins with rediss://, and not with redis://"),
        ("[profiles.a]\nurl = 'rediss://h'\nkey = 'x'", 3, "key is a private key: cert, its certificate, is needed"),
        ("[profiles.a]\nssh = '-x'", 2, "[profiles.a], ssh: where SSH goes to is written user@host"),
        ("[profiles.a]\nurl = 'rediss://h'\nsni = '.x'", 3, "[profiles.a], sni: the server's name for TLS"),
        ("[profiles.a]\npassword_command = 'a \"b'", 2, "[profiles.a], password_command: a quote is not closed"),
        ("[profiles.a]\npassword_file = 'x'\npassword_command = 'y'", 3, "of password_file and password_command only"),
        ("[profiles.a]\npassword_file = 'nowhere'", 2, "password_file: "),
        ("[profiles.a]\npassword = 'x'", 2, "[profiles.a], unknown setting `password`; did you mean `password_"),
        ("# a comment\nx = '''\n[profiles.a]\n'''\n[profiles.a]", 2, "unknown setting `x` (settings are url, user, "),
    ],
)
def test_errors_name_file_line_and_setting(tmp_path: Path, toml: str, line: int, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(file, {}, {}, "a")
    assert str(caught.value).startswith(f"{file}, line {line}: {said}")


def test_errors_of_flags_name_the_flag() -> None:
    for flags, said in (
        ({"cacert": "x"}, "--cacert: cacert is for TLS"),
        ({"ssh": "a b"}, "--ssh: where SSH goes to"),
        ({"sessions": ("",)}, "--session: a pattern is empty"),
        ({"password_file": "/nowhere/x"}, "--password-file: /nowhere/x: No such file"),
        ({"password_file": "x", "password_command": "y"}, "--password-command: of password_file and"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(None, flags, {"XDG_CONFIG_HOME": "/nowhere"})
        assert str(caught.value).startswith(said)

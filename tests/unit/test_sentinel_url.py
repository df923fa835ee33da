"""URLs of Sentinel: what they name, what they show, and the user and password of the sentinels."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from redis_dash.client.endpoint import endpoint_of
from redis_dash.config import Url, load, settings
from redis_dash.config.password import Secret
from redis_dash.config.report import shown
from redis_dash.core.errors import ConfigError

WHOLE = "redis+sentinel://ann:hunter2@h1:7000,h2,[::1]/main.db-1/3?sentinel_username=bob&sentinel_password=hunter3%2F"


def test_hosts_primary_database_and_users() -> None:
    url = Url(WHOLE)
    assert (url.is_sentinel, url.is_cluster, url.primary, url.database) == (True, False, "main.db-1", 3)
    assert (url.user, url.sentinel_user) == ("ann", "bob")
    assert url.shown == str(url) == url.target == "redis+sentinel://ann@h1:7000,h2:26379,[::1]:26379/main.db-1/3"
    at = [endpoint_of(one) for one in url.sentinels]
    assert [(one.host, one.port, one.user, one.password, one.database) for one in at] == [
        ("h1", 7000, "bob", "hunter3/", 0),
        ("h2", 26379, "bob", "hunter3/", 0),
        ("::1", 26379, "bob", "hunter3/", 0),
    ]
    primary = endpoint_of(url.at("10.0.0.1", 6380))
    assert (primary.host, primary.port, primary.user, primary.password, primary.database) == (
        "10.0.0.1",
        6380,
        "ann",
        "hunter2",
        3,
    )
    other = endpoint_of(url.sentinel_at("h4", 26380))
    assert (other.host, other.port, other.user, other.password) == ("h4", 26380, "bob", "hunter3/")
    for one in (url, *url.sentinels, *url.seeds, url.at("h", 1)):
        assert "hunter" not in f"{one!r} {one} {one.described} {one.facts()}"


def test_what_is_left_out() -> None:
    url = Url("redis+sentinel://h/mymaster")
    assert (url.shown, url.user, url.sentinel_user) == ("redis+sentinel://h:26379/mymaster/0", "default", "default")
    (sentinel,) = map(endpoint_of, url.sentinels)
    assert (sentinel.user, sentinel.password, sentinel.port) == ("", "", 26379)
    assert Url("redis+sentinel://h:/mymaster").shown == url.shown
    assert Url("redis+sentinel://h/mymaster?db=2").shown == "redis+sentinel://h:26379/mymaster/2"
    assert url.with_database(4).reveal() == "redis+sentinel://h/mymaster/4"
    assert url.with_database(4).at("a", 1).database == 4
    assert Url("redis://h").sentinels == ()


def test_tls_and_ssh_are_for_the_sentinels_too() -> None:
    url = Url("rediss+sentinel://ann:hunter2@h/mymaster?ssl_cert_reqs=none&sni=name.example.com&ssh=ops%40bastion")
    assert url.described == "rediss+sentinel://ann@h:26379/mymaster/0 via bastion, not verified"
    for one in (*url.sentinels, url.at("10.0.0.1", 6380)):
        assert (one.is_tls, one.unverified, one.sni, one.ssh) == (
            True,
            "not verified",
            "name.example.com",
            "ops@bastion",
        )
        assert endpoint_of(one).tls is not None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("redis+sentinel://h", "names the primary after the hosts, for example redis.sentinel://host:26379/mymaster"),
        ("redis+sentinel://h/", "names the primary after the hosts"),
        ("redis+sentinel://h?db=1", "names the primary after the hosts"),
        ("redis+sentinel://h/my master", "letters, digits"),
        ("redis+sentinel://u:hunter2-/secret@h/mymaster", "%2F"),
        ("redis+sentinel://h/mymaster/orders", "follows the primary's name, for example"),
        ("redis+sentinel://h/mymaster/hunter2", "follows the primary's name"),
        ("redis+sentinel:///mymaster", "names no host|no host can have"),
        ("redis+sentinel://h,/mymaster", "names no host"),
        ("redis+sentinel://h:99999/mymaster", "cannot be read"),
        ("redis-sentinel://h/mymaster", "did you mean redis.sentinel://"),
        ("redis+sentinal://h/mymaster", "did you mean redis.sentinel://"),
        ("rediss-sentinel://h/mymaster", "did you mean rediss.sentinel://"),
        ("sentinel://h/mymaster", "did you mean redis.sentinel://"),
        ("redis-cluster://h", "did you mean redis.cluster://"),
        ("unix+sentinel://h/mymaster", "begins with redis://"),
    ],
)
def test_a_bad_url_says_what_a_good_one_looks_like(raw: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Url(raw)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


FILE = """\
url = "redis+sentinel://ann@h1,h2/mymaster"
password_file = "data"
sentinel_user = "bob"
sentinel_password_file = "sentinels"

[profiles.other]
sentinel_password_command = "echo of-program secret"

[profiles.plain]
url = "redis://h"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "data").write_text("of-data\n")
    (tmp_path / "sentinels").write_text("of-sentinels\n")
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def ways(path: Path, environ: dict[str, str], profile: str | None = None, **flags: object) -> list[str]:
    """``user:password@host`` of the primary and of the first sentinel."""
    url = Url(load(path, flags, environ, profile, ask=lambda target: Secret(f"typed for {target}")).url)
    ends = [endpoint_of(url.at("primary", 1)), *map(endpoint_of, url.sentinels[:1])]
    return [f"{one.user}:{one.password}@{one.host}" for one in ends]


def test_the_sentinels_have_their_own_user_and_password(file: Path) -> None:
    assert ways(file, {}) == ["ann:of-data@primary", "bob:of-sentinels@h1"]
    assert ways(file, {"REDIS_DASH_PASSWORD": "of-env"}) == ["ann:of-env@primary", "bob:of-sentinels@h1"]
    assert ways(file, {"REDIS_DASH_SENTINEL_PASSWORD": "of-env"}) == ["ann:of-data@primary", "bob:of-env@h1"]
    assert ways(file, {}, "other") == ["ann:of-data@primary", "bob:of-program secret@h1"]
    assert ways(file, {}, sentinel_user="eve") == ["ann:of-data@primary", "eve:of-sentinels@h1"]
    assert ways(file, {}, ask_sentinel_password=True)[1] == (
        "bob:typed for the sentinels of redis+sentinel://ann@h1:26379,h2:26379/mymaster/0@h1"
    )


def test_a_url_takes_no_password_that_is_meant_for_other_sentinels(file: Path) -> None:
    flag = {"url": "redis+sentinel://elsewhere/mymaster"}
    assert ways(file, {}, **flag) == [":@primary", ":@elsewhere"]
    assert ways(file, {"REDIS_URL": flag["url"]}) == [":@primary", ":@elsewhere"]
    own = {"url": "redis+sentinel://elsewhere/mymaster?sentinel_password=of-url"}
    assert ways(file, {"REDIS_DASH_SENTINEL_PASSWORD": "of-env"}, **own) == [":@primary", ":of-url@elsewhere"]
    assert ways(file, {"REDIS_DASH_SENTINEL_PASSWORD": "of-env"}, "plain") == [":@primary"]


def test_settings_that_need_sentinels_say_so(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"--sentinel-user: sentinel_user is for Sentinel: .* redis.sentinel://host"):
        load(None, {"url": "redis://h", "sentinel_user": "bob"}, {})
    with pytest.raises(ConfigError, match="--ask-sentinel-password is for Sentinel"):
        load(None, {"url": "redis://h", "ask_sentinel_password": True}, {})
    both = {"sentinel_password_file": "a", "sentinel_password_command": "b"}
    with pytest.raises(ConfigError, match="of sentinel_password_file and sentinel_password_command only one"):
        load(file, both, {})
    file.write_text(FILE.replace('= "sentinels"', '= "missing"'))
    with pytest.raises(ConfigError, match=r"line 4: sentinel_password_file: .*missing: No such file"):
        load(file, {}, {})
    file.write_text(FILE.replace("sentinel_user", "sentinal_user"))
    with pytest.raises(ConfigError, match="did you mean `sentinel_user`"):
        load(file, {}, {})


def test_config_show_names_the_places_and_no_password(file: Path) -> None:
    text = shown(settings(file, {}, {}, "other"))
    assert f"# password of the sentinels: sentinel_password_command, {file}, line 7, profile other" in text
    assert 'sentinel_password_command = "echo …"' in text
    assert "secret" not in text
    assert "# password of the sentinels: environment, REDIS_DASH_SENTINEL_PASSWORD" in shown(
        settings(file, {}, {"REDIS_DASH_SENTINEL_PASSWORD": "hunter2"})
    )
    in_url = shown(settings(None, {"url": WHOLE}, {}))
    assert "# password of the sentinels: in the URL, command line" in in_url
    assert "hunter" not in in_url
    assert "sentinels" not in shown(settings(None, {"url": "redis://h"}, {"REDIS_DASH_SENTINEL_PASSWORD": "hunter2"}))

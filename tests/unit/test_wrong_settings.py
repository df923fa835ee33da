"""Everything that is wrong with the settings is told: all errors of all entries, and values that are empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from redis_dash.client.endpoint import endpoint_of
from redis_dash.config import Config, Url, load
from redis_dash.config.report import check
from redis_dash.config.several_hosts import ESCAPE, SENTINEL_EXAMPLE
from redis_dash.config.url import SNI
from redis_dash.config.url_options import known_options, option_troubles
from redis_dash.config.way_in import TEXTS, WayIn
from redis_dash.core.errors import ConfigError


def wrong(tmp_path: Path, text: str) -> list[str]:
    """What is wrong in a file, without its path."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    return [line.removeprefix(f"{file}, ").removeprefix(f"{file}: ") for line in check(file)]


def test_all_errors_of_all_entries_are_told(tmp_path: Path) -> None:
    found = wrong(
        tmp_path,
        """\
refresh_s = 0
channels = [1, "a", ""]

[[limits]]
keys = "a:*"
limit = "10"

[[limits]]
limit = "1/2"

[[limits]]
keys = "b:*"
formt = "gcra"

[[limits]]
keys = 3
limit = true
more = 1

[[sessions]]
keys = "s:*"
format = "jsn"
user = 3

[[sessions]]
key = "t:*"
role = "a..b"

[[sessions]]
keys = "u:*"
format = "sjon"
companions = [{ key = "x" }, { member = "y" }, 5]
""",
    )
    assert [one.partition(" (")[0].partition("; ")[0].partition(", so")[0] for one in found] == [
        "line 1: refresh_s must lie between 0.1 and 3600 seconds",
        "line 2: channels, entry 1: a text in quotes is expected, not a number",
        "line 2: channels, entry 3: a pattern is empty",
        "line 6: limits, entry 1, limit: a limit is written REQUESTS/SECONDS, for example 100/60, not '10'",
        "line 8: limits, entry 2: `keys` is missing",
        "line 13: limits, entry 3: unknown setting `formt`",
        "line 16: limits, entry 4, keys: a text in quotes is expected, not a number",
        "line 17: limits, entry 4, limit: a text in quotes is expected, not true or false",
        "line 18: limits, entry 4: unknown setting `more`",
        "line 23: sessions, entry 1, user: a text in quotes is expected, not a number",
        "line 22: sessions, entry 1, format: no format of sessions has the name 'jsn'",
        "line 26: sessions, entry 2: unknown setting `key`",
        "line 27: sessions, entry 2, role: a path is names with dots between, such as data.user.email, not 'a..b'",
        "line 32: sessions, entry 3, companions, entry 1: without `member` the key is deleted",
        "line 32: sessions, entry 3, companions, entry 2: `key` is missing",
        "line 32: sessions, entry 3, companions, entry 2, member: it must say which session, for example {id}",
        "line 32: sessions, entry 3, companions, entry 3: a table is expected, not a number",
        "line 31: sessions, entry 3, format: no format of sessions has the name 'sjon'",
    ]


def test_the_texts_of_the_way_in_are_all_there() -> None:
    assert set(TEXTS) == {name for name in WayIn.__struct_fields__ if getattr(Config(), name) == ""}


@pytest.mark.parametrize("name", TEXTS)
def test_an_empty_value_is_an_error(tmp_path: Path, name: str) -> None:
    """An empty variable of a shell must not mean a direct connection, or one without a password."""
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(ConfigError) as caught:
        load(None, {"url": "rediss://h", name: ""}, {"XDG_CONFIG_HOME": "/nowhere"})
    assert str(caught.value) == f"{flag}: the value is empty; is a variable of the shell not set?"
    said = f"{name}: the value is empty; leave it out"
    assert wrong(tmp_path, f'url = "rediss://h"\n{name} = ""\n')[:1] == [f"line 2: {said}"]
    with pytest.raises(ConfigError, match=f"line 2: {said}"):
        load(tmp_path / "config.toml", {}, {})
    assert wrong(tmp_path, f'[profiles.a]\n{name} = ""\n') == [f"line 2: [profiles.a], {said}"]


def test_a_profile_with_a_url_has_nothing_to_switch_off(tmp_path: Path) -> None:
    text = 'url = "redis://a"\nssh = "bastion"\n[profiles.b]\nurl = "redis://b"\nssh = ""\n[profiles.c]\nssh = ""\n'
    assert wrong(tmp_path, text) == ["line 5: [profiles.b], ssh: the value is empty; leave it out"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "rediss://h?ssl_cert_req=none",
            ["the option ssl_cert_req in the URL is not known; did you mean 'ssl_cert_reqs'?"],
        ),
        ("redis://h?ssl_cert_reqs=none", ["the option ssl_cert_reqs is for TLS, which is rediss://"]),
        ("rediss://h?ssl_cert_reqs=no", ["the option ssl_cert_reqs in the URL is none, optional or required"]),
        ("redis://h?ssh=", ["the option ssh in the URL is empty; leave it out"]),
        ("redis://h?socket_timeout=abc", ["the option socket_timeout in the URL is a number"]),
        (
            "redis+sentinel://a,b/mymaster/0?sentinel_user=x&foo=1",
            [
                "the option sentinel_user in the URL is not known; did you mean 'sentinel_username'?",
                "the option foo in the URL is not known",
            ],
        ),
        ("redis://ann:12?hunter2=a@h", [f"the URL has an option that is not known; {ESCAPE}"]),
    ],
)
def test_options_of_a_url_are_checked(tmp_path: Path, url: str, said: list[str]) -> None:
    assert wrong(tmp_path, f'\n[profiles.a]\nurl = "{url}"\n') == [f"line 3: url: {one}" for one in said]
    with pytest.raises(ConfigError) as caught:
        load(None, {}, {"REDIS_URL": url, "XDG_CONFIG_HOME": str(tmp_path)})
    assert str(caught.value) == f"REDIS_URL: {said[0]}"


@pytest.mark.parametrize("base", ["redis://h", "rediss://h", "unix:///s", "rediss+sentinel://h/mymaster"])
def test_every_known_option_can_be_used(base: str) -> None:
    """By the driver, which reads unusual ones."""
    values = {"ssl_cert_reqs": "none", "ssl_min_version": "771", "encoding": "utf-8", "sni": "h", "ssl_ca_certs": "x"}
    flags = dict.fromkeys(("ssl_include_verify_flags", "ssl_exclude_verify_flags"), "VERIFY_X509_STRICT")
    for name in known_options(base.partition(":")[0]):
        url = f"{base}?{name}={(values | flags).get(name, '1')}"
        if name != SNI or base.startswith("rediss"):
            assert list(option_troubles(url)) == []
            assert endpoint_of(Url(url).seeds[0]).database in (0, 1)


def test_all_settings_that_do_not_fit_together_are_told_once(tmp_path: Path) -> None:
    text = (
        'url = "redis://h?foo=1"\ncacert = "config.toml"\ninsecure = true\nsentinel_user = "x"\n'
        '[profiles.a]\nrefresh_s = 0\nsni = "y"\nbudjet = 1\n'
    )
    assert wrong(tmp_path, text) == [
        "line 1: url: the option foo in the URL is not known",
        "line 2: cacert is for TLS: the URL begins with rediss://, and not with redis://",
        "line 3: insecure is for TLS: the URL begins with rediss://, and not with redis://",
        f"line 4: sentinel_user is for Sentinel: the URL is in the form {SENTINEL_EXAMPLE}",
        "line 6: [profiles.a], refresh_s must lie between 0.1 and 3600 seconds",
        "line 8: [profiles.a], unknown setting `budjet`; did you mean `budget`?",
        "line 7: sni is for TLS: the URL begins with rediss://, and not with redis://",
    ]


@pytest.mark.parametrize("url", ["url = 5", 'urll = "rediss://h"', "", 'sni = ".x"\nurl = "redis://h"'])
def test_nothing_is_said_to_contradict_a_way_that_is_not_known(tmp_path: Path, url: str) -> None:
    """A URL that is wrong or misspelt says nothing of TLS."""
    text = f"{url}\n[profiles.a]\n{url}\ninsecure = true\n"
    assert any("insecure is for TLS" in line for line in wrong(tmp_path, text)) == (url == "")

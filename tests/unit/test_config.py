"""Settings: their order of precedence, and errors that name the place and the correction."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

from redis_dash.client.endpoint import endpoint_of
from redis_dash.config import Config, LimitPattern, Url, config_path, load, parse_rule
from redis_dash.core.errors import ConfigError

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
    assert Url("redis://b\u00fccher.example.").shown == "redis://b\u00fccher.example.:6379/0"
    assert Url(f"redis://{'a' * 63}.example").database == 0
    assert Url("unix://ann:secret@/run/redis.sock?db=4").shown == "unix://ann@/run/redis.sock?db=4"
    assert Url("unix:///run/redis.sock?db=4").database == 4
    assert Url("unix:///run/redis.sock").shown == "unix:///run/redis.sock"


@pytest.mark.parametrize("raw", ["redis://h:7000?db=3", "redis://h:7000/2?db=3", "redis://h:7000/3/"])
def test_url_is_shown_with_the_database_that_is_watched(raw: str) -> None:
    url = Url(raw)
    assert (url.database, url.shown, endpoint_of(url).database) == (3, "redis://h:7000/3", 3)


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        ("redis://h", "redis://h/5"),
        ("redis://ann:p%2Fw@h:7000/1?db=3", "redis://ann:p%2Fw@h:7000/5"),
        ("rediss://h/2?ssl_cert_reqs=none&password=a%2Bb", "rediss://h/5?ssl_cert_reqs=none&password=a%2Bb"),
        ("unix:///run/a%20b?db=1", "unix:///run/a%20b?db=5"),
        ("unix://ann:pw@/run/r?password=x", "unix://ann:pw@/run/r?password=x&db=5"),
    ],
)
def test_url_of_another_database_is_the_same_besides(raw: str, whole: str) -> None:
    url = Url(raw).with_database(5)
    assert url.reveal() == whole
    before, after = endpoint_of(Url(raw)), endpoint_of(url)
    assert after.database == url.database == 5
    assert [getattr(after, name) for name in ("host", "port", "path", "user", "password")] == [
        getattr(before, name) for name in ("host", "port", "path", "user", "password")
    ]


def test_the_database_of_the_command_line_replaces_that_of_the_url() -> None:
    flags = {"url": "redis://:pw@h/1", "database": 3}
    assert load(None, flags, {}).url == "redis://:pw@h/3"
    assert load(None, {"database": 2}, {"REDIS_URL": "redis://env/9"}).url == "redis://env/2"
    assert load(None, {"database": 0}, {"REDIS_URL": "redis://env/9"}).url == "redis://env/0"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("localhost:6379", "did you mean 'redis://localhost:6379'"),
        ("redis.example.com", "did you mean 'redis://redis.example.com'"),
        ("user:hunter2@localhost:6379", "for example redis://"),
        ("/run/redis.sock", "did you mean unix://"),
        ("unix://run/redis.sock", "begins with a slash"),
        ("unix:///run/%00", "no NUL"),
        ("unix://", "names no socket; for example unix:///run/redis.sock"),
        ("unix:///?db=1", "names no socket"),
        ("redis://a..b", "no host can have the name"),
        ("redis://:hunter2..x/y@h", "no host|cannot be read"),
        (f"redis://{'a' * 64}.example", "no host can have the name"),
        ("redis://a%00b", "no host can have the name"),
        ("redis://a%1b%5b2Jb", "no host can have the name"),
        ("redis://a%20b", "no host can have the name"),
        ("redis://[::1%00]", "cannot be read|no host"),
        ("redis://h\udcff", "cannot be read"),
        ("redis://:hunter2\udcff@h", "cannot be read"),
        ("redis://h:0", "from 1 to 65535"),
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
    ("toml", "line", "said"),
    [
        ("chanels = []", 1, "unknown setting `chanels`; did you mean `channels`?"),
        ("refresh_s = 0", 1, "refresh_s must lie between 0.1 and 3600 seconds"),
        ("refresh_s = 'a'", 1, "refresh_s: a number is expected, not a text in quotes"),
        ("refresh_s = true", 1, "refresh_s: a number is expected, not true or false"),
        ("refresh_s = 1979-05-27", 1, "refresh_s: a number is expected, not a date"),
        ("budget = 2", 1, "budget is a share of one core"),
        (
            '[[limits]]\nkeys = "a"\nlimit = "many"',
            3,
            "limits, entry 1, limit: a limit is written REQUESTS/SECONDS, for example 100/60, not 'many'",
        ),
        ('[[limits]]\nkeys = "a"\nlimit = "none"', 3, "limits, entry 1, limit: 'none' is for the flag --limit"),
        (
            '[[limits]]\nkeys = "a"\n[[limits]]\nkeys = 5',
            4,
            "limits, entry 2, keys: a text in quotes is expected, not a n",
        ),
        ('[[limits]]\nlimit = "1/2"', 1, "limits, entry 1: `keys` is missing"),
        ('[[limits]]\nkeys = "a"\nfoo = 1', 3, "limits, entry 1: unknown setting `foo` (settings are keys, "),
        (
            '[[caches]]\nname = "a"\nkeys = "a"\nhits = 1',
            4,
            "caches, entry 1: unknown setting `hits` (settings are name, ",
        ),
        ("[limits]\na = 1", 1, "limits: a list is expected, not a table; tables in a list are written [[limits]]"),
        ("sessions = ['']", 1, "sessions, entry 1: a pattern is empty"),
        ("[[caches]]\nname = 'a'\nkeys = ''", 3, "caches, entry 1, keys: a pattern is empty"),
        ("sessions = [5]", 1, "sessions, entry 1: a text in quotes or a table is expected, not a number"),
        (
            "[sessions]\na = 1",
            1,
            "sessions: a list is expected, not a table; tables in a list are written [[sessions]]",
        ),
        ('[[sessions]]\nkeys = "a"\nusr = "b"', 3, "sessions, entry 1: unknown setting `usr`; did you mean `user`?"),
        (
            '[[sessions]]\nkeys = "a"\nuser = "data..name"',
            3,
            "sessions, entry 1, user: a path is names with dots between, such as data.user.email, not 'data.",
        ),
        (
            '[[sessions]]\nkeys = "a"\n[[sessions]]\nkeys = "b"\nformat = "jsn"',
            5,
            "sessions, entry 2, format: no format of sessions has the name 'jsn'; did you mean 'json'? There are js",
        ),
        (
            '[[sessions]]\nkeys = "a"\nformat = "oauth2-proxy"\nuser = "b"',
            4,
            "sessions, entry 1, user: in the format 'oauth2-proxy' no path can be followed",
        ),
        (
            '[[sessions]]\nkeys = "a"\ncompanions = ["user:{user}"]',
            3,
            "sessions, entry 1, companions, entry 1: a table is expected, not a text in quotes",
        ),
        (
            '[[sessions]]\nkeys = "a"\ncompanions = [{ key = "b:{id}", members = "{id}" }]',
            3,
            "sessions, entry 1, companions, entry 1: unknown setting `members`; did you mean `member`?",
        ),
        (
            '[[sessions]]\nkeys = "a"\ncompanions = [{ key = "user:{user}" }]',
            3,
            "sessions, entry 1, companions, entry 1: without `member` the key is deleted, so it must hold {id} or {ke",
        ),
        (
            '[[sessions]]\nkeys = "a"\ncompanions = [{ key = "user:{user", member = "{id}" }]',
            3,
            "sessions, entry 1, companions, entry 1, key: names stand in braces, such as {id}; a brace that ",
        ),
        (
            '[[sessions]]\nkeys = "a"\ncompanions = [{ key = "all", member = "x" }]',
            3,
            "sessions, entry 1, companions, entry 1, member: it must say which session, for example {id}",
        ),
        (
            '[[limits]]\nkeys = "a"\nformat = "sliding windw"',
            3,
            "limits, entry 1, format: no format of limits has the name 'sliding windw'; did you mean 'sliding window'?",
        ),
        (
            '[[limits]]\nkeys = "a"\nformat = "GCRA"',
            3,
            "limits, entry 1, format: no format of limits has the name 'GCRA'; did you mean 'gcra'?",
        ),
        (
            '[[leaderboards]]\nkeys = "a"\ntitle = "b"',
            3,
            "leaderboards, entry 1: unknown setting `title` (settings are keys, name)",
        ),
        ("[[leaderboards]]\nkeys = ''", 2, "leaderboards, entry 1, keys: a pattern is empty"),
        ("channels = 5", 1, "channels: a list is expected, not a number"),
        ("channels = [5]", 1, "channels, entry 1: a text in quotes is expected, not a number"),
        ("channels = [", 1, "not valid TOML: the value is missing, or it is a text w"),
        ("url = 'localhost:1'", 1, "url: a Redis URL begins with redis://, rediss:// or unix://; did you mean"),
    ],
)
def test_a_bad_file_is_named_with_the_place_in_it(tmp_path: Path, toml: str, line: int, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(file, {}, {})
    text = str(caught.value)
    assert text.startswith(f"{file}, line {line}: {said}" if line else f"{file}: {said}")
    assert not re.search(r"Expected|Object|array|object|`str`|`int`|\$", text.removeprefix(str(file)))


def test_a_bad_url_is_reported_with_its_origin_and_only_if_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('url = "localhost:1"')
    good = {"REDIS_URL": "redis://env"}
    assert load(file, {}, good).url == "redis://env"
    assert load(file, {"url": "redis://flag"}, {"REDIS_URL": "localhost:1"}).url == "redis://flag"
    with pytest.raises(ConfigError, match=r"^REDIS_URL: a Redis URL begins"):
        load(None, {}, {"REDIS_URL": "localhost:1", "XDG_CONFIG_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match=r"^a Redis URL begins"):
        load(file, {"url": "localhost:1"}, good)


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match="Permission denied"):
        load(None, {}, {"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {}, {})


@pytest.mark.parametrize("text", ["100", "0/60", "a/b", "10/0", "10/inf", "10/nan", "-1/60"])
def test_a_bad_limit(text: str) -> None:
    with pytest.raises(ConfigError, match="100/60"):
        parse_rule(text)


def test_config_hides_its_url() -> None:
    assert SECRET not in repr(Config(url=f"redis://:{SECRET}@h"))

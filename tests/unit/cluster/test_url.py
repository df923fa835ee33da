"""The URL of a cluster names several servers, and shows no password."""

from __future__ import annotations

import pytest

from redis_dash.config import Url
from redis_dash.core.errors import ConfigError


@pytest.mark.parametrize(
    ("raw", "shown", "seeds"),
    [
        ("redis+cluster://one", "redis+cluster://one:6379/0", ["redis://one:6379/0"]),
        (
            "redis+cluster://one,two:7000/0",
            "redis+cluster://one:7000,two:7000/0",
            ["redis://one:7000/0", "redis://two:7000/0"],
        ),
        ("redis+cluster://one:1,two:2,three", "redis+cluster://one:1,two:2,three:6379/0", None),
        (
            "rediss+cluster://app@one:1,[::2]:2",
            "rediss+cluster://app@one:1,[::2]:2/0",
            ["rediss://app@one:1/0", "rediss://app@[::2]:2/0"],
        ),
        ("redis+cluster://app:s,%40cret@one:1,two:2/0", "redis+cluster://app@one:1,two:2/0", None),
    ],
)
def test_what_is_shown_and_the_servers_that_are_named(raw: str, shown: str, seeds: list[str] | None) -> None:
    url = Url(raw)
    assert url.is_cluster
    assert (str(url), url.target) == (shown, shown)
    assert "cret" not in repr(url)
    if seeds is not None:
        assert [str(seed) for seed in url.seeds] == seeds


def test_each_server_gets_the_user_the_password_and_the_options() -> None:
    url = Url("rediss+cluster://app:pw@one:1,two:2/0?ssl_ca_certs=/ca.pem")
    assert [seed.reveal() for seed in url.seeds] == [
        "rediss://app:pw@one:1/0?ssl_ca_certs=/ca.pem",
        "rediss://app:pw@two:2/0?ssl_ca_certs=/ca.pem",
    ]
    assert url.at("10.0.0.1", 7).reveal() == "rediss://app:pw@10.0.0.1:7/0?ssl_ca_certs=%2Fca.pem"
    assert url.at("10.0.0.1", 7, "one.example.com").sni == "one.example.com"
    assert url.is_tls
    assert url.user == "app"


def test_a_plain_url_leads_to_others_of_its_cluster() -> None:
    assert Url("redis://:pw@one:1/0").at("::1", 7).reveal() == "redis://:pw@[::1]:7/0"
    assert Url("unix:///run/redis.sock?db=0").at("one", 7).reveal() == "redis://one:7/0"
    assert Url("redis://one").seeds[0].reveal() == "redis://one"
    assert not Url("redis://one").is_cluster


def test_another_user_and_password() -> None:
    url = Url("redis+cluster://one:1,two:2/0").with_way_in("app", "p,w@", {})
    assert [seed.reveal() for seed in url.seeds] == ["redis://app:p%2Cw%40@one:1/0", "redis://app:p%2Cw%40@two:2/0"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("redis+cluster://one:1,two:2/3", "one database only"),
        ("redis+cluster://one,,two", "names no host"),
        ("redis+cluster://", "names no host"),
        ("redis+cluster://one:x", "cannot be read"),
        ("redis+cluster://one:0", "from 1 to 65535"),
        ("unix+cluster:///run/a.sock", "begins with"),
    ],
)
def test_what_cannot_be_a_cluster(raw: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Url(raw)


def test_another_database_is_refused() -> None:
    with pytest.raises(ConfigError, match="one database only"):
        Url("redis+cluster://one").with_database(2)

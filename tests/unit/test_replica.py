"""A replica that is read: whether it may be, how far it is behind, and how the user asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from redis_dash.client.address import Address
from redis_dash.client.endpoint import endpoint_of
from redis_dash.client.replica import NO_LINK, NO_REPLICA, OTHER_DATA, Candidate, Lag, Replica, lag, other_data
from redis_dash.config import Url, load
from redis_dash.core.errors import ConfigError

PRIMARY = {"role": "master", "master_replid": "aa", "master_repl_offset": "5000"}
REPLICA = {
    "role": "slave",
    "master_link_status": "up",
    "master_replid": "aa",
    "slave_repl_offset": "4200",
    "master_last_io_seconds_ago": "3",
}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (REPLICA, ""),
        (REPLICA | {"master_link_status": "down"}, NO_LINK),
        (PRIMARY, NO_REPLICA),
        ({}, NO_REPLICA),
    ],
)
def test_only_a_replica_with_a_link_is_read(values: dict[str, str], why: str) -> None:
    replica = Replica(Candidate(Address("10.0.0.1", 6379), Url("redis://10.0.0.1:6379/0")))
    assert replica.doubt(values) == why


def test_only_a_replica_of_this_primary_is_read() -> None:
    assert other_data(PRIMARY, REPLICA) == ""
    assert other_data(PRIMARY, REPLICA | {"master_replid": "bb"}) == OTHER_DATA
    assert other_data({}, {}) == OTHER_DATA


def test_how_far_it_is_behind() -> None:
    assert lag(PRIMARY, REPLICA) == Lag(800, 3)
    assert lag(PRIMARY, REPLICA | {"slave_repl_offset": "5100"}) == Lag(0, 3)
    assert lag(PRIMARY, {"slave_repl_offset": "?"}) == Lag(None, None)


@pytest.mark.parametrize("url", ["redis+cluster://a,b:7000", "redis+sentinel://a/mymaster/2", "rediss://a/1"])
def test_the_setting_is_an_option_of_the_url(url: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'url = "{url}"\nread_from_replicas = true\n')
    found = Url(load(file, {}, {}).url)
    assert found.reads_replicas
    assert found.facts()["read_from_replicas"] is True
    assert (found.shown, found.database) == (Url(url).shown, Url(url).database)
    assert all(endpoint_of(one).host for one in found.seeds)
    assert not Url(load(file, {"url": "redis://other"}, {}).url).reads_replicas  # it is for the URL beside it
    assert Url(load(file, {"url": "redis://other", "read_from_replicas": True}, {}).url).reads_replicas


def test_the_option_is_true_or_false() -> None:
    assert not Url("redis://a?read_from_replicas=no").reads_replicas
    with pytest.raises(ConfigError, match="read_from_replicas in the Redis URL is true or false"):
        Url("redis://a?read_from_replicas=sometimes")

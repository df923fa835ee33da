"""The counters of changes in INFO."""

from __future__ import annotations

import pytest

from redis_dash.client.change_counters import Changes, NodeChanges, changes_of, keys_of, lost_between, writes_between

INFO = {
    "role": "master",
    "loading": "0",
    "run_id": "r",
    "master_replid": "m",
    "rdb_changes_since_last_save": "7",
    "rdb_last_save_time": "1700000000",
    "rdb_saves": "2",
    "expired_keys": "3",
    "expired_subkeys": "4",
    "evicted_keys": "5",
    "db0": "keys=12,expires=3,avg_ttl=0",
    "db3": "keys=1,expires=0,avg_ttl=0",
}


def changed(**values: str) -> Changes:
    changes = changes_of(INFO | values, 0)
    assert changes is not None
    return changes


def test_what_info_tells() -> None:
    assert changes_of(INFO, 0) == (NodeChanges("r", "m", 7, 1_700_000_000, 2, 3, 4, 5, 12),)
    assert keys_of(changed(db0="")) == 0
    other = changes_of(INFO, 3)
    assert other is not None
    assert keys_of(other) == 1


def test_an_older_server_does_not_count_its_saves() -> None:
    changes = changes_of({name: value for name, value in INFO.items() if name != "rdb_saves"}, 0)
    assert changes is not None
    assert changes[0].saves is None


@pytest.mark.parametrize(
    "name", [name for name in INFO if name not in ("rdb_saves", "expired_subkeys", "db0", "db3", "loading")]
)
def test_incomplete_counters_give_none(name: str) -> None:
    assert changes_of({other: value for other, value in INFO.items() if other != name}, 0) is None
    if name not in ("run_id", "master_replid"):
        assert changes_of(INFO | {name: "nonsense"}, 0) is None


def test_a_replica_and_a_server_that_loads_tell_nothing() -> None:
    assert changes_of(INFO | {"role": "slave"}, 0) is None
    assert changes_of(INFO | {"loading": "1"}, 0) is None


def test_nonsense_in_the_keyspace_gives_none() -> None:
    assert changes_of(INFO | {"db0": "keys=many"}, 0) is None


def test_writes_between_two() -> None:
    assert writes_between(changed(), changed(rdb_changes_since_last_save="10")) == 3
    assert writes_between(changed(), changed(expired_keys="9")) == 0


@pytest.mark.parametrize("name", ["run_id", "master_replid", "rdb_last_save_time", "rdb_saves"])
def test_after_a_save_or_on_another_server_the_writes_are_unknown(name: str) -> None:
    assert writes_between(changed(), changed(**{name: "9"}, rdb_changes_since_last_save="10")) is None


def test_writes_that_went_back_are_unknown() -> None:
    assert writes_between(changed(), changed(rdb_changes_since_last_save="6")) is None


def test_the_keys_that_were_lost_between_two() -> None:
    assert lost_between(changed(), changed(expired_keys="5", evicted_keys="9")) == 6
    assert lost_between(changed(), changed(expired_keys="0")) is None  # the counters were reset


def test_several_nodes_are_added() -> None:
    before = changed() + changed(run_id="s", db0="keys=5")
    after = changed(rdb_changes_since_last_save="9") + changed(
        run_id="s", rdb_changes_since_last_save="8", db0="keys=6"
    )
    assert writes_between(before, after) == 3
    assert lost_between(before, after) == 0
    assert keys_of(after) == 18


def test_a_reset_on_one_node_does_not_hide_changes_on_another() -> None:
    before = changed(expired_keys="5") + changed(expired_keys="0")
    after = changed(expired_keys="0") + changed(expired_keys="5")
    assert after != before
    assert lost_between(before, after) is None


def test_a_save_on_one_node_makes_the_writes_of_all_unknown() -> None:
    before, after = changed() + changed(), changed() + changed(rdb_saves="9", rdb_changes_since_last_save="0")
    assert writes_between(before, after) is None

"""The picture of several nodes: what is added, what is not, and what is left out."""

from __future__ import annotations

import pytest

from redis_dash.client.info import Info
from redis_dash.client.merged_info import merged


def node(at: float = 1.0, **values: str) -> Info:
    return Info(values=values, at=at, own_hits=0, own_misses=0)


def empty(**values: str) -> Info:
    return node()._replace(values={"# Keyspace": "", **values})


def test_a_single_node_is_its_own_picture() -> None:
    only = node(anything="7")
    assert merged([only]) is only


def test_values_without_a_rule_are_left_out() -> None:
    whole = merged([node(tcp_port="1", used_memory="2"), node(tcp_port="3", used_memory="4")])
    assert whole.values == {"used_memory": "6"}


def test_a_value_that_a_node_does_not_report_is_not_that_of_the_others() -> None:
    poor = merged([node(used_memory="2", db0="keys=9,expires=3,avg_ttl=1000", maxmemory="7"), node()])
    assert poor.values == {}
    several = merged([node(maxmemory="7", db0="keys=9,expires=0"), empty(maxmemory="0")])
    assert several.values == {"maxmemory": "0", "db0": "keys=9,expires=0,avg_ttl=0", "# Keyspace": ""}


def test_the_average_lifetime_is_that_of_all_expiring_keys() -> None:
    whole = merged([node(db0="keys=9,expires=3,avg_ttl=1000"), node(db0="keys=2,expires=1,avg_ttl=5000"), empty()])
    assert whole.values["db0"] == "keys=11,expires=4,avg_ttl=2000"
    assert merged([node(db0="keys=1,expires=0,avg_ttl=0"), empty()]).values["db0"] == "keys=1,expires=0,avg_ttl=0"


def test_another_run_of_any_node_is_another_run_of_the_whole() -> None:
    before, after = (merged([node(run_id="a"), node(run_id=run)]).values["run_id"] for run in ("b", "c"))
    assert before != after


def test_different_versions_and_roles_are_all_named() -> None:
    whole = merged([node(role="master", redis_version="7.0.0"), node(role="slave", redis_version="7.0.0")])
    assert (whole.values["role"], whole.values["redis_version"]) == ("master, slave", "7.0.0")


def test_it_is_as_old_as_its_oldest_part() -> None:
    whole = merged([node(at=5.0, uptime_in_seconds="90"), node(at=3.0, uptime_in_seconds="7")])
    assert (whole.at, whole.values["uptime_in_seconds"]) == (3.0, "7")


@pytest.mark.parametrize(
    ("resets", "since", "in_part"),
    [
        ((None, None), None, None),
        ((100.0, None), None, 100.0),
        ((100.0, 101.0), 100.0, None),
        ((100.0, 160.0), None, 160.0),
    ],
)
def test_the_sums_are_since_a_reset_only_if_all_nodes_were_reset_then(
    resets: tuple[float | None, float | None], since: float | None, in_part: float | None
) -> None:
    whole = merged([node()._replace(since=at) for at in resets])
    assert (whole.since, whole.reset_in_part) == (since, in_part)


def test_one_node_without_change_counters_leaves_the_whole_without() -> None:
    assert merged([node()._replace(changes=()), node()]).changes is None

"""What bounds the number of keys in a group where the server tells no counters."""

from __future__ import annotations

from redis_dash.keyspace.changes import NOT_KNOWN, Expiry, Since
from redis_dash.keyspace.key_group import KeyGroup
from tests.unit.test_key_group import complete, names

FOREVER = Expiry(0, 0.0)


def test_without_counters_a_second_pass_tells_how_many_keys_come() -> None:
    """10 keys a second come: at 0, nobody knows; in the second pass the bound holds, and it is no whole database."""
    key_group = KeyGroup()
    complete(key_group, names(600), began=0.0, ended=1.0)
    unknown = Since(NOT_KNOWN, NOT_KNOWN, FOREVER)
    assert key_group.count(1.0, unknown).bounds == (600, 0, None)
    key_group.begin(10.0)
    key_group.add([*names(60), *names(10, start=9000)], 10_000, 100_000, 0.1, 11.0)
    count = key_group.count(12.0, unknown)
    assert count.certainty == "counted"
    assert count.value == 600
    assert count.high is not None
    assert 720 <= count.high < 1000


def test_an_empty_database_tells_no_rate() -> None:
    key_group = KeyGroup()
    complete(key_group, [], began=0.0, ended=1.0)
    key_group.begin(2.0)
    for _ in range(2):
        assert key_group.count(2.0, Since(NOT_KNOWN, NOT_KNOWN, FOREVER)).bounds == (0, 0, None)
        key_group.add([], 0, 0, 0.0, 2.0)

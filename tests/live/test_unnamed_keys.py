"""Names that nobody needs are dropped as soon as they are sorted. Counts, readers and the kinds miss nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import redis

from redis_dash.client.deployment import Deployment
from redis_dash.keyspace.key_patterns import KeyPatterns
from redis_dash.keyspace.learning import Learning
from redis_dash.keyspace.scan import Keyspace
from redis_dash.keyspace.sorted_keys import Unnamed
from redis_dash.keyspace.strata import Slice
from tests.conftest import until
from tests.live.test_scan import KEY_GROUPS, count, fill

SESSIONS, LIMITS, HELD = 6000, 4000, 500


@pytest.fixture
def keyspace(deployment: Deployment, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Keyspace:
    monkeypatch.setattr("redis_dash.keyspace.key_group.HELD", HELD)
    fill(client, SESSIONS, LIMITS)
    keyspace = Keyspace(deployment, KEY_GROUPS, budget=1.0, rest_s=0.01)
    keyspace.full_speed = True
    return keyspace


async def assert_all_is_counted(keyspace: Keyspace) -> None:
    counts = [await count(keyspace, name) for name in ("sessions", "limits")]
    assert [(one.value, one.certainty) for one in counts] == [(SESSIONS, "exact"), (LIMITS, "exact")]
    assert len(keyspace.counts.key_groups["limits"].keys) == HELD


async def test_a_reader_and_the_kinds_get_all_names(keyspace: Keyspace) -> None:
    seen, patterns = set[bytes](), KeyPatterns()

    async def examine(keys: Sequence[bytes]) -> None:
        seen.update(keys)

    keyspace.readers["sessions"] = examine
    keyspace.learning = Learning(patterns)
    await keyspace.pass_over()
    assert seen == {b"session:%d" % number for number in range(SESSIONS)}
    assert patterns.seen == SESSIONS + LIMITS
    await assert_all_is_counted(keyspace)


async def test_names_beyond_those_that_are_held_are_dropped(keyspace: Keyspace) -> None:
    async def examine(keys: Sequence[bytes]) -> None:
        """It needs the names."""

    async def at_once() -> None:
        """No pause."""

    keyspace.readers["sessions"] = examine
    parts = list[Slice]()
    async for part in keyspace.walk(at_once):
        keyspace.counts.add(part.keys, part.scanned, part.size, 0.5)
        parts.append(part)
    dropped = [isinstance(part.keys["limits"], Unnamed) for part in parts]
    assert not dropped[0]
    assert all(dropped[3:])
    assert not any(isinstance(part.keys["sessions"], Unnamed) for part in parts)
    assert sum(len(part.keys["limits"]) for part in parts) == LIMITS
    with pytest.raises(LookupError):
        list(parts[-1].keys["limits"])
    everything = [part async for part in keyspace.walk()]  # as a search does
    assert {key for part in everything for key in part.keys["limits"]} == {b"ratelimit:%d" % n for n in range(LIMITS)}


async def test_a_reader_that_comes_in_a_pass_begins_with_the_next_slice(keyspace: Keyspace) -> None:
    sort, slices, processed, late = keyspace._matcher.sort, list[int](), 0, list[bytes]()

    def counted(keys: Sequence[bytes]) -> dict[str, list[bytes]]:
        slices.append(len(keys))
        return sort(keys)

    async def examine_too(keys: Sequence[bytes]) -> None:
        late.extend(keys)

    async def examine(keys: Sequence[bytes]) -> None:
        nonlocal processed
        processed += 1
        if processed == 3:
            await until(lambda: len(slices) > processed)  # the names of the next slice are dropped already
            keyspace.readers["limits"] = examine_too

    keyspace._matcher.sort = counted  # type: ignore[method-assign]
    keyspace.readers["sessions"] = examine
    await keyspace.pass_over()
    assert 0 < len(late) < LIMITS
    await assert_all_is_counted(keyspace)

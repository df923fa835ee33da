"""Of which topic keys may be that cannot be read, and how what is missing is told."""

from __future__ import annotations

import msgspec
import pytest

from frameworks.dump import unescaped
from redis_dash.core.certainty import exact
from redis_dash.core.rights import remedy
from redis_dash.dialects.layout import KeySample
from redis_dash.dialects.registry import layouts
from redis_dash.discovery.kinds import kind_of
from redis_dash.discovery.samples import ReadKey
from redis_dash.discovery.unread import Kind, of_topic, unread
from redis_dash.keyspace.key_patterns import FoundPattern
from tests.live.recordings import recording, recordings

TOPICS = ("sessions", "rate_limits", "cache")
TOPIC_OF = {"sessions": "sessions", "limits": "rate_limits", "caches": "cache"}
UUID = "0a3c6f5e-1234-4321-8888-0123456789ab"


def locked(*keys: bytes, unsure: tuple[str, ...] = ()) -> Kind:
    """A kind whose keys may not be read."""
    pattern = FoundPattern(keys[0].decode(errors="replace"), exact(len(keys)), keys)
    kind = kind_of(pattern, [ReadKey(KeySample(key, "", None, None), None, (), True) for key in keys])
    return pattern, msgspec.structs.replace(kind, unsure=unsure)


def topics_of(*names: str) -> list[str]:
    kinds = [locked(name.encode()) for name in names]
    return [topic for topic in TOPICS if of_topic(kinds, topic, lambda names, is_of: {})]


@pytest.mark.parametrize(
    ("name", "topics"),
    [
        (f"rq:job:{UUID}", []),
        (f"arq:job:{'0a' * 16}", []),
        (f"fastapi-cache:prices:{'0a' * 16}", ["cache"]),
        (f"myapp:{UUID}", ["sessions"]),
        (f"starsessions.{'0a' * 16}", ["sessions"]),
        ("throttled:v1:gcra:198.51.100.7", ["rate_limits"]),
    ],
)
def test_a_name_that_a_framework_alone_writes_is_of_no_other_topic(name: str, topics: list[str]) -> None:
    """The form of an id says less: any framework may write a UUID."""
    assert topics_of(name) == topics


@pytest.mark.parametrize("name", recordings(*TOPIC_OF))
def test_keys_of_each_framework_may_be_of_its_topic(name: str) -> None:
    recorded = recording(name)
    topic = TOPIC_OF[recorded["truth"]["kind"]]
    keys = [unescaped(key["name"]) for key in recorded["keys"]]
    samples = [KeySample(key, "", None, None) for key in keys]
    mine = [one.key for one in samples if any(lay.topic == topic and lay.read_name(one.key) for lay in layouts())]
    assert mine
    assert any(of_topic([locked(key)], topic, lambda names, is_of: {}) for key in mine)


def shown(glob: str) -> str:
    return glob


def test_a_command_that_is_refused_for_certain_is_not_told_as_perhaps() -> None:
    kinds = [locked(b"list:1", unsure=("GET", "LRANGE"))]
    told = unread(kinds, shown, read_rules=True, certain=("get",))
    assert told is not None
    assert (told.unsure, told.rules) == (("LRANGE",), ("%R~list:1", "+get"))
    alone = unread(kinds, shown, read_rules=True)
    assert alone is not None
    assert (alone.unsure, alone.rules) == (("GET", "LRANGE"), ("%R~list:1",))


@pytest.mark.parametrize(
    ("rules", "granted"),
    [
        (["%R~ratelimit:*", "+get", "%R~*"], "+get %R~*"),
        (["~rl:*", "%R~rl:checkout:*", "%R~rl", "~rl:*"], "~rl:* %R~rl"),
        (["%R~rl:*", "~rl:checkout:*"], "%R~rl:* ~rl:checkout:*"),
        (["&*", "&audit", "+get", "+getrange"], "&* +get +getrange"),
        (["%R~*", "~*"], "~*"),
        (["%R~a?c*", "%R~abc:*"], "%R~a?c* %R~abc:*"),
    ],
)
def test_a_remedy_does_not_grant_twice(rules: list[str], granted: str) -> None:
    assert remedy("ann", rules) == f"ACL SETUSER ann {granted}"

"""Globs match the same keys as on the server, compared with a real one."""

from __future__ import annotations

import random

import pytest
import redis

from redis_dash.core.patterns import Matcher, Pattern
from tests.conftest import until
from tests.live.subscribing import listening
from tests.live.versions import knows

STRANGE = [
    *(
        "",
        "*",
        "**",
        "?",
        "[",
        "[^",
        "[]",
        "[^]",
        "\\",
        "*\\",
        "[\\",
        "[a",
        "[ab",
        "[^ab",
        "[a-",
        "[a-]",
        "[a-]*",
        "]*",
    ),
    *("[c-a]*", "[^]a]*", "[a\\]b]*", "[]a]*", "[^a-]*", "[a-\\]*", "[\\a-c]*", "[a-c-e]", "a[", "a[^", "a\\", "[[]*"),
    *("[\x80-\xff]*", "[a-é]*", "é*", "[^\n]", "a\nb", "*[*]*", "\\*", "\\?", "\\[a]", "a.c", "(a)", "a|b", "$", "^a"),
    *("*" * 3000, "*a" * 1000 + "*", "*a" * 1001 + "*", "?" * 3),
]
ALPHABET = "ab]-[^\\*?cé\n"


def generated(seed: int) -> tuple[list[bytes], list[str]]:
    """Keys and patterns of few different characters, so that some match."""
    dice = random.Random(seed)
    keys = {"".join(dice.choices(ALPHABET, k=dice.randrange(6))).encode() for _ in range(1000)}
    keys |= {dice.randbytes(dice.randrange(3)) for _ in range(200)} | {b"a" * 1000, b"a" * 1001, b"a.c", b"abc"}
    globs = ["".join(dice.choices(ALPHABET + "**[[", k=dice.randrange(1, 9))) for _ in range(400)]
    return sorted(keys), globs


@pytest.mark.parametrize("seed", range(3))
def test_matches_what_the_server_matches(client: redis.Redis, seed: int) -> None:
    keys, globs = generated(seed)
    client.mset(dict.fromkeys(keys, b""))
    # Before Redis 7 the server matches any number of stars.
    strange = STRANGE if knows(client, 7) else [glob for glob in STRANGE if glob.count("*a") <= 1000]
    for glob in strange + globs:
        theirs = sorted(client.scan_iter(match=glob.encode(), count=10_000))
        pattern = Pattern(glob)
        assert (glob, [key for key in keys if pattern.variable(key) is not None]) == (glob, theirs)
        assert (glob, Matcher({"one": [glob], "two": ["zz*"]}).sort(keys).get("one", [])) == (glob, theirs)


@pytest.mark.parametrize(
    "channels", [("[]x]*", "x*"), ("x[", "x*", "*["), ("[c-a]?", "b*"), ("**", "x*"), ("*", ""), ("x\\", "x*")]
)
async def test_every_message_counts_once_whatever_the_patterns(
    client: redis.Redis, redis_url: str, channels: tuple[str, ...]
) -> None:
    names = ["x1", "x[", "bb", "x\\", "", "]x]"]
    reached = set()
    async with listening(redis_url, *channels) as subscriber:
        for name in [*names, *names]:
            if client.publish(name, b"hello"):
                reached.add(name.encode())
        assert b"" in reached or "" not in channels
        client.publish(last := "x*" if "x*" in channels else "bb", b"last")
        reached.add(last.encode())
        await until(lambda: subscriber.counts[last.encode()] == 1 + 2 * (last in names))
    assert subscriber.counts == {name: 2 + (name == last.encode()) if name.decode() in names else 1 for name in reached}

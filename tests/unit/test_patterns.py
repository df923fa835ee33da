"""What a pattern's wildcards match, and the key group of a key; tests/live compares with the server itself."""

from __future__ import annotations

import random

import pytest

from redis_dash.core.patterns import Matcher, Pattern


@pytest.mark.parametrize(
    ("glob", "key", "variable"),
    [
        ("session:*", b"session:abc", b"abc"),
        ("rl:*:min", b"rl:10.0.0.1:min", b"10.0.0.1"),
        ("rl:*:*:min", b"rl:GET:10.0.0.1:min", b"GET:10.0.0.1"),
        ("sess:????", b"sess:a1b2", b"a1b2"),
        ("s?:*:x", b"s1:abc:x", b"1:abc"),
        ("sess:[0-9]*:x", b"sess:7abc:x", b"7abc"),
        ("sess[:]*", b"sess:abc", b"abc"),
        ("sess\\:\\**", b"sess:*abc", b"abc"),
        ("*", b"abc", b"abc"),
        ("leaderboard", b"leaderboard", b"leaderboard"),
        ("[l]ead", b"lead", b"lead"),
        ("rl:*", b"other", None),
        ("session:[", b"session:[", None),
    ],
)
def test_variable_is_what_stands_from_the_first_wildcard_to_the_last(
    glob: str, key: bytes, variable: bytes | None
) -> None:
    assert Pattern(glob).variable(key) == variable


@pytest.mark.timeout(20)
@pytest.mark.parametrize("glob", ["*a*b", "a*a*a*a*a*b", "*" + "a*" * 500 + "b", "*?*[ab]*?*b"])
def test_many_stars_take_no_more_than_a_walk_along_the_key(glob: str) -> None:
    """Backtracking at each star would take hours here."""
    key = b"a" * 180_000
    assert Pattern(glob).variable(key) is None
    assert Pattern(glob).variable(key + b"b") is not None
    assert Matcher({"one": [glob]}).sort([key, key + b"b"]) == {"one": [key + b"b"]}


def test_a_key_goes_to_every_family_that_fits() -> None:
    matcher = Matcher({"sessions": ["session:*", "sess:*"], "none": [], "rest": ["s*"], "product": ["product:*"]})
    keys = [b"session:1", b"sess:2", b"sx", b"product:3", b"other"]
    assert matcher.sort(keys) == {
        "sessions": [b"session:1", b"sess:2"],
        "rest": [b"session:1", b"sess:2", b"sx"],
        "product": [b"product:3"],
    }


def test_keys_that_are_ignored_belong_to_no_group() -> None:
    keys = [b"session:1", b"session:tmp:1", b"session:count", b"product:1", b"x:session:count"]
    matcher = Matcher({"sessions": ["session:*"], "rest": ["*"]}, ["session:tmp:*", "session:count"])
    assert matcher.sort(keys) == {
        "sessions": [b"session:1"],
        "rest": [b"session:1", b"product:1", b"x:session:count"],
    }
    assert Matcher({"sessions": ["session:*"]}, ["*"]).sort(keys) == {}


@pytest.mark.parametrize(
    "globs",
    [
        ["session:*", "ratelimit:*", "llm:*", "leaderboard", "leaderboard:*"],  # one byte tells them apart
        ["aab*", "aba*", "abb*"],  # no single byte does
        ["session:*", "s*"],
        ["", "session:*"],
    ],
)
def test_keys_are_sorted_as_their_patterns_say(globs: list[str]) -> None:
    rng, matcher = random.Random(7), Matcher({f"of {glob}": [glob] for glob in globs})
    matcher_of_one_group = Matcher({"of any": globs})
    beginnings = [
        b"",
        b"s",
        b"sess",
        b"session:",
        b"session",
        b"ratelimit:",
        b"llm:",
        b"lxm:",
        b"leaderboard",
        b"aab",
        b"abb",
    ]
    endings = [b"", b"1", b"\n", b"\nsession:", b":1", b"\xff\x00", b"{tag}"]
    patterns = {glob: Pattern(glob) for glob in globs}
    long_enough = [beginning for beginning in beginnings if len(beginning) >= 3]  # a short key is told from its length
    for length, some in ((1, beginnings), (3, beginnings), (40, beginnings), (3, long_enough), (40, long_enough)):
        for _ in range(60):
            keys = [rng.choice(some) + rng.choice(endings) for _ in range(length)]
            alike = {f"of {glob}": [key for key in keys if patterns[glob].variable(key) is not None] for glob in globs}
            assert matcher.sort(keys) == {name: of_glob for name, of_glob in alike.items() if of_glob}
            of_any = sorted(key for key in keys if any(patterns[glob].variable(key) is not None for glob in globs))
            assert sorted(matcher_of_one_group.sort(keys).get("of any", [])) == of_any

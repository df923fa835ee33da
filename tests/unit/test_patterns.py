"""Globs mean here what they mean to Redis."""

from __future__ import annotations

import fakeredis
import pytest

from redis_dash.patterns import Matcher, Pattern

KEYS = [b"session:abc", b"session:", b"sessions", b"a*b", b"a1b", b"h[llo", b"hallo", b"hello", b"h\nllo", b"\xff:x"]
GLOBS = ["*", "session:*", "a\\*b", "a?b", "h[ae]llo", "h[^e]llo", "h[a-d]llo", "h?llo", "*:*", "nothing", "h.llo"]


@pytest.mark.parametrize("glob", GLOBS)
def test_matches_what_redis_matches(glob: str) -> None:
    server = fakeredis.FakeStrictRedis()
    for key in KEYS:
        server.set(key, "x")
    ours = sorted(key for key in KEYS if Pattern(glob).variable(key) is not None)
    theirs = server.keys(glob)
    assert isinstance(theirs, list)
    assert ours == sorted(theirs)


def test_variable_is_what_the_first_star_stands_for() -> None:
    assert Pattern("rl:*:min").variable(b"rl:10.0.0.1:min") == b"10.0.0.1"
    assert Pattern("leaderboard").variable(b"leaderboard") == b"leaderboard"
    assert Pattern("rl:*").variable(b"other") is None


def test_a_key_goes_to_the_first_family_that_fits() -> None:
    matcher = Matcher({"sessions": ["session:*", "sess:*"], "none": [], "rest": ["s*"], "product": ["product:*"]})
    keys = [b"session:1", b"sess:2", b"sx", b"product:3", b"other"]
    assert matcher.sort(keys) == {"sessions": [b"session:1", b"sess:2"], "rest": [b"sx"], "product": [b"product:3"]}

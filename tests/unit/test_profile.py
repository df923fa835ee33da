"""The settings that are made of what was recognised are valid TOML, and a valid configuration."""

from __future__ import annotations

import tomllib

import msgspec
import pytest

from redis_dash.config import BoardPattern, Choices, Config
from redis_dash.core.choices import YES, Choose
from redis_dash.core.globs import decoded
from redis_dash.core.patterns import Pattern
from redis_dash.core.toml_text import quoted
from redis_dash.dialects.layout import Claim, Layout
from redis_dash.dialects.registry import layouts
from redis_dash.discovery import adopt
from redis_dash.discovery.adopt import adopted
from redis_dash.discovery.profile import profile
from tests.tui.hostile import STRINGS

SHOWN = [layout for layout in layouts() if layout.topic != "other"]


def loaded(text: str) -> Config:
    return msgspec.convert(tomllib.loads(text), Config)


def claim(glob: str, topic: str = "sessions") -> Claim:
    layout = next(layout for layout in layouts() if layout.topic == topic)
    return Claim(layout, glob, 15, 16)


@pytest.mark.parametrize("layout", SHOWN, ids=lambda layout: layout.name)
def test_each_layout_is_a_valid_setting(layout: Layout) -> None:
    claims = [Claim(layout, "app:*", 15, 16)]
    assert loaded(profile(claims)) == adopted(Config(), claims).config


def test_all_layouts_together_are_one_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt, "MOST_GLOBS", 1000)
    claims = [Claim(layout, f"app{number}:*", 15, 16) for number, layout in enumerate(SHOWN)]
    assert loaded(profile(claims)) == adopted(Config(), claims).config


@pytest.mark.parametrize("number", range(len(STRINGS)))
def test_hostile_names_stay_what_they_are(number: int) -> None:
    text = decoded(STRINGS[number][:2000].encode("utf-8", "surrogatepass"))  # as a key's name is read
    if any("\ud800" <= char <= "\udfff" for char in text):
        assert "?" in tomllib.loads(f"a = {quoted(text)}")["a"]
    else:
        assert tomllib.loads(f"a = {quoted(text)}")["a"] == text
    assert len(loaded(profile([claim(f"{text}:*"), claim(f"c{text}:*", "cache")])).caches) == 1


def test_a_byte_that_is_not_utf_8_becomes_any_byte() -> None:
    (session, *_) = loaded(profile([claim("caf\udce9:*")])).session_patterns
    assert Pattern(session.keys).variable(b"caf\xe9:1") == b"\xe9:1"


def test_a_name_with_a_secret_is_left_out_and_that_is_said() -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    text = profile([claim(f"{token}:*"), claim("sess:*")])
    assert token not in text
    assert "# Left out, since a secret may be in its name: 1 kind of keys." in text
    assert [one.keys for one in loaded(text).session_patterns] == ["sess:*", "session:*"]


def test_kinds_that_are_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt, "MOST_GLOBS", 2)
    text = profile([claim(f"customer{number}:*") for number in range(5)])
    assert "# sessions: 3 kinds of keys more." in text


def test_nothing_recognised_is_the_default_configuration() -> None:
    assert loaded(profile([])) == Config()
    assert profile([]) == "# Nothing was recognised that a pane shows.\n"


def test_patterns_of_ignored_sessions_stay_since_by_them_ids_are_masked() -> None:
    choices = Choices()
    for keys in ("shop:s:*", "page:*"):
        choices.choose(Choose(keys, "ignored", YES))
    config = adopted(Config(), [claim("shop:s:*"), claim("page:*", "cache")], choices).config
    assert ("shop:s:*" in config.session_globs, config.caches, config.ignore) == (True, (), ("shop:s:*", "page:*"))


def test_what_was_chosen_becomes_settings() -> None:
    choices = Choices()
    for choice in (
        Choose("rl:*", "limit", "100/60"),
        Choose("rl:login:*", "limit", "5"),
        Choose("lb:*", "topic", "leaderboards"),
        Choose("lb:*", "name", "Weekly"),
        Choose("page:*", "topic", "cache"),
        Choose("mine:*", "topic", "sessions"),
        Choose("tmp:*", "ignored", YES),
    ):
        choices.choose(choice)
    text = profile([claim("rl:*", "rate_limits")], choices)
    config = loaded(text)
    limits = {limit.keys: limit for limit in config.limits}
    assert (limits["rl:*"].limit, bool(limits["rl:*"].format)) == ("100/60", True)
    assert limits["rl:login:*"].limit == "", "a setting needs the window"
    assert '# limit = "5", chosen in the dashboard without a window' in text
    assert BoardPattern("lb:*", "Weekly") in config.leaderboards
    assert [cache.keys for cache in config.caches] == ["page:*"]
    assert (config.session_globs[0], config.ignore) == ("mine:*", ("tmp:*",))

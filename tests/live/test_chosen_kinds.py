"""What is chosen in "What is in here?": the panes show the keys or leave them out, at once and in the next run."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from redis_dash.config import Choices, Config
from redis_dash.core.choices import YES, Choose
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.reading import Reading
from redis_dash.discover import discover
from redis_dash.discovery import report
from redis_dash.hub import Hub
from redis_dash.tui.intents import Options
from redis_dash.tui.panes.kind_choices import topic_options
from tests.conftest import until
from tests.live.conftest import running
from tests.live.test_discovery import EXPRESS, sign_in


class Watched:
    """The latest reading of each topic of a running hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._latest: dict[str, Reading[Any]] = {}

    def reading(self, topic: str) -> Reading[Any] | None:
        self._latest.update({reading.topic: reading for reading in self._hub.drain()})
        return self._latest.get(topic)

    def forget(self) -> None:
        """Only later readings count."""
        self._hub.drain()
        self._latest.clear()

    def frame(self, topic: str) -> Any:
        reading = self.reading(topic)
        return reading.frame if reading else None

    def kind(self, name: str) -> KeyKind | None:
        frame = self._hub.keys().frame
        return next((kind for kind in frame.kinds if kind.name == name), None) if frame else None


@pytest.fixture
def config(redis_url: str) -> Config:
    return Config(url=redis_url, refresh_s=0.1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dashboard.toml"


async def test_a_kind_is_shown_in_the_chosen_pane_until_it_is_taken_back(
    config: Config, client: redis.Redis, path: Path
) -> None:
    for number in range(30):
        client.zadd(f"tournament:{number}", {"ann": 5, "bob": 3})
        client.set(f"page:{number}", "x" * 50)
    async with running(hub := Hub(config, choices=Choices(config.url, path))):
        seen = Watched(hub)
        await until(lambda: (kind := seen.kind("tournament:*")) is not None and bool(kind.sampled))
        await until(lambda: None not in (seen.frame("leaderboards"), seen.frame("cache")))
        assert not seen.frame("leaderboards").boards
        hub.choose(Choose("page:*", "name", "Pages"))
        hub.choose(Choose("tournament:*", "topic", "leaderboards"))
        hub.choose(Choose("page:*", "topic", "cache"))
        await until(lambda: len(seen.frame("leaderboards").boards) == 30)
        await until(lambda: [(group.name, group.keys.value) for group in seen.frame("cache").groups] == [("Pages", 30)])
        await until(lambda: (kind := seen.kind("tournament:*")) is not None and kind.watched == (("leaderboards", 16),))
        kind = seen.kind("page:*")
        assert kind is not None
        assert (kind.own_name, kind.chosen_topic) == ("Pages", "cache")
    async with running(hub := Hub(config, choices=Choices(config.url, path))):
        seen = Watched(hub)
        await until(lambda: (frame := seen.frame("leaderboards")) is not None and len(frame.boards) == 30)
        hub.choose(Choose("tournament:*", "topic", ""))
        await until(lambda: not seen.frame("leaderboards").boards)


async def test_an_ignored_kind_is_in_no_pane_and_each_says_so_until_it_is_shown_again(
    config: Config, client: redis.Redis, path: Path
) -> None:
    for number in range(20):
        client.set(f"ratelimit:{number}", 3, ex=600)
        client.set(f"ratelimit:old:{number}:x", 3, ex=600)
    client.zadd("leaderboard", {"ann": 1})
    async with running(hub := Hub(config, choices=Choices(config.url, path))):
        seen = Watched(hub)

        def clients() -> int:
            frame = seen.frame("rate_limits")
            return frame.count.value if frame else 0

        await until(lambda: seen.kind("ratelimit:old:*:x") is not None and clients() == 40)
        hub.choose(Choose("ratelimit:old:*:x", "ignored", YES))
        hub.choose(Choose("leaderboard", "ignored", YES))
        await until(lambda: clients() == 20 and not seen.frame("leaderboards").boards)
        client.set("ratelimit:old:new:x", 9, ex=600)
        client.set("ratelimit:new", 9, ex=600)
        await until(lambda: clients() == 21)
        reading = seen.reading("rate_limits")
        assert reading is not None
        assert reading.scope is not None
        assert reading.scope.ignored == ("ratelimit:old:*:x",)
        assert {row.key for row in seen.frame("rate_limits").rows} == {
            *(f"ratelimit:{number}" for number in range(20)),
            "ratelimit:new",
        }
        boards = seen.reading("leaderboards")
        assert boards is not None
        assert boards.scope is not None
        assert boards.scope.ignored == ("leaderboard",)
        assert (kind := seen.kind("ratelimit:old:*:x")) is not None
        assert kind.is_ignored
        hub.choose(Choose("ratelimit:old:*:x", "ignored", ""))
        hub.choose(Choose("leaderboard", "ignored", ""))
        await until(lambda: clients() == 42 and len(seen.frame("leaderboards").boards) == 1)


async def test_a_recognised_kind_of_a_topic_that_is_configured_gets_its_format(
    config: Config, client: redis.Redis, path: Path
) -> None:
    for number in range(20):
        sign_in(client, f"user{number}", "shop:sess:")
    config = msgspec.structs.replace(config, sessions=("login:*",))
    async with running(hub := Hub(config, choices=Choices(config.url, path))):
        seen = Watched(hub)
        await until(lambda: (kind := seen.kind("shop:sess:*")) is not None and bool(kind.recognised))
        hub.choose(Choose("shop:sess:*", "topic", "sessions"))
        await until(lambda: bool((frame := seen.frame("sessions")) and frame.rows))
        formats = [one.format for one in hub.watch.config.session_patterns]
        assert formats == [EXPRESS, "", ""]
        assert {row.dialect for row in seen.frame("sessions").rows} == {EXPRESS}


async def test_hashes_that_are_chosen_as_sessions_are_read_by_their_fields_here_and_by_the_settings_that_are_written(
    config: Config, client: redis.Redis, path: Path, tmp_path: Path
) -> None:
    for number in range(30):
        client.hset(f"sess:{number:032x}", mapping={"user": f"user{number}", "role": "member"})
    async with running(hub := Hub(config, choices=Choices(config.url, path))):
        seen = Watched(hub)
        await until(lambda: (kind := seen.kind("sess:*")) is not None and bool(kind.types))
        kind = seen.kind("sess:*")
        assert kind is not None
        options = topic_options(kind, {"sessions": "Sessions", "cache": "Cache"})
        assert isinstance(options, Options)
        hub.choose(options.answers[0][1].choice)
        await until(lambda: bool((frame := seen.frame("sessions")) and len(frame.rows) == 30))
        rows = seen.frame("sessions").rows
        assert {(row.dialect, row.role, row.is_readable) for row in rows} == {("hash", "member", True)}
    frame = await sessions_of(msgspec.structs.replace(config), Choices(config.url, path))
    assert {row.dialect for row in frame.rows} == {"hash"}
    await discover(config, as_json=False, write=tmp_path / "config.toml", choices=Choices(config.url, path))
    written = msgspec.convert(tomllib.loads((tmp_path / "config.toml").read_text()), Config)
    frame = await sessions_of(msgspec.structs.replace(written, url=config.url, refresh_s=0.1), None)
    assert {(row.dialect, row.is_readable) for row in frame.rows} == {("hash", True)}


async def sessions_of(config: Config, choices: Choices | None) -> Any:
    async with running(hub := Hub(config, choices=choices) if choices else Hub(config)):
        seen = Watched(hub)
        await until(lambda: bool((frame := seen.frame("sessions")) and len(frame.rows) == 30))
        return seen.frame("sessions")


async def test_sessions_that_are_ignored_stay_masked_where_their_keys_are_named(
    config: Config, client: redis.Redis, path: Path
) -> None:
    """A hand-written file may ignore sessions, which the dashboard itself does not."""
    ids = [sign_in(client, f"user{number}", "shop:sess:") for number in range(20)]
    client.set(f"ratelimit:shop:sess:{ids[0]}", 3, ex=600)
    choices = Choices(config.url, path)
    choices.choose(Choose("shop:sess:*", "ignored", YES))
    async with running(hub := Hub(config, choices=choices)):
        seen = Watched(hub)
        await until(lambda: hub.passes > 1 and hub.watch.knows_kinds and seen.kind("shop:sess:*") is not None)
        seen.forget()
        await until(lambda: bool((frame := seen.frame("rate_limits")) and frame.rows and seen.frame("sessions")))
        assert seen.frame("sessions").count.value == 0
        assert ids[0] not in seen.frame("rate_limits").rows[0].key


async def test_nothing_is_chosen_for_a_kind_of_which_a_part_is_hidden(config: Config, client: redis.Redis) -> None:
    lone = sign_in(client, "lone", "other:sess:")
    client.set("plain:key", 1)
    async with running(hub := Hub(config)):
        await until(lambda: bool((frame := hub.keys().frame) and len(frame.kinds) == 2))
        patterns = {kind.name: kind.pattern for kind in hub.keys().frame.kinds}  # type: ignore[union-attr]
    assert patterns["plain:key"] == "plain:key"
    assert lone not in repr(patterns)


async def test_a_choice_does_not_wait_for_the_end_of_a_long_pass(config: Config, client: redis.Redis) -> None:
    with client.pipeline() as pipe:
        for number in range(60_000):
            pipe.set(f"page:{number}", "x")
        pipe.execute()
    async with running(hub := Hub(msgspec.structs.replace(config, budget=0.004))):
        await until(lambda: 0.3 < hub.watch.keyspace.share < 0.9)
        watch = hub.watch
        hub.choose(Choose("page:*", "topic", "cache"))
        await until(lambda: hub.watch is not watch)
        assert (watch.keyspace.passes, watch.keyspace.share < 1) == (0, True)


async def test_a_name_is_shown_at_once_however_long_a_list_takes_to_make(
    config: Config, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.mset({f"page:{number}": "x" for number in range(20)})
    async with running(hub := Hub(config)):
        seen = Watched(hub)
        await until(lambda: seen.kind("page:*") is not None)
        monkeypatch.setattr(report, "REST", 1e9)
        seen.kind("page:*")
        hub.choose(Choose("page:*", "name", "Pages"))
        kind = seen.kind("page:*")
        assert kind is not None
        assert kind.own_name == "Pages"


@pytest.mark.parametrize("as_json", [False, True])
async def test_discover_leaves_out_what_is_ignored_and_says_so(
    config: Config, client: redis.Redis, path: Path, *, as_json: bool
) -> None:
    for number in range(30):
        client.set(f"cart:{number}", "x")
        client.set(f"tmp:job:{number}", "x")
    choices = Choices(config.url, path)
    choices.choose(Choose("tmp:job:*", "ignored", YES))
    choices.choose(Choose("cart:*", "name", "Carts"))
    text, _ = await discover(config, as_json=as_json, choices=choices)
    if as_json:
        document = json.loads(text)
        assert [(kind["keys"], kind["own_name"]) for kind in document["kinds"]] == [("cart:*", "Carts")]
        assert (document["ignored"], document["keys"]) == (["tmp:job:*"], 60)
        return
    assert "Carts · cart:*" in text
    assert "Ignored, as you chose: 1 kind (tmp:job:*)." in text
    assert not [line for line in text.splitlines() if line.startswith("tmp:job")]


async def test_the_settings_that_are_written_hold_what_was_chosen(
    config: Config, client: redis.Redis, path: Path, tmp_path: Path
) -> None:
    for number in range(30):
        client.zadd(f"tournament:{number}", {"ann": 5})
        client.set(f"rl:{number}", 3, ex=60)
    choices = Choices(config.url, path)
    for choice in (
        Choose("tournament:*", "topic", "leaderboards"),
        Choose("tournament:*", "name", "Cups"),
        Choose("rl:*", "topic", "rate_limits"),
        Choose("rl:*", "limit", "100/60"),
        Choose("tmp:*", "ignored", YES),
    ):
        choices.choose(choice)
    await discover(config, as_json=False, write=tmp_path / "config.toml", choices=choices)
    written = msgspec.convert(tomllib.loads((tmp_path / "config.toml").read_text()), Config)
    assert ("tournament:*" in written.board_globs, written.ignore) == (True, ("tmp:*",))
    assert ("rl:*", "100/60") in [(limit.keys, limit.limit) for limit in written.limits]

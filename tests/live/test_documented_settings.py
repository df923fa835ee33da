"""The settings in README and docs can be loaded, and those with data show what is said beside them."""

from __future__ import annotations

import io
import json
import re
import shlex
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import redis

from redis_dash.actions.carry_out import carry_out
from redis_dash.cli import main
from redis_dash.config import Choices, ChosenLimit, Config, load, settings
from redis_dash.config.way_in import WayIn
from redis_dash.core.commands import RevokeSession
from redis_dash.snapshot import take
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONFIGURATION = ROOT / "docs" / "configuration.md"


class Block(NamedTuple):
    """A fenced block."""

    page: Path
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(page, language, text) for language, text in found]


OF_DASHBOARD = "# dashboard.toml"
SETTINGS = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.language == "toml" and "[project." not in block.text and OF_DASHBOARD not in block.text
]


def config_of(block: Block, folder: Path, url: str = "redis://127.0.0.1:1/0") -> Config:
    file = folder / "config.toml"
    file.write_text(block.text, "utf-8")
    return load(file, {"url": url}, {})


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: f"{block.page.name}: {block.text.split()[0]}")
def test_each_example_can_be_loaded(block: Block, tmp_path: Path) -> None:
    assert config_of(block, tmp_path) != Config()


PROFILES = [(block, name) for block in SETTINGS for name in tomllib.loads(block.text).get("profiles", ())]


@pytest.mark.parametrize(("block", "profile"), PROFILES, ids=lambda one: one if isinstance(one, str) else one.page.name)
def test_each_profile_of_an_example_can_be_used(block: Block, profile: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block.text, "utf-8")
    found = settings(file, {}, {}, profile)
    said = tomllib.loads(block.text)["profiles"][profile]
    assert found.config.url == said["url"]
    assert found.config.channels == ("orders.*",)
    assert {name for name, layer in found.layers.items() if layer.kind == "profile"} == set(said)


def test_the_example_of_the_way_to_the_server_says_it_all(tmp_path: Path) -> None:
    (example,) = [block for block in SETTINGS if "password_command" in block.text]
    file = tmp_path / "config.toml"
    file.write_text(example.text, "utf-8")
    found = settings(file, {}, {})
    assert found.url.described == "rediss://watcher@redis.example.com:6380/0 via bastion.example.com"
    assert found.password is not None
    assert found.password.value == "pass show redis/production"
    assert found.config.cert == str(tmp_path / "watcher.pem")
    assert found.config.cacert == str(Path.home() / "certificates" / "ca.pem")


def commands() -> list[tuple[str, str]]:
    """Each command line of redis-dash in a block of a page, and the page."""
    found = []
    for page in PAGES:
        for text in re.findall(r"^```(?:\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            lines = [line for line in text.splitlines() if line.startswith("redis-dash") and "@" not in line[:11]]
            found += [(page.name, line) for line in lines]
    return found


@pytest.mark.parametrize(("page", "line"), commands())
def test_each_command_line_can_be_parsed(page: str, line: str) -> None:
    """Click knows the command and all of its options; nothing is run."""
    words = shlex.split(line.partition("|")[0], comments=True)[1:]
    with main.make_context("redis-dash", words) as context:
        name, command, rest = main.resolve_command(context, [*context._protected_args, *context.args])
        while isinstance(command, click.Group) and rest:
            name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        command.make_context(name, rest, parent=context)


def test_the_table_of_the_way_to_the_server_has_all_settings() -> None:
    page = CONFIGURATION.read_text("utf-8").partition("## The way to the server")[2].partition("\n## ")[0]
    for name in WayIn.__struct_fields__:
        assert re.search(rf"^\|.*`{name}`.*\|", page, re.MULTILINE), name
        assert name == "url" or f"`--{name.replace('_', '-')}" in page, name


def test_the_example_of_what_the_dashboard_remembers_can_be_loaded(tmp_path: Path) -> None:
    (example,) = [block for block in blocks(CONFIGURATION) if OF_DASHBOARD in block.text]
    path = tmp_path / "dashboard.toml"
    path.write_text(example.text, "utf-8")
    choices = Choices("redis://127.0.0.1:6379/0", path)
    assert choices.limit_of(b"ratelimit:ann") == ChosenLimit(100, 60.0)
    assert (choices.of("cart:*").name, choices.of("cart:*").topic) == ("Carts", "cache")


def test_the_other_examples_are_toml() -> None:
    others = [one for page in PAGES for one in blocks(page) if one.language == "toml" and one not in SETTINGS]
    assert [list(tomllib.loads(one.text)) for one in others] == [["kinds"], ["project"]]


def with_data() -> list[tuple[Block, Block, Block]]:
    """Data, settings and what is shown."""
    every = blocks(CONFIGURATION)
    kinds = [block.language for block in every]
    places = [place for place, kind in enumerate(kinds) if kind == "redis"]
    assert all(kinds[place : place + 3] == ["redis", "toml", "text"] for place in places)
    assert kinds.count("text") == len(places)
    return [(every[place], every[place + 1], every[place + 2]) for place in places]


async def rows_of(config: Config) -> list[str]:
    """Each row of each topic, as JSON."""
    topics = ["sessions", "rate_limits", "leaderboards", "cache"]
    document, code = await take(config, 0.0, topics, io.StringIO(), full=True)
    frames = {topic: one["frame"] for topic, one in json.loads(document)["topics"].items()}
    assert code == 0
    assert not [one["note"] for one in json.loads(document)["topics"].values() if "settings" in one.get("note", "")]
    rows: list[Any] = [*frames["sessions"]["rows"], *frames["rate_limits"]["rows"]]
    return [json.dumps(row) for row in (*rows, *frames["leaderboards"]["boards"], *frames["cache"]["groups"])]


@pytest.mark.parametrize(("data", "settings", "shown"), with_data(), ids=lambda block: block.text.split()[0])
async def test_an_example_with_data_shows_what_it_says(
    data: Block, settings: Block, shown: Block, tmp_path: Path, redis_url: str, client: redis.Redis
) -> None:
    for line in data.text.splitlines():
        client.execute_command(*shlex.split(line))  # type: ignore[no-untyped-call]
    rows = await rows_of(config_of(settings, tmp_path, redis_url))
    for line in shown.text.splitlines():
        words = line.split("  ")
        assert [row for row in rows if all(_holds(row, word) for word in words)], (line, rows)
    sessions = [json.loads(row) for row in rows if "is_anonymous" in row]
    assert all(one["user"] for one in sessions)


def _holds(row: str, word: str) -> bool:
    return re.search(rf'[:\[] "?{re.escape(word)}(\.0)?"?[,\]}}]', row) is not None


async def test_the_companions_of_the_example_change(
    tmp_path: Path, make_context: Callable[..., Context], client: redis.Redis
) -> None:
    ((data, settings, _),) = [one for one in with_data() if "companions" in one[1].text]
    for line in data.text.splitlines():
        client.execute_command(*shlex.split(line))  # type: ignore[no-untyped-call]
    patterns = config_of(settings, tmp_path).session_patterns
    source = SessionsSource(context := make_context(sessions=patterns))
    await context.keyspace.pass_over()
    (row,) = (await source.read()).frame.rows
    outcome = await carry_out(context.deployment, RevokeSession(row), patterns)
    assert outcome.result == "deleted"
    assert client.keys("*") == [b"shop:user:42:sessions"]
    assert client.smembers("shop:user:42:sessions") == {b"Qw8e7Rt6Yu5Io4Pa"}


def express(client: redis.Redis, key: str) -> None:
    client.set(key, json.dumps({"cookie": {}, "user": {"email": "ann@example.com"}}), ex=600)


FILLS: dict[str, Callable[[redis.Redis], object]] = {
    "sess:*": lambda client: express(client, "sess:q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn6"),
    "admin:sess:*": lambda client: express(client, "admin:sess:q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn7"),
    "shop:sess:*": lambda client: express(client, "shop:sess:q7Hc2-kPzL0_vT9xWm4RbYsEd8Jf3Gn6"),
    "rl:*": lambda client: client.zadd("rl:ann", {"a": time.time()}),
    "shop:rl:*": lambda client: client.set("shop:rl:203.0.113.9", 3, ex=60),
    "rl:login:*": lambda client: client.set("rl:login:203.0.113.9", 3, ex=60),
    "lb:*": lambda client: client.zadd("lb:week", {"ann": 5}),
    "page:*": lambda client: client.set("page:/", "x"),
}
"""A key of each pattern in an example without data."""


@pytest.mark.parametrize(
    "settings",
    [one for one in SETTINGS if one not in [two for _, two, _ in with_data()]],
    ids=lambda block: block.page.name,
)
async def test_an_example_without_data_finds_its_keys(
    settings: Block, tmp_path: Path, redis_url: str, client: redis.Redis
) -> None:
    config = config_of(settings, tmp_path, redis_url)
    default = Config()
    limits = [one.keys for one in config.limits if one not in default.limits]
    boards = [one for one in config.board_globs if one not in default.board_globs]
    sessions = [one for one in config.session_globs if one not in default.session_globs]
    globs = [*sessions, *limits, *boards, *(one.keys for one in config.caches)]
    for glob in globs:
        FILLS[glob](client)
    assert len(await rows_of(config)) == len(globs)

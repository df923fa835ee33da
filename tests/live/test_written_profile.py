"""``redis-dash discover --write``: the file is loaded again, and the panes show the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from redis_dash.cli import main
from redis_dash.config import Config, load
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.sessions import SessionsFrame
from redis_dash.hub import Hub
from redis_dash.sources import key_groups
from tests.conftest import until
from tests.live.conftest import running
from tests.live.recordings import replay
from tests.live.test_discovery import reading

FRAMEWORKS = (
    *("django-sessions-cache", "express-session", "flask-session-msgpack", "fastapi-limiter-0.1"),
    *("nestjs-throttler", "django-cache-views", "celery"),
)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    return result.exit_code, result.stderr


async def shown(config: Config) -> tuple[dict[str, tuple[str, ...]], set[tuple[str, str]], set[tuple[str, int]]]:
    """The watched patterns, the sessions and the clients."""
    async with running(hub := Hub(config)):
        await until(lambda: hub.passes > 0)
        sessions, limits = (await reading(hub, "sessions")).frame, (await reading(hub, "rate_limits")).frame
    assert isinstance(sessions, SessionsFrame)
    assert isinstance(limits, RateLimitsFrame)
    users = {(row.user, row.dialect) for row in sessions.rows}
    return key_groups(hub.watch.config), users, {(row.identity, row.used) for row in limits.rows}


async def test_the_file_gives_the_same_panes(redis_url: str, client: redis.Redis, tmp_path: Path) -> None:
    for name in FRAMEWORKS:
        replay(client, name)
    path = tmp_path / "config.toml"
    before = await shown(Config(url=redis_url))
    code, said = await asyncio.to_thread(run, "discover", redis_url, "--write", path)
    assert (code, said) == (0, f"redis-dash: written: {path}\n")
    config = load(path, {"url": redis_url}, {})
    assert config.sessions != Config().sessions
    after = await shown(config)
    assert after[1:] == before[1:]
    assert [{name: set(globs) for name, globs in groups.items()} for groups, *_ in (before, after)] == [
        {name: set(globs) for name, globs in after[0].items()}
    ] * 2
    assert len(after[1]) > 5
    assert len(after[2]) > 3


@pytest.mark.parametrize("content", ["", "precious"])
def test_an_existing_file_is_left_as_it_is(redis_url: str, tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)
    assert run("discover", redis_url, "--write", path) == (
        4,
        f"redis-dash: {path}: is there already, and is left as it is\n",
    )
    assert path.read_text() == content


def test_a_folder_that_is_not_there(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "none" / "config.toml"
    assert run("discover", redis_url, "--write", path) == (4, f"redis-dash: {path}: No such file or directory\n")


def test_without_a_server_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    code, _ = run("discover", "redis://127.0.0.1:1", "--write", path)
    assert (code, path.exists()) == (1, False)

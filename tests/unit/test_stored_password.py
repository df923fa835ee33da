"""Which passwords are read again: those of the files and programs that were used, for whatever server they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from redis_dash.client.stored_password import url_of
from redis_dash.config import load
from redis_dash.config.password import Secret

SENTINEL = "redis+sentinel://ann@a,b/mymaster/2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "config.toml").write_text(
        f'url = "{SENTINEL}"\npassword_file = "secret"\nsentinel_password_command = "echo other"\n'
    )
    return tmp_path


def test_all_servers_of_a_url_share_its_password_and_the_sentinels_theirs(folder: Path) -> None:
    url = url_of(load(folder / "config.toml", {}, {}))
    own, others = url.passwords
    assert own is not None
    assert others is not None
    assert own is not others
    at = url.at("10.0.0.1", 6379)
    assert {one.passwords.own for one in (*url.seeds, at, at.with_database(3), url.with_database(1))} == {own}
    assert {one.passwords.own for one in (*url.sentinels, url.sentinel_at("10.0.0.2", 26379))} == {others}


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        ({"ask_password": True, "ask_sentinel_password": True}, {}),
        ({}, {"REDIS_DASH_PASSWORD": "x", "REDIS_DASH_SENTINEL_PASSWORD": "x", "REDIS_URL": SENTINEL}),
        ({"url": SENTINEL.replace("ann", "ann:x")}, {}),
    ],
)
def test_a_password_from_elsewhere_is_not_read_again(
    flags: dict[str, object], environ: dict[str, str], folder: Path
) -> None:
    url = url_of(load(folder / "config.toml", flags, environ, ask=lambda _: Secret("typed")))
    assert url.passwords == (None, None)

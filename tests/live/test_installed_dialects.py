"""Dialects of other packages in the whole program: used without configuration, and told if they cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.unit.dialects.test_installed import example, write_package

KEY, VALUE = "acme:s:9f86d081884c7d659a2feaa0c55ad015", '{"acme": 2, "login": "ann", "at": 1767225600}'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "redis_dash", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def sessions_of(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["topics"]["sessions"]


def test_a_dialect_that_is_installed_is_used(tmp_path: Path, redis_url: str, client: redis.Redis) -> None:
    client.set(KEY, VALUE, ex=600)
    write_package(tmp_path, "acme_redis_dash", example(0))
    found = sessions_of(run(tmp_path, "snapshot", redis_url, "--for", "0", "--topic", "sessions"))
    ((row,), (kind,)) = found["frame"]["rows"], found["frame"]["formats"]
    assert (row["user"], row["dialect"], row["created_at"], found.get("note", "")) == ("ann", "Acme", 1767225600, "")
    assert (kind["keys"], kind["is_certain"]) == ("acme:s:*", True)
    assert "Acme" in run(tmp_path, "discover", redis_url).stdout


def test_a_format_of_it_may_be_named_in_the_settings(tmp_path: Path, redis_url: str, client: redis.Redis) -> None:
    client.set("other:1", VALUE, ex=600)
    write_package(tmp_path, "acme_redis_dash", example(0))
    file = tmp_path / "config.toml"
    file.write_text('[[sessions]]\nkeys = "other:*"\nformat = "Acme"\nrole = "acme"\n')
    arguments = ("snapshot", redis_url, "--config", str(file), "--for", "0", "--topic", "sessions")
    (row,) = sessions_of(run(tmp_path, *arguments))["frame"]["rows"]
    assert (row["user"], row["role"], row["dialect"]) == ("ann", "2", "Acme")


@pytest.mark.parametrize("code", ["import nothing_of_this_name", "raise SystemExit(3)", "FRAMEWORK = '\\x1b[2J'"])
def test_one_that_cannot_be_used_is_told_and_ends_nothing(
    code: str, tmp_path: Path, redis_url: str, client: redis.Redis
) -> None:
    client.set("session:Kx9f2LqP7TzW4mNb", '{"email": "ann@example.com"}')
    write_package(tmp_path, "broken", code)
    found = sessions_of(run(tmp_path, "snapshot", redis_url, "--for", "0", "--topic", "sessions"))
    assert [row["user"] for row in found["frame"]["rows"]] == ["ann@example.com"]
    assert found["note"].startswith("dialects of broken are not used: ")
    listed = run(tmp_path, "discover", redis_url)
    assert listed.returncode == 0
    assert "dialects of broken are not used: " in listed.stderr
    assert "\x1b" not in listed.stderr + listed.stdout


def test_one_that_fails_on_a_value_costs_that_session(tmp_path: Path, redis_url: str, client: redis.Redis) -> None:
    client.set(KEY, VALUE, ex=600)
    client.set(f"{KEY[:-1]}0", '{"acme": 2, "login": "bob", "at": "soon"}', ex=300)
    code = example(0).replace("at if isinstance(at, int) else None", "at + 0")
    write_package(tmp_path, "acme_redis_dash", code)
    found = sessions_of(run(tmp_path, "snapshot", redis_url, "--for", "0", "--topic", "sessions"))
    assert [row["user"] for row in found["frame"]["rows"]] == ["ann", ""]

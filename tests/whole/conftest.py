"""The demo as a user starts it: its own process, its own Redis, its own workload."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
import redis


class Demo(NamedTuple):
    """A running demo."""

    redis_url: str
    http_url: str
    process: subprocess.Popen[str]

    def truth(self) -> dict[str, Any]:
        """The counts of the application itself. No certificates are read for it: that takes longer than the answer."""
        answer = httpx.get(f"{self.http_url}/truth", timeout=10, verify=False)
        counts: dict[str, Any] = answer.raise_for_status().json()
        return counts

    def play(self, scenario: str) -> None:
        """Ask for a scenario."""
        with redis.Redis.from_url(self.redis_url) as client:
            assert client.publish("demo:control", json.dumps({"scenario": scenario})), "nobody heard it"


@contextlib.contextmanager
def started_demo(*options: str) -> Iterator[Demo]:
    """Start the demo; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "demo_server", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"DEMO_LLM_SECONDS": "0.2"},
    )
    assert process.stdout is not None
    try:
        yield Demo(**json.loads(process.stdout.readline()), process=process)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A busy demo with repeatable choices."""
    with started_demo("--seed", "7", "--rate", "60") as demo:
        yield demo

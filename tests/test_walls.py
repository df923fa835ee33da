"""The walls hold at run time too: what an import drags in, asked of a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "asyncio", "textual", "rich", "redis", "hiredis", "fastapi", "starlette", "uvicorn", "httpx", "demo_server",
)  # fmt: skip


def loaded(statement: str) -> set[str]:
    """Which of the heavy packages are loaded after a statement."""
    probe = f"import sys\n{statement}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import redis_dash.cli", set()),
        ("import redis_dash.config, redis_dash.core.reading, redis_dash.dialects", set()),
        ("import redis_dash.hub, redis_dash.snapshot", {"asyncio", "hiredis"}),
        ("from redis_dash import config, hub; hub.Hub(config.Config())", {"asyncio", "hiredis"}),
        ("import redis_dash.tui.app, redis_dash.tui.start", {"asyncio", "textual", "rich"}),
        ("import redis_dash.demo", set()),
        ("import redis_dash.discover", {"asyncio", "hiredis", "rich"}),
        ("import redis_dash.doctor", {"asyncio", "hiredis", "rich"}),
        ("import demo_server", {"demo_server"}),
        # The embedded server starts before anything slow is imported.
        ("import demo_server.process.launcher", {"asyncio", "demo_server"}),
    ],
)
def test_an_import_drags_in_no_more_than_it_needs(statement: str, allowed: set[str]) -> None:
    assert loaded(statement) <= allowed


def test_the_demo_does_not_know_the_dashboard() -> None:
    probe = "import sys, demo_server.app; print('redis_dash' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "False"

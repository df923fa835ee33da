"""`redis-dash demo`: starts the demo application as a process of its own, and the dashboard on its Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from redis_dash.config import CachePattern, Config, LimitPattern
from redis_dash.core.errors import DashError

STOP_WITHIN_S = 3.0
SCENARIOS = {
    "burst": "One client makes 150 requests at once: Rate limits shows it blocked.",
    "stampede": "200 clients ask for the same uncached answer at once: Cache shows one miss, then hits.",
    "price-change": "Ten products get new prices: Events shows product.updated, Cache a few misses.",
    "login-wave": "25 people sign in at once: Sessions grows, Events shows session.created.",
    "flush-cache": "The demo's cached answers are deleted: the hit rate falls, then recovers.",
    "calm": "What else was asked for ends, and a minute of a quarter of the traffic begins.",
    "pause": "No requests at all, until resume: every figure comes to rest.",
    "resume": "Traffic as before pause or calm.",
}
"""Scenarios that the demo application runs on request over its control channel, and what they show."""
CLUSTER_SCENARIOS = {
    "failover": "A replica takes the place of its primary, which waits for it: nothing is lost; see Server.",
    "kill-node": "A primary is killed: 2 of 3 primaries, counts are lower bounds. Its replica takes over in some 3 s.",
    "reshard": "1,000 slots go to another primary while requests go on: no figure goes wrong; see Server.",
}
"""What can be done to the demo's own cluster."""
SENTINEL_SCENARIOS = {
    "failover": "The replica takes the place of the primary: the last writes may be lost; Events has a gap.",
    "kill-node": "The primary is killed: figures get old, until the replica has taken its place after some 3 s.",
}
"""What can be done to the demo's own servers that sentinels watch."""
MORE_SCENARIOS = {"cluster": CLUSTER_SCENARIOS, "sentinel": SENTINEL_SCENARIOS}


CONFIGURATION: dict[str, Any] = {
    "limits": (LimitPattern("ratelimit:*", "100/60"),),
    "caches": (CachePattern("llm", "llm:*"), CachePattern("product", "product:*")),
}
"""Settings for the demo application's keys that differ from the defaults."""


SENTINEL_CONFIGURATION: dict[str, Any] = {"channels": ("[^_]*",)}
"""Besides with Sentinel: all channels but the one on which sentinels announce themselves."""

BUNDLED = Path(__file__).with_name("_demo")
"""Where the wheel puts the demo application: not at the top level. A checkout has no such folder."""


class DemoError(DashError):
    """The demo could not be started."""


class _Ready(msgspec.Struct):
    redis_url: str
    http_url: str


class _Progress:
    """Forwards the demo's output until it is ready; after that keeps only the last lines."""

    def __init__(self, stream: IO[str]) -> None:
        self.last: deque[str] = deque(maxlen=20)
        self._quiet = threading.Event()
        self._thread = threading.Thread(target=self._pump, args=(stream,), daemon=True)
        self._thread.start()

    def _pump(self, stream: IO[str]) -> None:
        for line in stream:
            self.last.append(line.rstrip())
            if not self._quiet.is_set():
                click.echo(f"  {line}", nl=False, err=True)

    def stop_forwarding(self) -> None:
        """Write nothing more: the dashboard uses the screen."""
        self._quiet.set()


def run_demo(config: Config, options: Mapping[str, str], kind: str | None = None) -> None:
    """Run until the user quits; the demo always ends with the dashboard.

    Args:
        options: further options of ``python -m demo_server``.
        kind: ``cluster`` or ``sentinel`` for several servers of its own; None for one.

    Raises:
        DemoError: the demo application is not installed or did not start; its output is on stderr.
    """
    if not all(find_spec(name) for name in ("fastapi", "uvicorn", "httpx", "aiosqlite")):
        raise DemoError("the demo needs a few more packages: pip install 'redis-dash[demo]'")
    click.echo("redis-dash: starting the demo", err=True)
    arguments = [f"--{name}={value}" for name, value in options.items()] + ([f"--{kind}"] if kind else [])
    process = subprocess.Popen(
        # The demo ends when its standard input closes, even if this process is killed.
        [sys.executable, "-m", "demo_server", "--exit-with-stdin", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(BUNDLED), *_inherited_path()])},
        start_new_session=True,  # the dashboard handles Ctrl-C
    )
    try:
        from redis_dash.tui.start import run_dashboard  # imports Textual while the demo starts

        assert process.stdout is not None
        assert process.stderr is not None
        progress = _Progress(process.stderr)
        ready = _wait_until_ready(process)
        progress.stop_forwarding()
        own = SENTINEL_CONFIGURATION if kind == "sentinel" else {}
        run_dashboard(
            msgspec.structs.replace(config, url=ready.redis_url, **CONFIGURATION, **own),
            title=f"demo {ready.http_url}",
            scenarios=SCENARIOS | MORE_SCENARIOS.get(kind or "", {}),
        )
    finally:
        _stop(process)


def _inherited_path() -> list[str]:
    inherited = os.environ.get("PYTHONPATH")
    return [inherited] if inherited else []


def _wait_until_ready(process: subprocess.Popen[str]) -> _Ready:
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        return msgspec.json.decode(line, type=_Ready)
    except msgspec.DecodeError:
        raise DemoError("the demo application did not start; it said why above") from None


def _stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""The process of the workload."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from typing import IO

from demo_server.process.progress import say
from demo_server.process.stopping import stop_by_stdin

_START_TIMEOUT = 5.0  # seconds
_STOP_TIMEOUT = 0.5  # seconds


@contextlib.contextmanager
def running_workload(
    redis_url: str, http_url: str, rate: float, seed: int | None, of_others: Collection[str]
) -> Iterator[IO[bytes]]:
    """Run the workload; yields its stdin, and the workload ends when that is closed.

    `of_others` are names of scenarios that it does not play.
    """
    command = [sys.executable, "-m", "demo_server.workload", "--exit-with-stdin", "--http-url", http_url]
    command += ["--rate", str(rate)]
    command += [part for name in of_others for part in ("--of-others", name)]
    if seed is not None:
        command += ["--seed", str(seed)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches only this process, which passes it on
        # The URL may hold a password, and every user can read command lines.
        env=os.environ | {"DEMO_REDIS_URL": redis_url},
    )
    assert process.stdin is not None
    try:
        yield process.stdin
    finally:
        stop_by_stdin(process, _STOP_TIMEOUT)


async def control_channel_has(listeners: int, redis_url: str) -> None:
    """Wait until the workload, and who else plays some, take scenarios; goes on after a while: the API works."""
    from redis.exceptions import RedisError

    from demo_server import keys
    from demo_server.clients import close_client, open_client, subscribers

    redis = open_client(redis_url, name="demo-launcher")
    deadline = time.monotonic() + _START_TIMEOUT
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(RedisError):
                if await subscribers(redis, keys.CONTROL) >= listeners:
                    return
            await asyncio.sleep(0.02)
        say("the workload does not listen yet")
    finally:
        await close_client(redis)

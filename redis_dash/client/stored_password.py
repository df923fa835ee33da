"""A password in a file, or that a program prints: read again when the server refuses it, since it may be replaced."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import time
from collections.abc import Callable

from redis_dash.config import Config, Url
from redis_dash.config.password import COMMAND_S, Passwords, Secret, from_file, not_run, printed, too_slow, words_of
from redis_dash.core.errors import ConfigError

READ_AGAIN_S = 5.0
"""It is read no more often, however many connections are refused."""


class StoredPassword:
    """All connections for the same user share it."""

    def __init__(self, file: str, command: str) -> None:
        """One of the two is empty."""
        self.current: Secret | None = None
        self.trouble = ""
        self.changed: Callable[[], None] = lambda: None
        self._file, self._command = file, command
        self._read_at = -math.inf
        self._task: asyncio.Task[None] | None = None

    def refused(self, tried: str) -> None:
        """Read it again in the background, unless another one is known by now, or it was read just before."""
        is_read = self._task is not None and not self._task.done()
        is_other = self.current is not None and self.current.reveal() != tried
        if not (is_read or is_other) and time.monotonic() - self._read_at >= READ_AGAIN_S:
            self._task = asyncio.create_task(self._read_again(tried))

    async def _read_again(self, tried: str) -> None:
        try:
            if self._file:
                self.current = await asyncio.to_thread(from_file, self._file, waits=False)
            else:
                self.current = await _printed_by(words_of(self._command))
        except ConfigError as error:
            self.trouble = f"the password cannot be read again: {error}"
            return
        finally:
            self._read_at = time.monotonic()
        self.trouble = ""
        if self.current.reveal() != tried:
            self.changed()

    def close(self) -> None:
        """End the program, if it runs: nothing is read any more."""
        if self._task is not None:
            self._task.cancel()


async def _printed_by(words: list[str]) -> Secret:
    """Run a program without a terminal, since ours shows the dashboard.

    Raises:
        ConfigError: it failed; its own words are told, but not its output.
    """
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=nothing, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise not_run(words, error) from None
    try:
        async with asyncio.timeout(COMMAND_S):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        raise too_slow(words) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return printed(words, process.returncode or 0, stdout, stderr)


def url_of(config: Config) -> Url:
    """The configured way to the server; passwords of files and programs can be read again."""
    own, of_sentinels = (
        StoredPassword(file, command) if file or command else None
        for file, command in (
            (config.password_file, config.password_command),
            (config.sentinel_password_file, config.sentinel_password_command),
        )
    )
    return Url(config.url, Passwords(own, of_sentinels))

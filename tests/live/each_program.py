"""A server of each kind that is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_server.process.embedded import EmbeddedServer
from tests.live.limited import PROGRAMS


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda path: path.name)
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    program: Path = request.param
    with EmbeddedServer(program=program) as server:
        yield server

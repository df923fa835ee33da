"""While data changes, every value of every frame is as certain as it claims."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo_server.process.embedded import EmbeddedServer
from tests.moving.phases import LARGE, SMALL, Size, shuffled
from tests.moving.report import table
from tests.moving.scene import Scene

SHORTER = 0.4
"""Share of the time that ``make truth`` gives each phase."""


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server that may be restarted during the test."""
    with EmbeddedServer() as server:
        yield server


@pytest.mark.parametrize(("size", "seed"), [(SMALL, 1), (LARGE, 1)], ids=["small", "large"])
async def test_no_figure_is_wrong(server: EmbeddedServer, size: Size, seed: int) -> None:
    half = shuffled(seed, size.phases)[size is LARGE :: 2]
    phases = [phase._replace(seconds=phase.seconds * SHORTER) for phase in half]
    tally = await Scene(server, size, seed, phases).play()
    assert tally.good, "\n" + table({size.name: tally})
    assert tally.frames > 200
    assert sum(certainties["exact"] for certainties in tally.certainties.values()) > 10

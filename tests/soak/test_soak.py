"""A short soak of one server; ``python -m tests.soak`` runs for longer, and on a cluster and with Sentinel, too."""

from __future__ import annotations

import pytest

from tests.soak import run
from tests.soak.run import Result


async def test_nothing_grows_and_every_figure_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "REST_S", 2.0)
    monkeypatch.setattr(run, "PAUSE_S", (0.3, 1.0))
    monkeypatch.setattr(run, "LINK_S", (0.3, 1.5))
    result: Result = await run.run("server", 16.0, seed=3, rate=20.0)
    assert result.problems == []
    assert result.faults.total() >= 6
    assert result.tally.figures > 100

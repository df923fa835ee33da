"""Durations to a tenth of a second: what took some time is never said to have taken none."""

from __future__ import annotations

import pytest

from redis_dash.core.durations import tenths
from redis_dash.core.frames.server import Scan
from redis_dash.tui.panes.server import facts
from tests.tui import fakes


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "<0.1 s"), (0.004, "<0.1 s"), (0.09, "<0.1 s"), (0.1, "0.1 s"), (1.44, "1.4 s")]
)
def test_tenths(seconds: float, text: str) -> None:
    assert tenths(seconds) == text


def test_a_short_pass_did_not_take_0_s() -> None:
    shown = {
        str(fact.name): fact.value for fact in facts(fakes.server(scan=Scan(passes=3, last_s=0.02, keys_per_s=4000.0)))
    }
    assert shown["last pass"] == "<0.1 s"

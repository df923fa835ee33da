"""Keys that are not recognised, and may be a limiter's: whole numbers that expire."""

from __future__ import annotations

import pytest

from redis_dash.core.frames.keys import KeysFrame
from redis_dash.tui.formatting import Tallies
from redis_dash.tui.panes.key_kind_detail import kind_detail
from redis_dash.tui.text import plain
from tests.tui import fakes
from tests.tui.helpers import WIDE, running, shows, tap
from tests.tui.test_key_kinds import SIZES, feed_of, opened


@pytest.mark.parametrize("size", SIZES)
async def test_numbers_that_expire_may_be_a_limiter(size: tuple[int, int]) -> None:
    kind = fakes.kind("api:*", 300, endless=0, longest_s=60.0, expiring_numbers=16)
    async with running(feed_of(fakes.keys(kind)), size) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "not recognised: numbers that expire" if size == WIDE else "not recognised")
        await tap(pilot, "enter")
        await shows(app, pilot, "all are numbers that expire", "rate-limiter-flexible", "--limit 'api:*=100/60'")


@pytest.mark.parametrize(
    ("name", "setting"),
    [("api:*", "--limit 'api:*=100/60'"), ("it's:*", "--limit 'it'\"'\"'s:*=100/60'"), ("api:ab…:*", "")],
)
def test_the_setting_for_a_limiter_can_be_typed(name: str, setting: str) -> None:
    """Its pattern may hold quotes; one with a hidden id would match nothing."""
    detail = kind_detail(fakes.kind(name, 300, endless=0, expiring_numbers=16), KeysFrame(), {}, Tallies())
    found = dict(detail.facts).get(plain("  to watch"), "")
    assert found.partition(": 100 in")[0] == setting

"""The words about the time that a client must wait."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.tui.panes import limit_text
from tests.tui import fakes


@pytest.mark.parametrize("used", [100, 85, 3])
@pytest.mark.parametrize("resets", [True, False])
def test_less_than_a_second_is_called_so_in_all_forms(used: int, resets: bool) -> None:
    row = msgspec.structs.replace(fakes.limit("203.0.113.9", used), reset_s=0.4, resets=resets)
    timed = [form for form in limit_text.state(row) if " s" in form]
    assert timed
    assert all("<1 s" in form for form in timed), timed

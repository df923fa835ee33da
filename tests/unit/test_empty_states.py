"""The text of an empty pane: what it tells the user to type can be typed."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from redis_dash.cli import main
from redis_dash.core.certainty import Scope, exact
from redis_dash.tui.empty_states import empty_text


@pytest.mark.parametrize(
    ("things", "option"), [("sessions", "--session"), ("limiters", "--limit"), ("sorted sets", "--leaderboard")]
)
def test_the_option_that_is_suggested_is_understood(things: str, option: str) -> None:
    text = empty_text(Scope(("x:*",), 300), exact(0), things, option, "")
    found = re.search(r"start with (--\S+ '[^']+')", text)
    assert found is not None
    words = shlex.split(found[1])
    assert words[0] == option
    result = CliRunner().invoke(main, ["snapshot", "--for", "0", *words, "redis://127.0.0.1:1"])
    assert result.exit_code == 1, result.output  # nothing answers there; 2 would be bad usage

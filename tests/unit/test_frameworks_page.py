"""docs/frameworks.md marks what is recognised as likely only, as the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redis_dash.dialects.registry import layouts

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"
ROWS = [line.casefold() for line in PAGE.read_text().splitlines() if line.startswith("| ")]
LIKELY = [one.name for one in layouts() if one.confidence == "likely" and one.topic in ("sessions", "rate_limits")]


@pytest.mark.parametrize("name", LIKELY)
def test_a_likely_format_is_marked(name: str) -> None:
    words = re.findall(r"[\w/-]+", name.casefold())
    rows = [row for row in ROWS if all(word in row for word in words)]
    assert rows
    assert any("(likely)" in row for row in rows), rows

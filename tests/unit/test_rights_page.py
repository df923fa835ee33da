"""docs/rights.md has the lists by which ``redis-dash doctor`` asks, and which the tests in tests/live/rights prove."""

from __future__ import annotations

import re

from redis_dash.sources import SOURCES
from tests.unit.rights_page import PAGE, page


def test_the_page_has_the_lists_as_they_are() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "python -m tests.unit.rights_page writes them"


def test_each_topic_has_its_line() -> None:
    found = re.findall(r"### (.+)\n\n```\nACL SETUSER watcher \+", PAGE.read_text())
    assert found[: len(SOURCES)] == [source.topic.replace("_", " ").capitalize() for source in SOURCES]

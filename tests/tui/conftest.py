"""Fixtures that make the app fast, so that tests need not wait for it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_own_errors(no_own_errors: None) -> None:
    """Applies to every test here."""


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drain the feed more often than a user would need."""
    monkeypatch.setattr("redis_dash.tui.feed_app.STREAM_INTERVAL_S", 0.04)

"""Fixtures that make the app fast, so that tests need not wait for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tui import shared_styles, unseen_paints


@pytest.fixture(scope="session", autouse=True)
def _less_work() -> Iterator[None]:
    """Parse each style sheet once for each theme, and put together only the screens that are read."""
    with pytest.MonkeyPatch.context() as patch:
        shared_styles.share(patch)
        unseen_paints.leave_out(patch)
        yield


@pytest.fixture(autouse=True)
def _no_own_errors(no_own_errors: None) -> None:
    """Applies to every test here."""


@pytest.fixture(autouse=True)
def _all_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal of the tests has all colours, whatever the one has in which they run."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drain the feed more often than a user would need."""
    monkeypatch.setattr("redis_dash.tui.feed_app.STREAM_INTERVAL_S", 0.04)

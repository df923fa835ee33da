"""One deployment with sentinels, which each test leaves whole, and one for those that do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo_server.process.embedded_sentinel import EmbeddedSentinel
from tests.live.sentinel.keys import Application


@pytest.fixture(scope="session")
def shared_sentinels() -> Iterator[EmbeddedSentinel]:
    with EmbeddedSentinel() as sentinels:
        yield sentinels


@pytest.fixture
def app(shared_sentinels: EmbeddedSentinel) -> Iterator[Application]:
    """An application with a primary and a replica, filled; whatever was stopped is there again afterwards."""
    heal(shared_sentinels)
    application = Application(shared_sentinels)
    application.write_all()
    yield application
    heal(shared_sentinels)


def heal(sentinels: EmbeddedSentinel) -> None:
    """Start what has ended, and wait until everything agrees."""
    for number, sentinel in enumerate(sentinels.sentinels):
        if not sentinel.is_running:
            sentinels.restart_sentinel(number)
    for number, server in enumerate(sentinels.servers):
        if not server.is_running:
            other = 1 - number
            sentinels.wait_until(lambda other=other: sentinels.agree_on(other))  # type: ignore[misc]
            sentinels.restart(number)
    sentinels.wait_until(sentinels.is_up)

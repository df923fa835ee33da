"""Run the app with a fake feed, wait for a condition, and read the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.strip import Strip

from redis_dash.tui.app import DashApp
from redis_dash.tui.screens.confirm import ConfirmScreen
from redis_dash.tui.widgets.lines import Lines
from tests.conftest import pause_after
from tests.tui.fakes import FakeFeed

MEDIUM, WIDE, NARROW = (120, 36), (200, 60), (80, 24)


@asynccontextmanager
async def running(
    feed: FakeFeed, size: tuple[int, int] = MEDIUM, scenarios: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[DashApp, Pilot[None]]]:
    """The app with this feed, once its first readings are on the screen."""
    app = DashApp(lambda: feed, title="test", scenarios=scenarios, refresh=0.08)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.dashboard.target != "" and not feed.pending)
        await pilot.pause(0.05)
        yield app, pilot
        if app.screen_stack:
            strips(app)  # what nobody has read is drawn once
        assert not broken(app)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the app run until a condition holds, and still does when all widgets have handled their messages."""
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        began = time.thread_time()
        if condition():
            return
        # A pause of the pilot costs more than what it waits for.
        await asyncio.sleep(pause_after(began, least_s=0.02))
        if condition():
            await pilot.pause(0)
    screen = screen_text(pilot.app)  # type: ignore[arg-type]
    raise AssertionError(f"still not so:\n{screen}")


@contextmanager
def case(name: object) -> Iterator[None]:
    """Tell which of several cases in one app fails."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the case of {name!r}")
        raise


async def tap(pilot: Pilot[None], *keys: str) -> None:
    """Press keys without the pilot's wait for an idle processor; wait for their effect instead."""
    for key in keys:
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConfirmScreen) or pilot.app.screen.is_shown)
        name, char = (_character_to_key(key), key) if len(key) == 1 else (key, None)
        pilot.app.post_message(Key(name, char))
        await pilot.pause(0.01)


async def leave(app: DashApp, pilot: Pilot[None]) -> None:
    """Go back to the dashboard, with all panes and without a filter."""
    await tap(pilot, "escape")
    while app.screen is not app.dashboard:
        await tap(pilot, "escape")


async def shows(app: DashApp, pilot: Pilot[None], *texts: str) -> None:
    """Wait until all these texts are on the screen."""
    await until(pilot, lambda: all(text in screen_text(app) for text in texts))


def strips(app: DashApp) -> list[Strip]:
    """The strips that the compositor would send to the terminal."""
    return app.screen._compositor.render_strips()


def screen_text(app: DashApp) -> str:
    """The screen as plain lines."""
    return "\n".join(strip.text for strip in strips(app))


def broken(app: DashApp) -> list[str]:
    """Widgets that failed to draw."""
    return [
        f"{lines!r}: {lines.failure}" for screen in app.screen_stack for lines in screen.query(Lines) if lines.failure
    ]

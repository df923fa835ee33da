"""Keys that come at once behind the one that opens a screen: the screen has no size yet when they arrive."""

from __future__ import annotations

from textual.events import Key
from textual.pilot import Pilot

from redis_dash.core.databases import Database
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import NARROW, case, running, shows, until

KINDS = [fakes.kind(f"kind{i}:*", 1_000 - i) for i in range(40)]


def feed_of_much() -> FakeFeed:
    """A feed of which nothing fits on a small screen as a whole."""
    databases = tuple(Database(number, 9) for number in range(40))
    message = b"{%s}" % b", ".join(b'"name%d": %d' % (i, i) for i in range(60))
    log = fakes.log_of((b"orders", message))
    feed = FakeFeed(fakes.ok("server", fakes.server(databases=databases)), fakes.ok("events", fakes.events(log)))
    feed.kinds = fakes.keys(*KINDS)
    return feed


def type_at_once(pilot: Pilot[None], keys: str) -> None:
    """Keys of one read."""
    for key in keys.split():
        pilot.app.post_message(Key({"?": "question_mark"}.get(key, key), key if len(key) == 1 else None))


async def test_end_goes_to_the_end_of_a_screen_that_opens() -> None:
    """Twice, since the help is made once, and may be closed before it is laid out."""
    cases = {
        "? end": "Esc closes",
        "enter end": "name59",
        "n end": "db39",
        "d end enter": "kind39",
        "d end enter end": "Esc closes",
    }
    async with running(feed_of_much(), NARROW) as (app, pilot):
        app.animation_level = "none"
        for keys, shown in [*cases.items(), *cases.items()]:
            with case(keys):
                type_at_once(pilot, keys)
                await shows(app, pilot, shown)
                type_at_once(pilot, " ".join(["escape"] * (2 if "enter" in keys[2:] else 1)))
                await until(pilot, lambda: app.screen is app.dashboard)
        type_at_once(pilot, "? q ? end")
        await shows(app, pilot, "Esc closes")

"""The screen "What is in here?": the kinds of keys, while the scan goes on."""

from __future__ import annotations

import random
import re
import time

import msgspec
import pytest
from textual.pilot import Pilot

from redis_dash.core.certainty import at_least, counted, estimated, unknown
from redis_dash.core.commands import FullPass
from redis_dash.core.feed import Progress
from redis_dash.core.frames.keys import KeyKind, KeysFrame
from redis_dash.core.frames.server import Scan
from redis_dash.core.reading import Reading
from redis_dash.tui.app import DashApp
from redis_dash.tui.panes import key_kind_rows
from redis_dash.tui.panes.key_kinds import KeyKindsPane
from redis_dash.tui.screens.key_kinds import KeyKindsScreen
from tests.tui import fakes, hostile
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, broken, case, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert

SIZES = [NARROW, MEDIUM, WIDE]
SESSIONS = fakes.kind(
    "shop:sess:*",
    12_403,
    1400.0,
    types=(("string", 16),),
    endless=0,
    longest_s=86_000.0,
    recognised=(fakes.recognised(),),
    watched=(("sessions", 16),),
)
CARTS = fakes.kind("cart:*", 40_000, 300.0, types=(("hash", 15), ("string", 1)), endless=12, longest_s=60.0)
QUEUE = fakes.kind("bull:mails:*", 7, None, sampled=None, types=(), endless=0)
KINDS = (CARTS, SESSIONS, QUEUE)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.tui.screens.key_kinds.REFRESH_S", 0.04)


def feed_of(reading: Reading[KeysFrame]) -> FakeFeed:
    feed = FakeFeed(*fakes.everything())
    feed.kinds = reading
    return feed


def names(app: DashApp) -> list[str]:
    """The first column."""
    lines = [line.strip("│▸ ") for line in screen_text(app).splitlines()[3:-2]]
    return [line.split("  ")[0] for line in lines if line]


def pane_of(app: DashApp) -> KeyKindsPane:
    return app.screen.query_one(KeyKindsPane)


async def opened(app: DashApp, pilot: Pilot[None]) -> None:
    await tap(pilot, "d")
    await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))
    await shows(app, pilot, "What is in here?")


@pytest.mark.parametrize("close", ["d", "escape"])
async def test_the_key_that_opens_it_or_esc_closes_it(close: str) -> None:
    async with running(feed_of(fakes.keys(*KINDS))) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, close)
        await until(pilot, lambda: app.screen_stack == [app.dashboard])
        await shows(app, pilot, "2 Sessions", "d keys")


@pytest.mark.parametrize("size", SIZES)
async def test_a_row_says_what_they_are_and_which_pane_shows_them(size: tuple[int, int]) -> None:
    async with running(feed_of(fakes.keys(*KINDS)), size) as (app, pilot):
        await opened(app, pilot)
        await shows(
            app, pilot, "shop:sess:*", "12,403", "16.6 MB", "Express (conn", "2 Sessions", "not shown", "not read yet"
        )
        text = screen_text(app)
        assert "52,410 keys · 3 kinds · ~28.0 MB in 2 of them" in text
        assert "59.1 %" in text, "the share of the memory"
        assert all(len(line) == size[0] for line in text.splitlines())
        if size == NARROW:
            await until(pilot, lambda: re.search(r"\+\d columns", screen_text(app)) is not None)
        else:
            assert "76.3 %" in text, "the share of the keys"
            assert "4 of 16" in text
            assert "hash/s" in text
        if size == WIDE:
            assert "Express (connect-redis)" in text


async def test_the_rows_are_sorted_by_memory_or_by_keys_and_the_title_says_it() -> None:
    async with running(feed_of(fakes.keys(*KINDS)), WIDE) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "memory ▾")
        assert names(app) == ["shop:sess:*", "cart:*", "bull:mails:*"]
        await tap(pilot, "s")
        await shows(app, pilot, "count ▾")
        assert "memory ▾" not in screen_text(app)
        assert names(app) == ["cart:*", "shop:sess:*", "bull:mails:*"]
        await tap(pilot, "s")
        await shows(app, pilot, "memory ▾")
        assert names(app) == ["shop:sess:*", "cart:*", "bull:mails:*"]


async def test_it_follows_the_scan() -> None:
    first = fakes.kind("cart:*", estimated(40_000, 39_000, 41_000, 0.12))
    feed = feed_of(fakes.keys(first, scan=Scan(4800, 40_000, 0.12)))
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "scan 12 %", "40.0 k ± 3 %", "12 % scanned")
        later = fakes.kind("cart:*", estimated(42_000, 41_500, 42_500, 0.5))
        feed.kinds = fakes.keys(later, SESSIONS, scan=Scan(21_000, 54_403, 0.386))
        await shows(app, pilot, "scan 39 %", "42.0 k ± 2 %", "shop:sess:*")
        feed.kinds = fakes.keys(CARTS, SESSIONS)
        await shows(app, pilot, "40,000", "just counted")
        assert "scan 39 %" not in screen_text(app)
        assert "% scanned" not in screen_text(app)


@pytest.mark.parametrize(("age_s", "text"), [(0, "── 2 % sampled ─╯"), (49, " 2 % sampled 49 s ago ─╯")])
async def test_of_many_keys_it_says_how_many_names_were_looked_at_and_when(
    age_s: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reading(_: FakeFeed) -> Reading[KeysFrame]:
        kind = fakes.kind("cart:*", estimated(1_000_000, 990_000, 1_010_000, 0.02))
        made = fakes.keys(kind, scan=Scan(1_000_000, 1_000_000, 1.0, passes=1, last_s=9.0), looked_at=20_480)
        assert made.frame is not None
        return msgspec.structs.replace(made, frame=msgspec.structs.replace(made.frame, at=time.time() - age_s))

    monkeypatch.setattr(FakeFeed, "keys", reading)  # of now: the app may take seconds to paint it
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, text)
        assert "2 % scanned" not in screen_text(app)


async def test_memory_that_is_only_a_lower_bound_says_so() -> None:
    kind = fakes.kind("cart:*", 40_000, memory=at_least(12_000_000), measured=256)
    async with running(feed_of(fakes.keys(kind)), WIDE) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "11.4 MB+")
        await tap(pilot, "enter")
        await shows(app, pilot, "11.4 MB+, 100.0 %", "at least, since others may be much larger")


async def test_the_details_follow_the_readings() -> None:
    feed = feed_of(fakes.keys(CARTS, SESSIONS))
    async with running(feed, WIDE) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "down", "enter")
        await shows(app, pilot, "40,000, just counted")
        feed.kinds = fakes.keys(msgspec.structs.replace(CARTS, count=counted(41_000, 41_000, 41_000, time.time())))
        await shows(app, pilot, "41,000, just counted")
        feed.kinds = fakes.keys(SESSIONS)
        await shows(app, pilot, "No key of this kind")


NOTHING = Reading("keys", "ok", KeysFrame(scan=Scan(300, 10_000, 0.03)), time.time(), count=unknown())
STATES: dict[str, tuple[Reading[KeysFrame], tuple[str, ...]]] = {
    "before the first key": (NOTHING, ("Nothing seen yet, 3 % scanned.", "F5 scans all now.")),
    "an empty database": (
        Reading("keys", "ok", KeysFrame(), time.time(), count=counted(0, 0, 0, time.time())),
        ("The database held no keys when it was scanned.",),
    ),
    "no right": (
        Reading("keys", "off", note="not allowed to run SCAN", remedy="ACL SETUSER ann +scan"),
        ("not allowed to run SCAN. ACL SETUSER ann +scan allows it.",),
    ),
    "away": (Reading("keys", "error", note="connection refused", away=True), ("Not connected: connection refused",)),
    "away, with rows": (
        msgspec.structs.replace(fakes.keys(*KINDS), status="stale", note="connection refused", away=True),
        ("shop:sess:*", "stale", "connection refused"),
    ),
    "some right is missing": (
        msgspec.structs.replace(fakes.keys(*KINDS), status="reduced", note="not allowed to run TYPE"),
        ("shop:sess:*", "reduced"),
    ),
}


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_why_it_is_empty_or_old(size: tuple[int, int]) -> None:
    feed = feed_of(NOTHING)

    def says(texts: tuple[str, ...]) -> bool:
        return all(text in " ".join(screen_text(app).split()) for text in texts)

    async with running(feed, size) as (app, pilot):
        for state, (reading, texts) in STATES.items():
            with case(state):
                feed.kinds = reading
                await opened(app, pilot)
                await until(pilot, lambda texts=texts: says(texts))  # type: ignore[misc]
                await tap(pilot, "enter", "s", "down", "end")
                await tap(pilot, "escape", "escape")
                await until(pilot, lambda: app.screen_stack == [app.dashboard])
                assert not broken(app)


async def test_the_help_above_it_says_what_is_missing() -> None:
    reading, _ = STATES["some right is missing"]
    async with running(feed_of(reading)) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Missing now", "What is in here?", "not allowed to run TYPE")
        await tap(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))


async def test_after_a_defect_of_the_reader_it_says_so() -> None:
    feed = FakeFeed()

    async def run() -> None:
        raise RuntimeError("a secret")

    feed.run = run  # type: ignore[method-assign]
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "the reader stopped, by an error in redis-dash itself", "This could not be read.")
        assert "a secret" not in screen_text(app)


async def test_a_full_scan_begins_and_stops_here_too() -> None:
    feed = feed_of(fakes.keys(*KINDS))
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "f5")
        await until(pilot, lambda: feed.asked == [FullPass(True)])
        feed.under_way = Progress("pass", 410, 1000, 2.0)
        await shows(app, pilot, "full scan", "41 %", "F5 stops")
        await tap(pilot, "f5")
        await until(pilot, lambda: feed.asked == [FullPass(True), FullPass(False)])


async def test_a_click_in_the_footer_presses_the_key_once() -> None:
    async with running(feed_of(fakes.keys(*KINDS))) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "memory ▾")
        await pilot.click(offset=(screen_text(app).splitlines()[-1].index("s sort"), MEDIUM[1] - 1))
        await shows(app, pilot, "count ▾")


async def test_the_settings_for_what_was_recognised_are_shown_and_not_written() -> None:
    reading = fakes.keys(*KINDS)
    assert reading.frame is not None
    frame = msgspec.structs.replace(reading.frame, profile='# Express, certain\n[[sessions]]\nkeys = "shop:sess:*"\n')
    feed = feed_of(msgspec.structs.replace(reading, frame=frame))
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "w")
        await shows(app, pilot, "[[sessions]]", 'keys = "shop:sess:*"', "redis-dash discover URL --write PATH")
        assert not feed.submitted
        assert not feed.asked
        await tap(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))


async def test_a_filter_lists_only_some() -> None:
    async with running(feed_of(fakes.keys(*KINDS)), WIDE) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "slash", *"express", "enter")
        await until(pilot, lambda: names(app) == ["shop:sess:*"])
        await tap(pilot, "escape")
        await until(pilot, lambda: len(names(app)) == 3)
        assert isinstance(app.screen, KeyKindsScreen), "the first Esc takes back the filter"


async def test_the_palette_offers_what_works_here() -> None:
    async with running(feed_of(fakes.keys(*KINDS))) as (app, pilot):
        commands = {command.title for command in app.get_system_commands(app.screen)}
        assert {"What is in here?", "Pane: Sessions", "Zoom"} <= commands
        await opened(app, pilot)
        commands = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Help", "Scan everything now, at full speed", "Theme"} <= commands
        assert not {"Pane: Sessions", "Zoom"} & commands


async def test_two_kinds_of_the_same_masked_name_are_two_rows() -> None:
    twins = [msgspec.structs.replace(fakes.kind("token:•••", 1), id=number) for number in range(2)]
    feed = feed_of(fakes.keys(*twins))
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "down")
        feed.kinds = fakes.keys(*twins, fakes.kind("cart:*", 1, 1.0))
        await until(pilot, lambda: names(app) == ["token:•••", "token:•••", "cart:*"])
        assert pane_of(app).table.index == 1, "the cursor stays on the second one"


def many(number: int) -> list[KeyKind]:
    rng = random.Random(5)
    held = (hostile.STRINGS[index % len(hostile.STRINGS)] for index in range(number))
    return [
        fakes.kind(f"{text[:2000]}{index}", rng.randrange(10_000), rng.random() * 1000, types=((text[:50], 16),))
        for index, text in enumerate(held)
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_thousands_of_hostile_names_cost_only_the_visible_rows(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    cells = key_kind_rows.KindRows.cells

    def count(self: key_kind_rows.KindRows, row: KeyKind) -> object:
        drawn.append(row.id)
        return cells(self, row)

    monkeypatch.setattr(key_kind_rows.KindRows, "cells", count)
    feed = feed_of(fakes.keys(*many(5000)))
    async with running(feed, size) as (app, pilot):
        await opened(app, pilot)
        await until(pilot, lambda: pane_of(app).table.total == 5000)
        for key in ("down", "pagedown", "end", "up", "s", "home", "enter", "escape"):
            drawn.clear()
            await tap(pilot, key)
            assert len(set(drawn)) <= 3 * size[1]
            assert_inert(strips(app))
        drawn.clear()
        feed.kinds = fakes.keys(*many(5000)[::-1])
        await until(pilot, lambda: bool(drawn))
        assert len(set(drawn)) <= size[1]
        assert_inert(strips(app))

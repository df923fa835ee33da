"""The first line: what has no room is not counted as dashboards, and does not come and go with the figures."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from redis_dash.client.reasons import NO_PASSWORD
from redis_dash.core.frames.server import Cost, Scan, ServerFrame
from redis_dash.core.reading import Reading
from redis_dash.tui.header_footer import header_items
from redis_dash.tui.text import Plain
from redis_dash.tui.widgets.status_bar import Item, StatusBar
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import running, screen_text, shows, until

MOVING: tuple[dict[str, object], ...] = (
    {"ping_ms": 0.31, "used_memory": 10_480_000, "cost": Cost(1204, 38.2, 0.0011), "clients": 9},
    {"ping_ms": 0.01, "used_memory": 10_490_000, "cost": Cost(1204, 38.2, 0.0001), "clients": 10},
    {"ping_ms": 12.3, "used_memory": 10_480_000, "cost": Cost(1204, 38.2, 0.1123), "clients": 999},
)
WAITS = Scan(done=300, size=10_000, share=0.03, held_back=True)


def words(items: list[Item]) -> set[str]:
    """The words of each item, without its figures."""
    texts = ("".join(text for text, _ in item.segments) for item in items)
    return {"".join(letter for letter in text if letter.isalpha()).replace("kB", "MB") for text in texts}


def line(second: int, **changes: object) -> list[Item]:
    """The items of one second."""
    frame = fakes.server(other_dashboards=1, **{**MOVING[second % 3], **changes})
    return header_items(Plain(""), Plain("127.0.0.1:6379/0"), Reading("server", "ok", frame, 100.0), 100.0, "F5")


WIDTHS = range(40, 170)


def test_figures_that_get_longer_and_shorter_hide_the_same_others_each_second() -> None:
    for width in WIDTHS:
        bar, hidden = StatusBar(), []
        for second in range(12):
            bar.show(line(second))
            hidden.append(words(line(second)) - words(bar._fitting(width)[0]))
        assert all(names == hidden[3] for names in hidden[3:]), (width, hidden)


def test_a_state_that_comes_and_goes_hides_the_same_others_each_second() -> None:
    for width in WIDTHS:
        bar, shown = StatusBar(), []
        for second in range(12):
            items = line(0, scan=WAITS) if second % 2 else line(0)
            bar.show(items)
            shown.append(words(bar._fitting(width)[0]) & words(line(0)))
        assert all(names == shown[1] for names in shown[1:]), (width, shown)


def test_what_is_gone_for_long_gives_its_room_back() -> None:
    bar = StatusBar()
    bar.show(line(0))
    all_of_them = bar._fitting(110)
    bar.show(line(0, scan=WAITS))
    bar.show(line(0))
    assert bar._fitting(110) != all_of_them
    for _ in range(60):
        bar.show(line(0))
    assert bar._fitting(110) == all_of_them


@pytest.mark.parametrize("width", [96, 110, 120])
def test_what_was_away_for_some_seconds_hides_nothing_any_more(width: int) -> None:
    """A state that was there once, such as figures that are old, must not hide others for half a minute."""
    bar = StatusBar()
    bar.show(line(0))
    usual = bar._fitting(width)
    bar.show([*line(0), Item(((Plain("3 s old"), "warn"),), 1, right=True, place="old")])
    for _ in range(4):
        bar.show(line(0))
    assert bar._fitting(width) == usual


def test_a_lost_server_gives_all_room_at_once() -> None:
    bar = StatusBar()
    bar.show(line(0, scan=WAITS))
    lost = Reading("server", "stale", fakes.server(), time.time(), note="the server closed the connection")
    items = header_items(Plain(""), Plain("127.0.0.1:6379/0"), lost, time.time())
    bar.show(items)
    assert bar._fitting(120) == (items, 0)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, ["127.0.0.1:6379/0", "✖ disconnected 42 s — connection refused", "retry in 4 s"]),
        (80, ["127.0.0.1:6379/0", "✖ away 42 s — connection refused", "retry in 4 s"]),
        (60, ["127.0.0.1:6379/0", "✖ away 42 s — connection refused"]),
    ],
)
def test_where_there_is_little_room_the_trouble_is_told_in_fewer_words(width: int, shown: list[str]) -> None:
    lost = Reading("server", "stale", fakes.server(), 100.0, note="connection refused", away=True)
    bar = StatusBar()
    bar.show(header_items(Plain(""), Plain("127.0.0.1:6379/0"), lost, 142.0, next_attempt_s=3.2))
    said = ["".join(text for text, _ in item.segments).strip() for item in bar._fitting(width - 2)[0]]
    assert [text for text in said if text not in ("redis-dash", "valkey 8.1.8")] == shown


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_why_no_sentinel_can_be_asked_is_shown_before_the_addresses(size: tuple[int, int]) -> None:
    note = "no sentinel can be asked: connection refused (sentinel-1.example.com:26379 +2)"
    feed = FakeFeed(Reading[ServerFrame]("server", "error", note=note, away=True))
    feed.target = f"redis+sentinel://{','.join(f'sentinel-{one}.example.com:26379' for one in (1, 2, 3))}/mymaster/0"
    feed.next_attempt_s = 3.2
    async with running(feed, size) as (app, pilot):
        await until(pilot, lambda: "connection refused" in screen_text(app).splitlines()[0])


def test_the_first_line_has_room_for_the_way_to_give_a_password() -> None:
    bar = StatusBar()
    wanted = Reading[Any]("server", "error", note=NO_PASSWORD, away=True)
    bar.show(header_items(Plain(""), Plain("127.0.0.1:6379/0"), wanted, 142.0, next_attempt_s=30.0))
    said = ["".join(text for text, _ in item.segments).strip() for item in bar._fitting(118)[0]]
    assert said == ["127.0.0.1:6379/0", f"✖ away — {NO_PASSWORD}", "retry in 30 s"]


async def test_hidden_figures_are_not_a_number_beside_other_dashboards() -> None:
    feed = FakeFeed(fakes.ok("server", msgspec.structs.replace(fakes.server(), other_dashboards=1)))
    async with running(feed, (80, 24)) as (app, pilot):
        await shows(app, pilot, "incl. another dashboard")
        first = screen_text(app).splitlines()[0]
        assert " … " in first
        assert "+" not in first


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 36)])
async def test_a_server_that_is_not_verified_is_told_all_the_time(size: tuple[int, int]) -> None:
    feed = FakeFeed(fakes.ok("server", fakes.server(scan=WAITS, other_dashboards=1)))
    feed.target = f"rediss://{'a-long-name.' * 8}example.com:6379/0 via bastion"
    feed.unverified = "not verified"
    async with running(feed, size) as (app, pilot):
        await shows(app, pilot, "not verified")
        feed.put(Reading("server", "stale", fakes.server(), 1.0, note="the server closed the connection " * 5))
        await shows(app, pilot, "✖")
        assert "not verified" in screen_text(app).splitlines()[0]


async def test_the_host_that_ssh_goes_to_is_beside_the_server() -> None:
    feed = FakeFeed(fakes.ok("server", fakes.server()))
    feed.target = "redis://redis.shop.example.com:6379/0 via bastion"
    async with running(feed, (120, 36)) as (app, pilot):
        await shows(app, pilot, "example.com:6379/0 via bastion")
        assert "not verified" not in screen_text(app)

"""The key that sets a limit which Redis does not hold: the form, what it refuses, and what it says."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from redis_dash.core.choices import Choose, Chosen
from redis_dash.core.credential import Credential
from redis_dash.core.errors import ConfigError
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.globs import decoded, encoded, escaped
from redis_dash.tui.app import DashApp
from redis_dash.tui.intents import Answer, Form
from redis_dash.tui.panes import limit_text
from redis_dash.tui.panes.limit_form import limit_form
from redis_dash.tui.panes.rate_limits import RateLimitsPane
from redis_dash.tui.screens.form import FormScreen
from tests.tui import fakes, hostile
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, case, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert

OPEN = replace(fakes.limit("ann", 37, of=None, reset=30.0), pattern="ratelimit:*", window_s=None, resets=True)
MINE = replace(fakes.limit("ann", 37, of=100), pattern="ratelimit:*", limit_from="user")


def feed_of(*rows: LimitRow) -> FakeFeed:
    return FakeFeed(fakes.ok("server", fakes.server()), fakes.ok("rate_limits", fakes.rate_limits(*rows), coverage=1.0))


async def asked(app: DashApp, pilot: Pilot[None]) -> None:
    """The form is open."""
    await tap(pilot, "3", "l")
    await until(pilot, lambda: isinstance(app.screen, FormScreen))


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_the_key_asks_for_the_limit_and_saves_it(size: tuple[int, int]) -> None:
    feed = feed_of(OPEN)
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "3")
        await shows(app, pilot, "limit not known", "l: set the limit", "l limit")
        await asked(app, pilot)
        await shows(
            app, pilot, "Set the limit", "ratelimit:*", "Nothing is", "may be empty", "Enter saves · Esc leaves"
        )
        await tap(pilot, *"100", "down", *"60", "enter")
        await until(pilot, lambda: app.screen is app.dashboard and bool(feed.choices))
        assert feed.choices == [Choose("ratelimit:*", "limit", "100/60")]
        await shows(app, pilot, "100 requests in 1 min 00 s", "Saved in")


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
async def test_the_name_of_the_file_is_not_broken(size: tuple[int, int]) -> None:
    """However long the path is: a notice is narrow."""
    feed = feed_of(OPEN)
    async with running(feed, size) as (app, pilot):
        await tap(pilot, "3")
        for length, why in product(range(34, 62, 7), ("", ": Permission denied")):
            with case((length, why)):
                path = f"/{'x' * length}/dashboard.toml"
                feed.chosen = Chosen(trouble=path + why) if why else Chosen(path)
                await asked(app, pilot)
                await tap(pilot, *"100", "enter")
                await shows(app, pilot, "100 requests", "dashboard.toml" + why[:1])
                app.clear_notifications()
                await until(pilot, lambda: "dashboard.toml" not in screen_text(app))


async def test_esc_leaves_and_changes_nothing() -> None:
    feed = feed_of(OPEN)
    async with running(feed) as (app, pilot):
        await asked(app, pilot)
        await tap(pilot, *"100", "escape")
        await until(pilot, lambda: app.screen is app.dashboard)
        assert feed.choices == []


async def test_what_is_wrong_is_said_in_the_form_until_it_is_mended() -> None:
    feed = feed_of(OPEN)
    async with running(feed) as (app, pilot):
        await asked(app, pilot)
        await tap(pilot, "enter")
        await shows(app, pilot, "The limit is missing")
        await tap(pilot, *"x", "enter")
        await shows(app, pilot, "a whole number of requests")
        await tap(pilot, "backspace", "5")
        await until(pilot, lambda: "whole number" not in screen_text(app))
        await tap(pilot, "enter")
        await until(pilot, lambda: app.screen is app.dashboard and bool(feed.choices))
        assert feed.choices == [Choose("ratelimit:*", "limit", "5")]


async def test_the_limit_can_be_changed_and_removed() -> None:
    feed = feed_of(MINE)
    async with running(feed) as (app, pilot):
        await asked(app, pilot)
        await shows(app, pilot, "Change your limit", "100", "60", "an empty limit removes yours")
        await tap(pilot, "backspace", "backspace", "backspace", "enter")
        await until(pilot, lambda: app.screen is app.dashboard and bool(feed.choices))
        assert feed.choices == [Choose("ratelimit:*", "limit", "")]
        await shows(app, pilot, "Your limit for ratelimit:* is removed.")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(MINE, limit_from="redis"), "Redis holds this limit: 100 requests in 1 min 00 s."),
        (replace(MINE, limit_from="settings"), "comes from --limit or from config.toml"),
        (replace(OPEN, pattern=""), "A part of this pattern is hidden"),
    ],
)
async def test_where_there_is_nothing_to_set_it_says_why(row: LimitRow, said: str) -> None:
    feed = feed_of(row)
    async with running(feed) as (app, pilot):
        await tap(pilot, "3", "l")
        await shows(app, pilot, said)
        assert app.screen is app.dashboard
        assert feed.choices == []


async def test_without_a_client_the_key_does_nothing_and_is_not_offered() -> None:
    async with running(feed_of()) as (app, pilot):
        await tap(pilot, "3", "l")
        await until(pilot, lambda: app.dashboard.current_pane.TOPIC == "rate_limits")
        assert app.screen is app.dashboard
        assert "l limit" not in screen_text(app)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Chosen(trouble="/etc/dashboard.toml: Permission denied"), "Permission denied"),
        (Chosen(), "dashboard ends"),
    ],
)
async def test_it_says_if_the_limit_is_not_remembered(chosen: Chosen, said: str) -> None:
    feed = feed_of(OPEN)
    feed.chosen = chosen
    async with running(feed) as (app, pilot):
        await asked(app, pilot)
        await tap(pilot, "5", "enter")
        await shows(app, pilot, said)


async def test_what_the_feed_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeFeed, choice: Choose) -> Chosen:
        raise ConfigError("not so")

    monkeypatch.setattr(FakeFeed, "choose", refuse)
    async with running(feed_of(OPEN)) as (app, pilot):
        await asked(app, pilot)
        await tap(pilot, "5", "enter")
        await shows(app, pilot, "Not changed", "not so")


async def test_details_say_who_gave_the_limit() -> None:
    async with running(feed_of(MINE)) as (app, pilot):
        await tap(pilot, "3", "enter")
        await shows(app, pilot, "100, set by you; l changes it")


async def test_a_hostile_pattern_is_harmless_and_stays_what_it_is() -> None:
    feed = feed_of()
    async with running(feed) as (app, pilot):
        pane = app.dashboard.query_one(RateLimitsPane)
        for number, text in enumerate(hostile.STRINGS):
            with case(number):
                text = decoded(text[:300].encode("utf-8", "surrogatepass"))  # as a key's name is read
                pattern = f"{escaped(text)}*"
                row = replace(OPEN, pattern=pattern, whole_key=Credential(encoded(text) + b"1"))
                feed.choices.clear()
                feed.put(fakes.ok("rate_limits", fakes.rate_limits(row), coverage=1.0))
                await until(pilot, lambda row=row: pane.table.item == row)  # type: ignore[misc]
                await asked(app, pilot)
                await shows(app, pilot, "Esc leaves")
                assert_inert(strips(app))
                await tap(pilot, "5", "enter")
                await until(pilot, lambda: app.screen is app.dashboard and bool(feed.choices))
                assert feed.choices == [Choose(pattern, "limit", "5")]
                assert_inert(strips(app))


def read(row: LimitRow, *values: str) -> object:
    form = limit_form(row)
    assert isinstance(form, Form)
    answer = form.read(values)
    return answer.choice if isinstance(answer, Answer) else str(answer)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("ratelimit:*", "0", ""), "whole number"),
        (("ratelimit:*", "1.5", ""), "whole number"),
        (("ratelimit:*", "9" * 13, ""), "whole number"),
        (("ratelimit:*", "٣", ""), "whole number"),
        (("ratelimit:*", "5", "0"), "number of seconds"),
        (("ratelimit:*", "5", "nan"), "number of seconds"),
        (("ratelimit:*", "5", "inf"), "number of seconds"),
        (("ratelimit:*", "5", "a minute"), "number of seconds"),
        (("", "5", "60"), "pattern is missing"),
        (("other:*", "5", "60"), "does not match"),
        (("ratelimit:*", "5", "10"), "still lasts 30 s"),
    ],
)
def test_values_that_cannot_be_used(values: tuple[str, str, str], said: str) -> None:
    assert said in str(read(OPEN, *values))


@pytest.mark.parametrize(
    ("values", "choice"),
    [
        (("ratelimit:*", "15/45", ""), Choose("ratelimit:*", "limit", "15/45")),
        (("ratelimit:*", "5", ""), Choose("ratelimit:*", "limit", "5")),
        (("ratelimit:a*", "5", "60"), Choose("ratelimit:a*", "limit", "5/60")),
        (("ratelimit:*", "5", "60.5"), Choose("ratelimit:*", "limit", "5/60.5")),
        (("ratelimit:*", "5", "1e3"), Choose("ratelimit:*", "limit", "5/1000")),
    ],
)
def test_values_that_can(values: tuple[str, str, str], choice: Choose) -> None:
    assert read(OPEN, *values) == choice


def test_a_window_may_be_shorter_than_a_block() -> None:
    """rate-limiter-flexible: the ``blockDuration`` becomes the lifetime of the counter."""
    row = replace(OPEN, used=9, blocks=True)
    assert read(row, "ratelimit:*", "6", "20") == Choose("ratelimit:*", "limit", "6/20")
    assert "still lasts 30 s" in str(read(row, "ratelimit:*", "9", "20")), "not blocked by this limit"


@pytest.mark.parametrize("changes", [{"is_held": True}, {"left": 7}, {"clear_s": 5.0}])
def test_keys_whose_usage_depends_on_the_window_need_it(changes: dict[str, object]) -> None:
    row = replace(OPEN, resets=False, **changes)
    assert "need the window" in str(read(row, "ratelimit:*", "5", ""))
    assert read(row, "ratelimit:*", "5", "60") == Choose("ratelimit:*", "limit", "5/60")


def test_a_client_without_expiry_that_has_used_all_is_called_blocked() -> None:
    row = replace(MINE, used=100, blocked=True, is_endless=True, reset_s=None)
    assert limit_text.state(row)[0] == "blocked, no expiry"


def test_a_limit_of_yours_that_does_not_fit_is_not_said_to_come_from_a_flag() -> None:
    row = replace(MINE, limit=None, given_limit=100, given_window_s=60.0)
    texts = f"{limit_text.limit(row, '; l changes it')} {limit_text.explained(row, '')}"
    assert "--limit" not in texts
    assert "you set 100 in 1 min 00 s, but the key lasts longer; l changes it" in texts

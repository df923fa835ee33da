"""What can be chosen in "What is in here?": a name, a pane, to ignore a kind."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from redis_dash.core.choices import YES, Choose
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.globs import decoded
from redis_dash.tui.app import DashApp
from redis_dash.tui.panes.kind_choices import ignore_answer, name_form, topic_options
from redis_dash.tui.screens.form import FormScreen
from redis_dash.tui.screens.key_kinds import KeyKindsScreen
from redis_dash.tui.screens.options import OptionsScreen
from redis_dash.tui.text import Plain
from tests.tui import fakes, hostile
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, NARROW, WIDE, case, running, screen_text, shows, strips, tap, until
from tests.tui.test_hostile import assert_inert

CARTS = fakes.kind("cart:*", 40_000, types=(("hash", 16),))
BOARDS = fakes.kind("lb:*", 30, types=(("zset", 16),))
SESSIONS = fakes.kind(
    "sess:*", 12, recognised=(fakes.recognised(),), watched=(("sessions", 16),), types=(("string", 16),)
)
PANES = {"sessions": "2 Sessions", "rate_limits": "3 Limits", "leaderboards": "4 Board", "cache": "5 Cache"}


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_dash.tui.screens.key_kinds.REFRESH_S", 0.04)


def feed_of(*kinds: KeyKind) -> FakeFeed:
    feed = FakeFeed(*fakes.everything())
    feed.kinds = fakes.keys(*kinds)
    return feed


async def opened(app: DashApp, pilot: Pilot[None]) -> None:
    await tap(pilot, "d")
    await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))
    await shows(app, pilot, "What is in here?")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_a_kind_gets_a_name_which_is_shown_before_its_pattern(size: tuple[int, int]) -> None:
    feed = feed_of(CARTS)
    async with running(feed, size) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "e")
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        await tap(pilot, *"Carts", "enter")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen) and bool(feed.choices))
        assert feed.choices == [Choose("cart:*", "name", "Carts")]
        feed.kinds = fakes.keys(replace(CARTS, own_name="Carts"))
        await shows(app, pilot, "Carts · cart:*")
        await tap(pilot, "enter")
        await shows(app, pilot, "Carts, given by you")


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_a_pane_is_chosen_from_those_that_can_show_the_type(size: tuple[int, int]) -> None:
    feed = feed_of(BOARDS)
    async with running(feed, size) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "a")
        await until(pilot, lambda: isinstance(app.screen, OptionsScreen))
        await shows(app, pilot, "lb:*", "3 Limits", "4 Board", "5 Cache", "Enter takes it · Esc leaves")
        await tap(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen) and bool(feed.choices))
        assert feed.choices == [Choose("lb:*", "topic", "leaderboards")]
        await shows(app, pilot, "4 Board shows lb:*.")


async def test_esc_leaves_the_list_and_chooses_nothing() -> None:
    feed = feed_of(BOARDS)
    async with running(feed) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "a")
        await until(pilot, lambda: isinstance(app.screen, OptionsScreen))
        await tap(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, KeyKindsScreen))
        assert feed.choices == []


@pytest.mark.parametrize("size", [NARROW, MEDIUM, WIDE])
async def test_an_ignored_kind_is_listed_only_if_asked_for_and_the_title_counts_them(
    size: tuple[int, int],
) -> None:
    feed = feed_of(CARTS, BOARDS)
    async with running(feed, size) as (app, pilot):
        await opened(app, pilot)
        await tap(pilot, "i")
        await until(pilot, lambda: bool(feed.choices))
        assert feed.choices == [Choose("cart:*", "ignored", YES)]
        feed.kinds = fakes.keys(replace(CARTS, is_ignored=True), BOARDS)
        await shows(app, pilot, "2 kinds", "1 ignored")
        app.clear_notifications()
        await until(pilot, lambda: "cart:*" not in screen_text(app) and "v: list the ignored" in screen_text(app))
        await tap(pilot, "v")
        await shows(app, pilot, "cart:*", "ignored", "v: hide the ignored")
        await tap(pilot, "home", "i")
        await until(pilot, lambda: len(feed.choices) == 2)
        assert feed.choices[1] == Choose("cart:*", "ignored", "")
        await tap(pilot, "v")
        await until(pilot, lambda: "v: list the ignored" in screen_text(app))


async def test_if_all_kinds_are_ignored_it_says_so() -> None:
    async with running(feed_of(replace(CARTS, is_ignored=True))) as (app, pilot):
        await opened(app, pilot)
        await shows(app, pilot, "1 kind, all ignored. v lists them.")


async def test_a_pane_says_that_keys_of_its_patterns_are_ignored() -> None:
    reading = fakes.ok("rate_limits", fakes.rate_limits(fakes.limit("ann", 3)), coverage=1.0)
    assert reading.scope is not None
    reading = replace(reading, scope=replace(reading.scope, ignored=("ratelimit:old:*",)))
    async with running(FakeFeed(fakes.ok("server", fakes.server()), reading)) as (app, pilot):
        await shows(app, pilot, "1 kind ignored")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (replace(CARTS, pattern=""), "hidden"),
        (SESSIONS, "2 Sessions shows these keys already"),
        (replace(CARTS, is_ignored=True), "show it again first"),
    ],
)
def test_why_no_pane_can_be_chosen(kind: KeyKind, said: str) -> None:
    assert said in str(topic_options(kind, PANES))


@pytest.mark.parametrize(
    ("types", "topics"),
    [
        ((("zset", 16),), ["rate_limits", "leaderboards", "cache"]),
        ((("string", 15), ("hash", 1)), ["sessions", "rate_limits", "cache"]),
        ((("list", 16),), ["cache"]),
        ((("zset", 1), ("string", 1)), ["rate_limits", "cache"]),
        ((), ["sessions", "rate_limits", "leaderboards", "cache"]),
    ],
)
def test_only_panes_that_can_show_the_type_are_offered(types: tuple[tuple[str, int], ...], topics: list[str]) -> None:
    options = topic_options(replace(CARTS, types=types), PANES)
    assert not isinstance(options, str)
    assert [answer.choice.value for _, answer in options.answers] == topics


def test_what_was_chosen_can_be_taken_back() -> None:
    options = topic_options(replace(CARTS, chosen_topic="cache", watched=(("cache", 16),)), PANES)
    assert not isinstance(options, str)
    assert options.answers[-1][1].choice == Choose("cart:*", "topic", "")
    assert "cache" not in [answer.choice.value for _, answer in options.answers]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (replace(CARTS, pattern=""), "hidden"),
        (SESSIONS, "Sessions cannot be ignored"),
        (replace(CARTS, watched=(("sessions", 3),)), "Sessions cannot be ignored"),
        (replace(CARTS, is_ignored=True, is_ignored_by_settings=True), "config.toml ignores"),
    ],
)
def test_why_a_kind_cannot_be_ignored(kind: KeyKind, said: str) -> None:
    assert said in str(ignore_answer(kind))


def test_a_single_key_among_sessions_can_be_ignored() -> None:
    kind = fakes.kind("session:count", 1, watched=(("sessions", 1),))
    answer = ignore_answer(kind)
    assert not isinstance(answer, str)
    assert answer.choice == Choose("session:count", "ignored", YES)


@pytest.mark.parametrize("name", ["x" * 41, "\x1b[31m", "a\u202eb", "line\nbreak"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    form = name_form(CARTS)
    assert not isinstance(form, str)
    assert "A name has at most" in str(form.read((name,)))


@pytest.mark.parametrize("key", ["e", "a", "i"])
async def test_hostile_patterns_are_harmless(key: str) -> None:
    feed = feed_of(CARTS)

    def answered() -> bool:
        """A form or a list is there to be read, or the choice is made or refused, and told."""
        if isinstance(app.screen, KeyKindsScreen):
            return bool(feed.choices) or len(app.screen.query("Toast")) > 0
        return "Esc leaves" in screen_text(app)

    async with running(feed) as (app, pilot):
        for number in (0, 1, 3, 10, 16):
            with case(number):
                text = decoded(hostile.STRINGS[number][:300].encode("utf-8", "surrogatepass")) or "x"
                feed.kinds = fakes.keys(fakes.kind(text, 40))
                feed.choices.clear()
                app.clear_notifications()
                await opened(app, pilot)
                await shows(app, pilot, "40 ")
                assert_inert(strips(app))
                await tap(pilot, key)
                await until(pilot, answered)
                assert_inert(strips(app))
                await tap(pilot, "escape", "escape")
                await until(pilot, lambda: app.screen is app.dashboard)


def test_a_pattern_of_which_a_part_is_hidden_gets_no_name() -> None:
    assert name_form(replace(CARTS, pattern="")) == Plain(
        "A part of this pattern is hidden, since it may be an id or a token: nothing is remembered for it."
    )

"""The help defines every word on the screen."""

from __future__ import annotations

import re
import time
from typing import get_args

import pytest

from redis_dash.core.certainty import Certainty, Count
from redis_dash.core.frames.server import ServerFrame
from redis_dash.core.reading import Reading, Status
from redis_dash.tui.app import DashApp
from redis_dash.tui.formatting import Tallies
from redis_dash.tui.keys import KeyTable
from redis_dash.tui.panes import cache, key_kind_rows, leaderboard, limit_text, rate_limits, server, sessions
from redis_dash.tui.panes.server_meanings import MEANINGS
from redis_dash.tui.screens.definition_list import definition_lines
from redis_dash.tui.screens.glossary import word_sections
from redis_dash.tui.screens.help import LEAD, help_owners
from redis_dash.tui.status import certainty, status_text
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import NARROW, running, screen_text, shows, tap, until

WORDS = word_sections(KeyTable(help_owners(DashApp), {}))
DEFINED = " · ".join(name for _, entries in WORDS for name, _ in entries)
TITLES = [
    str(column.title)
    for table in (cache, key_kind_rows, leaderboard, rate_limits, sessions)
    for column in table.COLUMNS
    if column.title
]


@pytest.mark.parametrize("width", [30, 71, 93])
def test_a_word_and_its_meaning_stand_apart(width: int) -> None:
    """A word that fills its column would run into its meaning; a meaning is not its own word again."""
    for _, entries in WORDS:
        for name, meaning in entries:
            first, *_ = (str(line) for line in definition_lines([(name, meaning)], LEAD, width, "", indent="  "))
            assert first.rstrip() == f"  {name}" or first.startswith(f"  {name}  "), first
            assert len(set(name.split("  "))) == len(name.split("  "))
            parts = [part for part in name.split("  ") if len(part) > 3]
            assert not [one for one in parts for other in parts if one != other and one in other], name


@pytest.mark.parametrize("title", TITLES)
def test_titles_of_columns(title: str) -> None:
    assert title in DEFINED


@pytest.mark.parametrize("used", [5, 85, 100])
@pytest.mark.parametrize("wait", [2.0, 12.0])
def test_states_of_a_client(used: int, wait: float) -> None:
    state = limit_text.state(fakes.limit("a", used, reset=wait))[-1]
    word = state.removesuffix(f" {wait:.0f} s").removesuffix(",")  # "falls, 5 s" where "falls in 5 s" has no room
    assert word
    assert word in DEFINED


@pytest.mark.parametrize("status", get_args(Status))
def test_statuses(status: Status) -> None:
    reading: Reading[ServerFrame] = Reading("server", status, fakes.server(), time.time())
    word = status_text(reading, time.time()).words[0][0][0].split()[0]
    assert word in DEFINED


@pytest.mark.parametrize("kind", get_args(Certainty))
@pytest.mark.parametrize("ago", [1.0, 480.0])
def test_certainties(kind: Certainty, ago: float) -> None:
    now = time.time()
    coverage = 1.0 if kind in ("exact", "counted", "at_least") else 0.12
    words = certainty(Count(7, 7, 7, kind, now - ago, coverage), now, Tallies())
    text = "".join(text for text, _ in words)
    assert all(word in DEFINED for word in text.replace("0 %", "12 %").split(", "))


@pytest.mark.parametrize(
    "word",
    [
        *("received", "dropped", "gap", "no longer kept", "none seen yet", "total", "listed", "~412 k"),
        *("incl. another dashboard", "scan slowed: recent pings", "scan waits until", "refused", "lookups now"),
        *("earlier dashboards", "counting again"),
    ],
)
def test_words_of_titles(word: str) -> None:
    assert word in DEFINED


def test_no_word_claims_to_know_when_a_session_was_used() -> None:
    """Only the time left is known, and an application need not renew it with each use."""
    (entries,) = [entries for title, entries in WORDS if title == "Sessions"]
    pane = sessions.SessionsPane(2)
    shown = f"{entries} {pane.EMPTY} {pane.departure(False)} {pane.departure(True)}"
    assert not re.search("activ|latest|newest|use", shown.replace("user", ""))


@pytest.mark.parametrize("fact", server.facts(fakes.server()))
def test_lines_of_the_server_pane(fact: server.Fact) -> None:
    assert fact.name in MEANINGS


def test_the_totals_of_the_cache_include_earlier_runs() -> None:
    """The server counts them as anybody's lookups, and nobody remembers how many they were."""
    (entries,) = [entries for title, entries in WORDS if title == "Cache"]
    assert "lookups of earlier runs of redis-dash" in " ".join(meaning for _, meaning in entries)


async def test_it_can_be_read_to_its_end_in_a_small_terminal() -> None:
    async with running(FakeFeed(*fakes.everything()), NARROW) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "Everywhere")
        await tap(pilot, "end")
        await shows(app, pilot, "Esc closes", "less important")
        assert all(len(line) == NARROW[0] for line in screen_text(app).splitlines())
        await tap(pilot, "escape")
        await until(pilot, lambda: app.screen is app.dashboard)


async def test_it_fits_a_terminal_that_was_resized_meanwhile() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "from then on it stays with its row while rows move")
        await tap(pilot, "escape")
        await until(pilot, lambda: app.screen is app.dashboard)
        await pilot.resize_terminal(60, 30)
        await tap(pilot, "question_mark")
        await shows(app, pilot, "let the pane fill the screen;", "Esc leaves")


def test_a_name_longer_than_its_column_has_a_line_of_its_own() -> None:
    lines = definition_lines(
        [("ends in 5 min, not 1 min", "its counter lasts longer"), ("used", "requests")], 12, 40, ""
    )
    texts = [line.plain for line in lines]
    assert texts == ["ends in 5 min, not 1 min", "            its counter lasts longer", "used        requests"]

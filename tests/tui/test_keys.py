"""Keys are declared once: footer, help and palette show the bindings, also under a keymap."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from redis_dash.core.commands import RevokeSession
from redis_dash.tui.app import DashApp
from redis_dash.tui.dashboard import Dashboard
from redis_dash.tui.keys import KeyHelp, KeyTable, key_name, short_key_name
from redis_dash.tui.screens.confirm import ConfirmScreen
from redis_dash.tui.screens.detail import DetailScreen
from redis_dash.tui.screens.glossary import key_sections, word_sections
from redis_dash.tui.screens.help import HelpScreen, help_owners
from redis_dash.tui.screens.key_kinds import dashboard_owners
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, WIDE, running, screen_text, shows, tap, until

OWNERS = help_owners(DashApp)
KEYMAP = {"pane.zoom": "x", "sessions.revoke": "ctrl+r,!"}


def own_bindings(owner: type[DOMNode]) -> list[Binding]:
    """The bindings of a class, with those that it inherits from classes of this program."""
    ours = [cls for cls in owner.__mro__ if cls.__module__.startswith("redis_dash.")]
    return [binding for cls in ours for binding in vars(cls).get("BINDINGS", ())]


def lines(table: KeyTable) -> dict[str, str]:
    """The help's lines of keys: name -> meaning."""
    return {name: meaning for _, entries in key_sections(OWNERS, table) for name, meaning in entries}


def last_line(app: DashApp) -> str:
    """The footer."""
    return screen_text(app).splitlines()[-1]


@pytest.mark.parametrize("owner", [*dashboard_owners(DashApp), ConfirmScreen, DetailScreen, HelpScreen])
def test_every_binding_with_a_description_is_in_the_help(owner: type[DOMNode]) -> None:
    table = KeyTable(OWNERS, {})
    names = lines(table)
    for binding in own_bindings(owner):
        assert binding.id, binding
        if binding.id in Dashboard.unused_bindings():  # the number of a pane that is not there
            assert not table.keys(binding.id)
            continue
        assert isinstance(binding.group, KeyHelp), binding
        assert table.help_name(binding.group) in names, binding
        assert table.keys(binding.id), binding


def test_no_key_in_the_help_is_without_a_binding() -> None:
    bound = {key_name(key) for owner in OWNERS for key in KeyTable((owner,), {}).all_keys}
    sections = key_sections(OWNERS, KeyTable(OWNERS, {}))
    names = [name for title, entries in sections if "one thing at a time" not in title for name, _ in entries]
    named = {key for name in names for key in name.split()}
    assert named - {"…"} <= bound


def test_ids_are_unique_and_none_is_explained_that_is_not_bound() -> None:
    declared = [binding for owner in OWNERS for binding in vars(owner).get("BINDINGS", ())]
    ids = [binding.id for binding in declared]
    assert len(ids) == len(set(ids))
    table = KeyTable(OWNERS, {})
    texts = [text for _, entries in (*key_sections(OWNERS, table), *word_sections(table)) for _, text in entries]
    assert not [text for text in texts if "{" in text or text.startswith("–") or " – " in text]


def test_the_help_begins_with_what_a_person_needs_first() -> None:
    sections = dict(key_sections(OWNERS, KeyTable(OWNERS, {})))
    assert [name for name, _ in sections["Everywhere"]] == [
        *("?", "1 … 6", "Tab Shift+Tab", "z", "q", "F5", "d", "n", "u", "Ctrl+P", "Ctrl+Z", "Ctrl+C"),
    ]
    assert [name for name, _ in sections["In a pane"]] == [
        *("↑ ↓  k j", "PgUp PgDn", "Home  g", "End  G", "Enter", "/", "Enter", "Space", "Esc", "f", "r", "[ ]", "l"),
    ]
    assert [name for name, _ in sections["In a question, in details and in this help"]] == [
        *("y", "Esc  n", "←  →", "Esc  Enter  q  ?", "Enter", "Enter", "Esc  n  q", "Esc", "↓ ↑"),
    ]


def test_words_name_the_remapped_key() -> None:
    words = {word: meaning for _, entries in word_sections(KeyTable(OWNERS, KEYMAP)) for word, meaning in entries}
    assert words["+2  +2 columns"].endswith("x gives the pane more")


@pytest.mark.parametrize(
    ("key", "name", "short"),
    [
        ("escape", "Esc", "esc"),
        ("ctrl+p", "Ctrl+P", "^p"),
        ("shift+tab", "Shift+Tab", "shift+tab"),
        ("f5", "F5", "F5"),
        ("question_mark", "?", "?"),
        ("up", "↑", "↑"),
        ("G", "G", "G"),
        ("pagedown", "PgDn", "pgdn"),
        ("enter", "Enter", "enter"),
    ],
)
def test_names_of_keys(key: str, name: str, short: str) -> None:
    assert (key_name(key), short_key_name(key)) == (name, short)


async def test_a_remapped_key_stands_in_the_footer_and_works() -> None:
    feed = FakeFeed(*fakes.everything())
    async with running(feed, WIDE) as (app, pilot):
        await tap(pilot, "2")
        await until(pilot, lambda: "z zoom" in last_line(app) and "r revoke" in last_line(app))
        app.set_keymap(KEYMAP)
        await until(pilot, lambda: "x zoom" in last_line(app) and "^r revoke" in last_line(app))
        assert "z zoom" not in last_line(app)
        await tap(pilot, "z", "r")
        await tap(pilot, "x")
        await until(pilot, lambda: "1 Events" not in screen_text(app))
        await tap(pilot, "ctrl+r")
        await shows(app, pilot, "Sign this session out?")
        await pilot.pause(0.5)
        await tap(pilot, "y")
        await until(pilot, lambda: bool(feed.submitted))
        assert isinstance(feed.submitted[0], RevokeSession)


async def test_a_click_in_the_footer_presses_the_remapped_key() -> None:
    async with running(FakeFeed(*fakes.everything())) as (app, pilot):
        app.update_keymap({"pane.zoom": "x"})
        await until(pilot, lambda: "x zoom" in last_line(app))
        await pilot.click(offset=(last_line(app).index("x zoom"), MEDIUM[1] - 1))
        await until(pilot, lambda: "2 Sessions" not in screen_text(app))


async def test_a_remapped_key_stands_in_help_and_palette() -> None:
    async with running(FakeFeed(*fakes.everything()), WIDE) as (app, pilot):
        await tap(pilot, "question_mark")
        await shows(app, pilot, "  z   ")
        await tap(pilot, "escape")
        await until(pilot, lambda: app.screen is app.dashboard)
        app.set_keymap({**KEYMAP, "help.close": "w"})
        await tap(pilot, "question_mark")
        await shows(app, pilot, "  x   ", "Ctrl+R  !")
        await tap(pilot, "w")
        await until(pilot, lambda: app.screen is app.dashboard)
        await tap(pilot, "ctrl+p", *"zoom")
        await shows(app, pilot, "or share it again (x)")

"""Two keys that a terminal delivers in one read: the second acts on what the first has done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.whole.forked import playground
from tests.whole.terminal import Terminal

NARROW = (80, 24)
"""A size at which one pane is visible at a time, so that the screen shows which one a key acts on."""
ESCAPE, ENTER, TAB, SHIFT_TAB, END = "\x1b", "\r", "\t", "\x1b[Z", "\x1b[F"
DETAILS = {"1": "Event", "2": "Session", "3": "Rate limit", "4": "Member", "5": "Cache", "6": "Server"}
"""The title of the details that each pane opens."""
FIRST = {"2": "▸ user0@", "3": "▸ 203.0.113.9"}
LAST = {"1": "", "2": "▸ user39@", "3": "▸ 198.51.100.4", "4": "▸    3", "5": "▸ page", "6": "▸ last pass"}
"""The cursor on the first row, and on the last one; Events follows its last message anyway."""


def is_at(screen: str, pane: str) -> bool:
    """Whether this pane is the visible one."""
    return screen.splitlines()[2].startswith(f"╭  {pane} ")


def has_details(screen: str, pane: str) -> bool:
    """Whether the details of a row of this pane are open."""
    return "Esc closes" in screen and any(line.strip("│ ") == DETAILS[pane] for line in screen.splitlines())


class Step(NamedTuple):
    """A first key, and the panes before and after it."""

    key: str
    before: str
    after: str


STEPS = [
    *(Step(str(number), "3" if number == 2 else "2", str(number)) for number in range(1, 7)),
    Step(TAB, "2", "3"),
    Step(SHIFT_TAB, "3", "2"),
]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The dashboard with data that stands still."""
    with playground("still", *NARROW) as terminal:
        terminal.wait_for("ops/s", "30 received")
        yield terminal


def go(terminal: Terminal, pane: str) -> None:
    """Go to a pane, and wait until it is there."""
    terminal.type(pane)
    terminal.wait_until(lambda screen: is_at(screen, pane))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: repr(step.key))
def test_after_a_key_that_goes_to_a_pane(terminal: Terminal, step: Step) -> None:
    """Each pair of keys starts in the former pane; the second acts in the other one, and only there."""

    def press(second: str) -> None:
        terminal.type(step.before)
        terminal.wait_until(lambda screen: is_at(screen, step.before) and FIRST[step.before] in screen)
        terminal.type(step.key + second)

    def take_back(key: str, sign: str) -> None:
        terminal.wait_for(sign)
        terminal.type(key)
        terminal.wait_until(lambda screen: is_at(screen, step.after) and sign not in screen)
        terminal.type(step.before)
        terminal.wait_until(lambda screen: is_at(screen, step.before) and sign not in screen)

    press(ENTER)
    terminal.wait_until(lambda screen: has_details(screen, step.after))
    take_back(ESCAPE, "Esc closes")
    is_sessions = step.after == "2"
    press("r" if is_sessions else "r?")  # the help opens, since no question does
    terminal.wait_for("Sign this session out?" if is_sessions else "Everywhere")
    take_back(ESCAPE, "Sign this session out?" if is_sessions else "Everywhere")
    press("/xyz")
    terminal.wait_until(lambda screen: is_at(screen, step.after) and "│xyz " in screen)
    take_back(ESCAPE, "filter: xyz")
    press(" ")
    terminal.wait_until(lambda screen: is_at(screen, step.after) and "paused" in screen)
    take_back(" ", "paused")
    for end in ("G", END):
        press(end)
        terminal.wait_until(lambda screen: is_at(screen, step.after) and LAST[step.after] in screen)
        terminal.type("g")
    press("")


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        (ENTER, "Esc closes"),
        ("r", "Sign this session out?"),
        ("/", "filter; Enter"),
        (" ", "paused"),
        ("G", "▸ user39"),
    ],
)
def test_after_zoom(second: str, shown: str) -> None:
    with playground("still", 120, 36) as terminal:
        terminal.wait_for("ops/s", "30 received")
        terminal.type("2")
        terminal.type(f"z{second}")
        terminal.wait_for(shown)
        terminal.wait_until(lambda screen: "1 Events" not in screen)


@pytest.mark.parametrize("second", ["r", "/", "G", "3", "z", "q"])
def test_after_slash_a_character_is_text(terminal: Terminal, second: str) -> None:
    go(terminal, "2")
    terminal.type(f"/{second}{second}")
    terminal.wait_until(lambda screen: is_at(screen, "2") and f"│{second}{second} " in screen)


def test_after_slash_enter_keeps_the_filter_and_the_next_key_acts(terminal: Terminal) -> None:
    go(terminal, "2")
    terminal.type(f"/user7{ENTER}r")
    terminal.wait_for("Sign this session out?", "user7@example.com")


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        (ENTER, "Esc closes"),
        ("r", "Sign this session out?"),
        ("/", "filter; Enter"),
        (" ", "paused"),
        ("G", "▸ user39"),
        (END, "▸ user39"),
        ("3", "203.0.113.9"),
    ],
)
def test_after_escape(terminal: Terminal, second: str, shown: str) -> None:
    """Escape and a character in one read are what a terminal sends for Alt and the character, which has no meaning."""
    go(terminal, "2")
    terminal.type(f"/user7{ENTER}")
    terminal.wait_for("filter: user7")
    terminal.type(ESCAPE + second)
    terminal.wait_until(lambda screen: shown in screen and "filter: user7" not in screen)


def test_a_key_behind_one_that_opens_details_belongs_to_them(terminal: Terminal) -> None:
    go(terminal, "2")
    terminal.type(f"{ENTER}q")  # q closes the details, and would end the program before they open
    terminal.type("3")
    terminal.wait_until(lambda screen: is_at(screen, "3"))
    assert terminal.process.poll() is None


def test_on_the_screen_of_the_kinds_of_keys(terminal: Terminal) -> None:
    terminal.type("d")
    terminal.wait_for("What is in here?", "memory ▾", "sess:*")
    terminal.type("/sess")
    terminal.wait_for("filter: sess", "1 found", "memory ▾")
    terminal.type(ESCAPE)
    terminal.wait_for("cart:*")
    terminal.type(f"ss{END}{ENTER}")
    terminal.wait_for("Kind of keys", "40,000", "Esc closes")
    terminal.type(ESCAPE)
    terminal.wait_until(lambda screen: "Esc closes" not in screen)
    terminal.type("dd")
    terminal.wait_until(lambda screen: "What is in here?" in screen and "Esc closes" not in screen)

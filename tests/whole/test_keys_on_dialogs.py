"""Keys that arrive in one read while details, the help, a question or the palette is open, or about to open."""

from __future__ import annotations

import pytest

from tests.whole.terminal import Terminal
from tests.whole.test_keys_in_one_read import END, ENTER, ESCAPE, go, has_details, is_at, terminal

__all__ = ["terminal"]
PALETTE = "\x10"
HELP = "Everywhere"
QUESTION = "Sign this session out?"


def is_open(screen: str) -> bool:
    """Whether anything is above the dashboard."""
    return any(sign in screen for sign in ("Esc closes", HELP, QUESTION, "Search for"))


@pytest.mark.parametrize("close", ["q", ENTER, ESCAPE])
def test_behind_the_key_that_closes_details(terminal: Terminal, close: str) -> None:
    go(terminal, "2")
    terminal.type(ENTER)
    terminal.wait_until(lambda screen: has_details(screen, "2"))
    terminal.type(f"{close}3")
    terminal.wait_until(lambda screen: is_at(screen, "3") and not is_open(screen))
    terminal.type(ENTER)
    terminal.wait_until(lambda screen: has_details(screen, "3"))
    terminal.type(f"{close}G{ENTER}")
    terminal.wait_until(lambda screen: has_details(screen, "3") and "198.51.100.4" in screen)


@pytest.mark.parametrize("close", ["q", "?", ESCAPE])
def test_behind_the_key_that_closes_the_help(terminal: Terminal, close: str) -> None:
    go(terminal, "2")
    terminal.type("?")
    terminal.wait_for(HELP)
    terminal.type(f"{close}3")
    terminal.wait_until(lambda screen: is_at(screen, "3") and not is_open(screen))
    terminal.type(f"?{END}")
    terminal.wait_until(lambda screen: "Esc closes" in screen)


@pytest.mark.parametrize("close", ["n", "x", ESCAPE, ENTER])
def test_behind_the_key_that_refuses(terminal: Terminal, close: str) -> None:
    go(terminal, "2")
    terminal.type("r")
    terminal.wait_for(QUESTION)
    terminal.type(f"{close}3")
    terminal.wait_until(lambda screen: is_at(screen, "3") and not is_open(screen))


def test_behind_the_key_that_opens_the_palette_or_the_help(terminal: Terminal) -> None:
    """A letter is text there; on the dashboard q ends the program and d opens another screen."""
    terminal.type(f"{PALETTE}qd")
    terminal.wait_until(lambda screen: "qd" in screen and "What is in here?" not in screen)
    assert terminal.process.poll() is None
    terminal.type(ESCAPE)
    terminal.wait_until(lambda screen: "qd" not in screen)
    terminal.type("?q2")
    terminal.wait_until(lambda screen: is_at(screen, "2") and not is_open(screen))
    assert terminal.process.poll() is None


@pytest.mark.parametrize("typed", ["", "q"])
def test_behind_the_key_that_closes_the_palette(terminal: Terminal, typed: str) -> None:
    go(terminal, "2")
    terminal.type(f"{PALETTE}{typed}")
    terminal.wait_for("Search for" if not typed else "Quit")
    terminal.type(f"{ESCAPE}3")
    terminal.wait_until(lambda screen: is_at(screen, "3") and not is_open(screen))


def test_behind_the_key_that_opens_the_kinds_of_keys(terminal: Terminal) -> None:
    terminal.type("d/sess")
    terminal.wait_for("filter: sess", "1 found", "memory ▾")
    terminal.type(f"{ENTER}{ENTER}")
    terminal.wait_for("Kind of keys")
    terminal.type(f"q{ESCAPE}d2")
    terminal.wait_until(lambda screen: is_at(screen, "2") and not is_open(screen))


@pytest.mark.parametrize("typed", ["ry", "ryy", f"r\t{ENTER}", "r\x1b[C" + ENTER, f"ry{ENTER}"])
def test_no_key_in_the_same_read_answers_a_question(terminal: Terminal, typed: str) -> None:
    go(terminal, "2")
    terminal.type(typed)
    if typed != f"ry{ENTER}":  # there Enter cancels
        terminal.wait_for(QUESTION)
    terminal.type(ESCAPE)
    terminal.wait_until(lambda screen: is_at(screen, "2") and not is_open(screen))
    assert "signed out" not in terminal.text


def test_only_the_first_answer_counts(terminal: Terminal) -> None:
    go(terminal, "2")
    terminal.type("r")
    terminal.wait_for(QUESTION)
    terminal.wait_for_silence(0.5)
    terminal.type("ny3")
    terminal.wait_until(lambda screen: is_at(screen, "3") and not is_open(screen))
    assert "signed out" not in terminal.text

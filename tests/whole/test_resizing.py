"""A window that is dragged: 200 sizes in a second, and the last one is painted right."""

from __future__ import annotations

import random
import signal

import pytest

from tests.whole.forked import playground
from tests.whole.terminal import Terminal
from tests.whole.test_terminal import paints_dashboard

SIZES, EVERY_S = 200, 0.005
LAST = (120, 36)


def storm(terminal: Terminal, seed: int) -> None:
    """Resize between 16x4 and 300x80 again and again, then to the last size."""
    chance = random.Random(seed)
    for _ in range(SIZES):
        terminal.resize(chance.randint(16, 300), chance.randint(4, 80))
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.read_for(EVERY_S)
    terminal.resize(*LAST)
    terminal.process.send_signal(signal.SIGWINCH)


SCREENS = {
    "a pane": ("2z", "all panes"),
    "help": ("?", "Everywhere"),
    "a question": ("2zr", "Sign this session out?"),
    "the kinds of keys": ("d", "esc back"),
    "the palette": ("2z\x10", "Search for commands"),
}


def is_whole(screen: str) -> bool:
    """Whether every line between header and footer begins and ends at a border, in the same columns."""
    lines = screen.splitlines()
    box = [line.strip() for line in lines[1:-1] if line.strip()]
    return len({len(line) for line in box}) == 1 and all(line[0] in "╭│╰" and line[-1] in "╮│╯" for line in box)


@pytest.mark.parametrize("name", SCREENS)
def test_after_a_storm_of_sizes_the_screen_is_whole(name: str) -> None:
    keys, shown = SCREENS[name]
    with playground("still", *LAST) as terminal:
        terminal.wait_for("ops/s", "q quit")
        terminal.type(keys)
        terminal.wait_for(shown)
        for seed in range(2):
            storm(terminal, seed)
            for _ in range(2):  # what is painted later must not differ
                terminal.wait_until(lambda screen: shown in screen and (is_whole(screen) or name == "the palette"))
                terminal.read_for(0.5)
        terminal.type("\x03")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0


@pytest.mark.parametrize("variant", ["living", "flood"])
def test_a_storm_of_sizes_while_messages_come(variant: str) -> None:
    with playground(variant, *LAST) as terminal:
        terminal.wait_until(paints_dashboard)
        storm(terminal, 7)
        terminal.wait_until(paints_dashboard)
        terminal.type("\x03")
        terminal.wait_for_end()
        assert terminal.process.returncode == 0

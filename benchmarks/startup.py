"""From the command to the first painted frame, and to live figures, beside a bare Textual application.

    python -m benchmarks.startup [--rounds 25]

Cold processes on a pseudo terminal of 200x60, in turns, while the demo runs: ``python -m redis_dash URL``, and an App
that paints one Static. A frame counts as painted when a word of its content has arrived at the terminal (ours: the
title of a pane); figures count as live when both the events received and rows of sessions stand on the screen.
"""

from __future__ import annotations

import sys

from benchmarks.harness import Figure, demo, median, options_of, say
from benchmarks.report import show
from benchmarks.terminal import on_terminal

HELLO = """
from textual.app import App
from textual.widgets import Static

class Hello(App):
    def compose(self):
        yield Static("hello-terminal")

Hello().run()
"""
PAINTED = "Events"
LIVE = ("received", "time left")


def figures(quick: bool) -> list[Figure]:
    """First frame and live figures."""
    return measure(3 if quick else 25)


def measure(rounds: int) -> list[Figure]:
    """In turns."""
    bare, painted, live = [], [], []
    with demo() as (url, _):
        for number in range(rounds + 1):
            with on_terminal([sys.executable, "-c", HELLO]) as terminal:
                bare.append(terminal.wait_for("hello-terminal") - terminal.began)
            with on_terminal([sys.executable, "-m", "redis_dash", url]) as terminal:
                painted.append(terminal.wait_for(PAINTED) - terminal.began)
                live.append(max(terminal.wait_for(text) for text in LIVE) - terminal.began)
            say(f"startup {number}/{rounds}: bare {bare[-1]:.2f} s, ours {painted[-1]:.2f} s, live {live[-1]:.2f} s")
    floor = median(bare[1:])  # the very first round compiles and fills the file cache
    return [
        Figure("start to first painted frame", "s", median(painted[1:]), floor, "a bare Textual app", at_most=1.3),
        Figure("start to live figures", "s", median(live[1:]), floor, "a bare Textual app's first frame", at_most=2.2),
    ]


def main() -> None:
    """Measure and print."""
    parser = options_of(__doc__)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    show(measure(options.rounds or (3 if options.quick else 25)))


if __name__ == "__main__":
    main()

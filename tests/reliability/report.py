"""The table of what each fault leads to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.reliability.judge import Outcome

COLUMNS = ("fault", "injected by", "what the screen says", "noticed", "said", "recovered", "messages")
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"


def table(outcomes: Sequence[Outcome]) -> str:
    """In Markdown, a row for each fault."""
    return "\n".join([HEAD, *map(_row, outcomes)])


def _row(outcome: Outcome) -> str:
    fault = outcome.fault
    cells = (
        fault.name,
        fault.injected,
        f"`{_sentence(outcome)}`",
        _seconds(outcome.noticed_s),
        _seconds(outcome.said_s),
        _seconds(outcome.recovered_s),
        f"{outcome.missed} of {outcome.published} missed, told as a gap" if outcome.missed else "none missed",
    )
    return f"| {' | '.join(cells)} |"


def _sentence(outcome: Outcome) -> str:
    """The words, without the other figures of the line."""
    parts = outcome.said.split("   ")
    return next((part for part in parts if re.search(outcome.fault.words, part)), outcome.said)


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"

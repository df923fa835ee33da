"""The table of results as text, and as Markdown for docs/compatibility.md."""

from __future__ import annotations

from collections.abc import Sequence

from tests.matrix.rows import Result, Row
from tests.matrix.servers import Wanted

HEAD = ("server", "deployment", "passed", "failed", "skipped", "time")


def table(results: Sequence[tuple[Row, Result]], missing: Sequence[Wanted] = ()) -> str:
    """A table with a line for each row, then the servers that are missing and how to get them."""
    lines = [HEAD, *(_cells(row, result) for row, result in results)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    shown = [_line(line, widths) for line in lines]
    shown.insert(1, _line([":--", ":--", *["--:"] * 4], widths))
    shown += [f"{row.server}, {row.deployment}: {result.trouble}" for row, result in results if result.trouble]
    shown += [f"not tested: {one.name} is missing; {one.how}" for one in missing]
    return "\n".join(shown)


def _cells(row: Row, result: Result) -> tuple[str, ...]:
    minutes, seconds = divmod(round(result.seconds), 60)
    counts = (f"{number:,}" for number in (result.passed, result.failed, result.skipped))
    return (row.server, row.deployment, *counts, f"{minutes}:{seconds:02}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"

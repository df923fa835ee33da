"""Ctrl-C while the program is imported: it ends by the signal, without a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

INTERRUPTED = """\
import importlib.abc, os, runpy, signal, sys

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.{handler})
sys.meta_path.insert(0, Interrupt())
sys.argv = ["redis-dash", "--version"]
runpy.run_module("redis_dash", run_name="__main__", alter_sys=True)
"""
START = tomllib.loads(Path("pyproject.toml").read_text())["project"]["scripts"]["redis-dash"]


def run(module: str, handler: str) -> subprocess.CompletedProcess[str]:
    program = INTERRUPTED.format(module=module, handler=handler)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("module", ["redis_dash.cli", "click", "redis_dash.options"])
def test_it_ends_without_a_traceback(module: str) -> None:
    done = run(module, "default_int_handler")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_an_ignored_signal_stays_ignored() -> None:
    done = run("click", "SIG_IGN")
    assert (done.returncode, done.stderr) == (0, "")
    assert "redis-dash, version" in done.stdout


def test_the_installed_program_starts_there() -> None:
    assert START == "redis_dash.__main__:main"

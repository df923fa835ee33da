"""What the environment says about the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redis_dash.terminal_kind import draws_ascii, given_environment, has_unicode, unpaintable


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        ({}, "utf-8", True),
        ({"LANG": "C.UTF-8"}, "utf-8", True),
        ({"LANG": "de_DE.utf8"}, "UTF-8", True),
        ({"LC_CTYPE": "UTF-8"}, "utf-8", True),
        ({"LC_ALL": "C"}, "utf-8", False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8"}, "utf-8", True),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "C"}, "utf-8", True),
        ({"LANG": "C"}, "utf-8", False),
        ({"LANG": "de_DE.ISO-8859-15"}, "iso8859-15", False),
        ({"LANG": "C.UTF-8"}, "ascii", False),
        ({}, "", False),
    ],
)
def test_whether_there_is_unicode(environ: dict[str, str], encoding: str, expected: bool) -> None:
    assert has_unicode(environ, encoding) is expected


def test_what_python_sets_for_itself_does_not_count() -> None:
    """Where LC_CTYPE is C, Python sets it to C.UTF-8 before the program starts."""
    probe = "from redis_dash.terminal_kind import *; print(draws_ascii(None), draws_ascii(True), draws_ascii(False))"
    said = {}
    for name in ("C", "C.UTF-8"):
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
        command = [sys.executable, "-c", probe]
        done = subprocess.run(command, env=environ | {"LANG": name}, capture_output=True, text=True, check=True)
        said[name] = done.stdout.split()
    assert said == {"C": ["True", "True", "False"], "C.UTF-8": ["False", "True", "False"]}


def test_the_environment_where_it_cannot_be_read() -> None:
    assert given_environment(Path("/no/such/file")) is os.environ


def test_which_terminals_cannot_be_painted() -> None:
    assert unpaintable({"TERM": "dumb"}) == "TERM is dumb"
    assert unpaintable({"TERM": ""}) == unpaintable({}) == "TERM is not set"
    assert unpaintable({"TERM": "xterm"}) == unpaintable({"TERM": "linux"}) == ""


def test_the_user_has_the_last_word() -> None:
    assert draws_ascii(True)
    assert not draws_ascii(False)

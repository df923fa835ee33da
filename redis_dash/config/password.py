"""Passwords: from a file, from the output of a program, or typed by the user. None of them is ever shown."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from redis_dash.core.errors import ConfigError

COMMAND_S = 60.0
"""Longest run of a password command: it may ask the user for a PIN."""
MOST_BYTES = 65_536
WORDS = 300
"""Characters of a program's own words that are shown."""


class Secret:
    """A text that is not shown: neither by ``repr`` nor by ``str``, nor with the locals of a traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "…"


def from_file(path: str) -> Secret:
    """The first line of a file.

    Raises:
        ConfigError: there is none.
    """
    try:
        with Path(path).open("rb") as file:
            return _first_line(file.read(MOST_BYTES), path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None


def from_command(command: str) -> Secret:
    """The first line that a program prints. It is run without a shell, on the user's terminal.

    Raises:
        ConfigError: it failed; its own words are told, but not its output.
    """
    import shlex  # imported here for a quick start
    import subprocess

    words = shlex.split(command)
    name = words[0] if words else command
    try:
        done = subprocess.run(words, capture_output=True, timeout=COMMAND_S, check=False)
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{name} has not ended within {COMMAND_S:g} s") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ConfigError(f"{name} cannot be run: {reason or 'it is no program'}") from None
    if done.returncode:
        told = _told(done.stderr, done.stdout)
        raise ConfigError(f"{name} failed with exit code {done.returncode}{': ' if told else ''}{told}")
    return _first_line(done.stdout, f"what {name} prints")


def typed(target: str) -> Secret:
    """Ask the user on the terminal.

    Raises:
        ConfigError: there is no terminal, or nothing was typed.
    """
    import getpass  # imported here for a quick start

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be seen while it is typed
            return Secret(getpass.getpass(f"Password for {target}: "))
    except (OSError, getpass.GetPassWarning):
        raise ConfigError("--ask-password needs a terminal") from None
    except EOFError:
        raise ConfigError("no password was typed") from None


def _first_line(content: bytes, place: str) -> Secret:
    line = content.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigError(f"{place}: the first line is empty, so there is no password")
    try:
        return Secret(line.decode())
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: the password is not UTF-8") from None


def _told(words: bytes, output: bytes) -> str:
    """What a program said on stderr, on one line, without what it printed."""
    text = words[-MOST_BYTES:].decode("utf-8", "replace")
    for line in output.decode("utf-8", "replace").splitlines():
        if line.strip():
            text = text.replace(line.strip(), "…")
    text = " ".join(text.split())
    return text if len(text) <= WORDS else f"…{text[-WORDS:]}"

"""Passwords: from a file, from the output of a program, or typed by the user. None of them is ever shown."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis_dash.core.errors import ConfigError

COMMAND_S = 60.0
"""Longest run of a password command: it may ask the user for a PIN."""
MOST_BYTES = 65_536
NO_PATH = "no path holds the character NUL"
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


class Renewable(Protocol):
    """A password that can be read again, since it may be replaced while we run."""

    current: Secret | None
    """What was read last; None as long as that is what the URL holds."""
    trouble: str
    """Why it cannot be read again; empty if it can, or if that was not tried."""

    changed: Callable[[], None]
    """Called when another one was read than the one that was refused."""

    def refused(self, tried: str) -> None:
        """The server has refused this password: read it again in the background, if it is time for that."""

    def close(self) -> None:
        """Do not read it any more."""


class Passwords(NamedTuple):
    """The passwords of a URL that can be read again; None for one that cannot."""

    own: Renewable | None = None
    of_sentinels: Renewable | None = None


NEVER_READ_AGAIN = Passwords()


def from_file(path: str, *, waits: bool = True) -> Secret:
    """The first line of a file.

    Args:
        waits: whether to wait for the writer of a named pipe.

    Raises:
        ConfigError: there is none.
    """
    flags = 0 if waits else os.O_NONBLOCK
    try:
        with open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags)) as file:
            return _first_line(file.read(MOST_BYTES) or b"", path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise ConfigError(f"{path}: {NO_PATH}") from None


def from_command(command: str) -> Secret:
    """The first line that a program prints. It is run without a shell, on the user's terminal.

    Raises:
        ConfigError: it failed; its own words are told, but not its output.
    """
    import subprocess  # imported here for a quick start

    words = words_of(command)
    try:
        done = subprocess.run(words, capture_output=True, timeout=COMMAND_S, check=False)
    except subprocess.TimeoutExpired:
        raise too_slow(words) from None
    except (OSError, ValueError) as error:
        raise not_run(words, error) from None
    return printed(words, done.returncode, done.stdout, done.stderr)


def words_of(command: str) -> list[str]:
    """The program and its arguments."""
    import shlex  # imported here for a quick start

    return shlex.split(command) or [command]


def too_slow(words: list[str]) -> ConfigError:
    """The error for a program that does not end."""
    return ConfigError(f"{words[0]} has not ended within {COMMAND_S:g} s")


def not_run(words: list[str], error: OSError | ValueError) -> ConfigError:
    """The error for a program that cannot be run."""
    reason = error.strerror if isinstance(error, OSError) else None
    return ConfigError(f"{words[0]} cannot be run: {reason or 'it is no program'}")


def printed(words: list[str], exit_code: int, stdout: bytes, stderr: bytes) -> Secret:
    """The first line that a program has printed.

    Raises:
        ConfigError: it failed; its own words are told, but not its output.
    """
    if exit_code:
        told = _told(stderr, stdout)
        raise ConfigError(f"{words[0]} failed with exit code {exit_code}{': ' if told else ''}{told}")
    return _first_line(stdout, f"what {words[0]} prints")


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

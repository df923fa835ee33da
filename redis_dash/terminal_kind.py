"""What the terminal can show, as far as the environment says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that name the encoding; the first one that is set counts."""
_UNPAINTABLE = ("dumb", "unknown")


def unpaintable(environ: Mapping[str, str] = os.environ) -> str:
    """Why a screen cannot be painted; empty if it can."""
    term = environ.get("TERM", "")
    if not term:
        return "TERM is not set"
    return f"TERM is {term}" if term in _UNPAINTABLE else ""


def draws_ascii(wanted: bool | None) -> bool:
    """Whether to draw in ASCII: as the user wants it, otherwise as the locale says."""
    encoding = getattr(sys.__stdout__, "encoding", None) or ""
    return not has_unicode(given_environment(), encoding) if wanted is None else wanted


def has_unicode(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether the terminal shows more than ASCII. A locale that is not named says nothing against it.

    Args:
        encoding: that of standard output.
    """
    named = next((environ[name] for name in _LOCALE if environ.get(name)), "UTF-8")
    return _is_utf8(encoding) and _is_utf8(named)


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "")


def given_environment(path: Path = Path("/proc/self/environ")) -> Mapping[str, str]:
    """The environment that the process was started with: where LC_CTYPE is C, Python has set it to C.UTF-8."""
    try:
        entries = path.read_bytes().split(b"\0")
    except OSError:  # there is no such file on macOS
        return os.environ
    return dict(os.fsdecode(entry).split("=", 1) for entry in entries if b"=" in entry)

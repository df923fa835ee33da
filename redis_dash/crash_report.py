"""The report of an error in redis-dash itself: a file for the developers, without any value, and one line for the user.

Neither holds the text of an exception or a local variable: either may be a URL with a password, or data of Redis.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from redis_dash import __version__
from redis_dash.standard_streams import Talk

EXIT_CODE = 70
"""``EX_SOFTWARE`` of sysexits.h."""
MOST_REPORTS = 10
"""Reports that are kept; the oldest ones are removed."""
MOST_FRAMES = 40
"""Frames of one exception; of more, the first and the last ones are written."""
MOST_ERRORS = 8
"""Exceptions of one report: the error, its causes, and the parts of a group."""
_NAME = "crash-*.txt"
_PACKAGES = ("click", "hiredis", "msgspec", "rich", "textual")
_VARIABLES = ("TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG")

server = ""
"""Product and version of the server that is watched, as far as it has answered."""


def note_server(product: str, version: str) -> None:
    """Remember which server is watched."""
    global server
    server = f"{_harmless(product)} {_harmless(version)}".strip()


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where reports are written: the state folder of the XDG specification, which ignores relative paths."""
    base = Path(environ.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else Path("~/.local/state").expanduser()) / "redis-dash"


def end(error: BaseException) -> int:
    """Report an error that ends the program; returns the exit code."""
    Talk().say(last_words(error))
    return EXIT_CODE


def listen() -> None:
    """Report errors that end a thread, or an object's removal: Python would print their text."""
    threading.excepthook = lambda args: _say(args.exc_value)
    sys.unraisablehook = lambda args: _say(args.exc_value)


def _say(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        Talk().say(last_words(error))


def on_loop_error(_loop: object, context: Mapping[str, Any]) -> None:
    """Report an error in a callback of an event loop: the program goes on. asyncio would log its text."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        _say(error)
    else:
        Talk().say(f"an error in redis-dash itself: {context.get('message')}")


def last_words(error: BaseException, environ: Mapping[str, str] = os.environ) -> str:
    """Write the report of an error; returns the line that tells the user of it."""
    first = _first(error)
    *_, where = ["?", *_frames(first.__traceback__)]
    *_, where = [where, *(frame for frame in _frames(first.__traceback__) if frame.startswith("redis_dash"))]
    about = f"an error in redis-dash itself: {_kind(first)} at {where}"
    try:
        return f"{about}; report: {write(error, environ)}"
    except (OSError, RuntimeError) as trouble:  # RuntimeError: there is no home
        why = trouble.strerror if isinstance(trouble, OSError) else "there is no home directory"
        return f"{about}; no report could be written: {why}"


def write(error: BaseException, environ: Mapping[str, str] = os.environ) -> Path:
    """Write the report of an error, for the user's eyes only; returns its path.

    Raises:
        OSError: it could not be written.
        RuntimeError: there is no home directory.
    """
    from datetime import UTC, datetime  # imported here for a quick start

    place, now = folder(environ), datetime.now(UTC)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "\n".join([*_facts(f"{now:%Y-%m-%dT%H:%M:%SZ}", environ), "", *_frames_of_all(error)])
    path = place / f"crash-{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text + "\n")
    for old in sorted(place.glob(_NAME))[:-MOST_REPORTS]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path


def _facts(now: str, environ: Mapping[str, str]) -> Iterator[str]:
    """What the developers need to know of the surroundings."""
    import platform

    yield f"redis-dash {__version__} had an error of its own. This report holds no data of Redis."
    yield f"at: {now}"
    yield f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}"
    yield ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    yield f"server: {server or 'not known'}"
    yield f"terminal: {_terminal_size()}, encoding {getattr(sys.__stdout__, 'encoding', None)}"
    yield ", ".join(f"{name}={_harmless(environ[name])}" for name in _VARIABLES if name in environ)


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


def _terminal_size() -> str:
    for number in range(3):
        with contextlib.suppress(OSError):
            return "{}x{}".format(*os.get_terminal_size(number))
    return "none"


def _harmless(text: str) -> str:
    """The beginning of a text without control characters."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text[:40])


# -- errors ------------------------------------------------------------------------------------------------------------


def _frames_of_all(error: BaseException) -> Iterator[str]:
    """The error, then what it was raised from, and the parts of groups."""
    waiting: list[tuple[str, BaseException]] = [("error", error)]
    seen: list[BaseException] = []
    while waiting and len(seen) < MOST_ERRORS:
        role, one = waiting.pop(0)
        if any(one is other for other in seen):
            continue
        seen.append(one)
        yield f"{role}: {_kind(one)}"
        yield from (f"  {frame}" for frame in _bounded(list(_frames(one.__traceback__))))
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        waiting += [("raised from", before)] if before is not None else []
        if isinstance(one, BaseExceptionGroup):
            waiting += [("part of the group", part) for part in one.exceptions]
    if waiting:
        yield f"and {len(waiting)} more"


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f"{_file(code)}:{traceback.tb_lineno}:{code.co_qualname}"
        traceback = traceback.tb_next


def _file(code: CodeType) -> str:
    """The path without the folders above the package: they may name the user."""
    path = Path(code.co_filename)
    parents = [parent for parent in map(Path, sys.path) if parent.is_absolute() and path.is_relative_to(parent)]
    if not parents:
        return path.name
    return str(path.relative_to(max(parents, key=lambda parent: len(parent.parts))))


def _bounded(frames: list[str]) -> list[str]:
    if len(frames) <= MOST_FRAMES:
        return frames
    half = MOST_FRAMES // 2
    return [*frames[:half], f"({len(frames) - 2 * half} frames left out)", *frames[-half:]]


def _first(error: BaseException) -> BaseException:
    """The error itself, or the first one of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

"""Dialects of other packages: each entry point of the group ``redis_dash.dialects`` names a ``Framework``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redis_dash.dialects.guarded import guarded
from redis_dash.dialects.layout import Framework
from redis_dash.dialects.problems import Names, problem_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "redis_dash.dialects"


class Installed(NamedTuple):
    """The frameworks of other packages, and why some are not used."""

    frameworks: tuple[Framework, ...] = ()
    problems: tuple[str, ...] = ()
    """One sentence for each entry point that cannot be used."""


def installed(taken: Names) -> Installed:
    """Load the entry points; those that cannot be used are told, not raised.

    Args:
        taken: names of layouts and dialects that no other package may use.
    """
    frameworks: list[Framework] = []
    problems: list[str] = []
    for entry in _entry_points() if _may_be_any() else ():
        package = entry.dist.name if entry.dist else "a package"
        name = package if package == entry.name else f"{package} ({entry.name})"
        try:
            framework = entry.load()
            problem = problem_of(framework, taken)
        except (Exception, SystemExit) as error:  # whatever the package does at its import
            problem = f"{type(error).__name__}: {error}"
        if problem:
            problems.append(f"dialects of {name} are not used: {' '.join(problem.split())[:150]}")
        else:
            frameworks.append(guarded(framework))
            taken = taken.with_those_of(framework)
    return Installed(tuple(frameworks), tuple(problems))


def _entry_points() -> Iterator[EntryPoint]:
    from importlib.metadata import entry_points  # imported here, for a quick start

    yield from sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))


def _may_be_any() -> bool:
    """Whether any installed package may have such an entry point.

    Nearly none has. This takes 1 ms for 50 packages; ``importlib.metadata`` takes 30 ms, most of it for its import.
    """
    return any(map(_may_be_in, sys.path))


def _may_be_in(place: str) -> bool:
    try:
        names = os.listdir(place or ".")
    except NotADirectoryError:
        return True  # an archive, in which only importlib.metadata can look
    except OSError:
        return False
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                if GROUP in Path(place, name, "entry_points.txt").read_text("utf-8", "replace"):
                    return True
            except OSError:
                continue
    return False

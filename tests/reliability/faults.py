"""The faults: how each is injected and ended, and the words by which the screen tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from tests.reliability.bench import Bench, Way

Inject = Callable[[Bench], AsyncIterator[None]]
"""Begins the fault, yields while it lasts, and ends it."""

AWAY = r"✖ disconnected \d.* — "


class Fault(NamedTuple):
    """One kind of trouble."""

    name: str
    injected: str
    """How, in words."""
    inject: Inject
    words: str
    """A regular expression for what the screen says in the end."""
    lasts_s: float = 2.0
    """How long it lasts after these words are there."""
    is_deaf: bool = False
    """Whether nothing can be read while it lasts."""
    way: Way = Way()
    keeps_connection: bool = False
    """Whether messages are received all the time."""
    goes_on: bool = False
    """Whether all figures are read all the time."""

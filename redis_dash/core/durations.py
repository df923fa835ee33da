"""Durations in words."""

from __future__ import annotations


def tenths(seconds: float) -> str:
    """``1.4 s``; ``<0.1 s`` for less: what has happened took some time."""
    return f"{seconds:.1f} s" if seconds >= 0.1 else "<0.1 s"

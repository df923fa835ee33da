"""The progress of the scan: of work at full speed, and why the scan within the budget is slow."""

from __future__ import annotations

import time
from typing import TypeGuard

from redis_dash.core.commands import FullPass
from redis_dash.core.durations import tenths
from redis_dash.core.feed import Progress
from redis_dash.core.frames.server import Scan, ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui.formatting import about, clock, compact, milliseconds, percent, rate
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.meter import meter
from redis_dash.tui.widgets.status_bar import Item

_BAR_WIDTH = 12
_LEAST_ELAPSED_S = 0.4
"""Before this time the speed is a guess, and so is the time left."""

_LONG_S = 60.0
"""A first pass that lasts longer than this is in the header."""
_TYPICAL_S = 5.0
"""After this time the speed of a pass within the budget is typical: its first slices do not wait for the budget."""

_NAMES = {"pass": Plain("full scan"), "search": Plain("searching")}


def progress_items(progress: Progress, stop_key: str) -> list[Item]:
    """``full scan ━━━━──── 41 %  412 k of 1.01 M  520 k/s  1 s left  Esc stops``; ``412 k keys`` without a total."""
    of_all = f"of {compact(progress.total)}" if progress.total else "keys"
    bar: list[Segment] = [(_NAMES[progress.what], "strong"), (Plain(" "), "blank")]
    bar += [*meter(progress.share, _BAR_WIDTH, "accent"), (Plain(f" {percent(progress.share, 0):>5}"), "strong")]
    items = [
        Item(tuple(bar)),
        Item(((Plain(f"{compact(progress.done):>6} {of_all}"), "text"),), 2),
    ]
    if progress.what == "search":
        items.append(Item(((Plain(f"{progress.found:,} found"), "strong"),), 1))
    items += _speed_items(progress)
    if stop_key:
        items.append(Item(((Plain(stop_key), "accent"), (Plain(" stops"), "text")), 0, "stop"))
    return items


def _speed_items(progress: Progress) -> list[Item]:
    if progress.elapsed_s < _LEAST_ELAPSED_S or progress.done <= 0:
        return []
    left = progress.elapsed_s * (1 / progress.share - 1) if progress.share else None
    return [
        Item(((rate(progress.done / progress.elapsed_s), "dim"),), 4),
        *([] if left is None else [Item(((Plain(f"{about(left)} left"), "text"),), 1)]),
    ]


def left_s(scan: Scan) -> float | None:
    """How long the running pass will still last at its speed so far; None if that is not known, or none is running."""
    if scan.share >= 1 or not scan.done or scan.elapsed_s < _TYPICAL_S:
        return None
    return scan.elapsed_s * (1 / scan.share - 1) if scan.share else None


def why_slow(scan: Scan, now: float) -> tuple[Plain, ...]:
    """Why the scan makes little progress, the longest form first; empty if it does."""
    if scan.full_speed or scan.stopped:
        return ()
    if scan.held_back:
        return _slowed(scan)
    if not _is_ahead(scan.resumes_at, now):
        return ()
    until = f"until {clock(scan.resumes_at)[:8]}"
    return Plain(f"waits for its budget {until}"), Plain(f"waits {until}"), Plain("waits")


def _slowed(scan: Scan) -> tuple[Plain, ...]:
    """What is measured, not the latest ping: another program may load the server, the network or this computer."""
    return Plain(f"slowed: recent pings {milliseconds(scan.ping_ms)}"), Plain("slowed")


def _is_ahead(moment: float | None, now: float) -> TypeGuard[float]:
    """Whether a moment is still to come: the reading may be a second old."""
    return moment is not None and int(moment) > now


def scan_items(scan: Scan, full_scan_key: str, now: float) -> list[Item]:
    """What the header says of a scan that needs patience: ``scan 1 %, ~39 min left  F5: full speed``."""
    left = left_s(scan)
    if scan.full_speed or scan.stopped:
        return []
    if scan.held_back:
        what = f"scan {_slowed(scan)[0]}"
    elif _is_ahead(scan.resumes_at, now):
        what = f"scan waits until {clock(scan.resumes_at)[:8]}"
    elif not scan.passes and left is not None and left > _LONG_S:
        what = f"scan {percent(scan.share, 0)}, ~{about(left)} left"
    else:
        return []
    items = [Item(((Plain(what), "warn"),), 1, right=True, place="scan")]
    if full_scan_key:
        items.append(
            Item(((Plain(full_scan_key), "accent"), (Plain(": full speed"), "text")), 3, right=True, place="full")
        )
    return items


class FullScan:
    """The full scan that F5 asks for, and whether it is complete."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._passes = 0
        """How many passes were complete before the one that was asked for."""

    def toggle(self, progress: Progress | None) -> FullPass:
        """Begin a full scan, or stop the running one."""
        begins = progress is None or progress.what != "pass"
        self._asked_at = time.time() if begins else None
        return FullPass(begins)

    def stop(self) -> FullPass:
        """Stop the running scan."""
        self._asked_at = None
        return FullPass(False)

    def completion(self, reading: AnyReading) -> Plain:
        """The message when the requested pass is complete, once; otherwise empty."""
        if not isinstance(reading.frame, ServerFrame):
            return Plain("")
        scan, before = reading.frame.scan, self._passes
        if self._asked_at is None or scan.full_speed:
            self._passes = scan.passes
            return Plain("")
        if reading.taken_at < self._asked_at:
            return Plain("")
        self._asked_at, self._passes = None, scan.passes
        if scan.passes <= before or scan.last_s is None:  # it was stopped early
            return Plain("")
        if scan.last_partial:
            seen = plain(scan.last_partial, 200)
            return Plain(f"Scanned in {tenths(scan.last_s)}, but not everything: {seen}.")
        return Plain(f"Everything has been scanned, in {tenths(scan.last_s)}.")

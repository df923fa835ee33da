"""INFO, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from redis_dash.client.change_counters import Changes
from redis_dash.core.frames.server import Kind


class Info(NamedTuple):
    """One INFO, with our own share of its counters as it stood when the server answered."""

    values: Mapping[str, str]
    at: float
    """When it was asked for (``time.monotonic()``): the server's state is no older."""
    own_hits: int
    own_misses: int
    application: tuple[int, int] = (0, 0)
    """Hits and misses of everybody else, as far as they can be told apart from ours."""
    own_commands: tuple[int, int] = (0, 0)
    """The least and the most commands of ours that the server has run."""
    began: int = 0
    """How often the server's counters began anew: two INFOs that differ in it cannot be compared."""
    since: float | None = None
    """When we saw them reset; None if they were not since we came."""
    changes: Changes | None = None
    """Equal to another INFO's: nothing in the data set changed between the two. None where the server does not tell."""


def parse_info(raw: bytes) -> dict[str, str]:
    """INFO's ``name:value`` lines."""
    lines = raw.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def number(values: Mapping[str, str], name: str) -> float:
    """One of INFO's figures; 0 where this server does not tell it."""
    try:
        return float(values.get(name, 0))
    except ValueError:
        return 0.0


def whole(values: Mapping[str, str], name: str) -> int:
    """One of INFO's counters; 0 where this server does not tell it."""
    text = values.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def kind_of(values: Mapping[str, str]) -> Kind:
    """What sort of server this is."""
    if values.get("redis_mode", values.get("server_mode")) == "sentinel":
        return "sentinel"
    return "cluster" if values.get("cluster_enabled") == "1" else "standalone"


def calls_and_usec(values: Mapping[str, str]) -> dict[bytes, tuple[int, int]]:
    """From ``INFO commandstats``: calls of each kind of command, and what all of them took in microseconds."""
    found: dict[bytes, tuple[int, int]] = {}
    for field, text in values.items():
        stats = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
        name = field.removeprefix("cmdstat_").upper().encode()
        found[name] = whole(stats, "calls"), whole(stats, "usec")
    return found

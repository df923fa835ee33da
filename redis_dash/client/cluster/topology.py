"""Which primary holds which slots, as a node of the cluster tells it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import msgspec

from redis_dash.client.address import Address, is_address
from redis_dash.client.cluster.slots import SLOTS
from redis_dash.client.info import parse_info, whole
from redis_dash.client.reasons import check
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command

ASKED: tuple[Command, ...] = ((b"CLUSTER", b"SLOTS"), (b"CLUSTER", b"INFO"))
"""What is asked for a topology."""
NOBODY = -1


class Shard(msgspec.Struct, frozen=True):
    """A primary with its replicas, as one server told it."""

    primary: Address
    replicas: tuple[Address, ...] = ()


class Topology:
    """The owner of each slot."""

    def __init__(self, epoch: int = 0, *, is_up: bool = False) -> None:
        self.epoch = epoch
        """Grows with each failover and each move of a slot."""
        self.is_up = is_up
        """Whether the server that told it sees the cluster as working."""
        self.failing = 0
        """Slots whose primary that server does not reach."""
        self.names: dict[Address, str] = {}
        """Host names of servers that the cluster names by their IP addresses, for TLS."""
        self._shards: dict[Address, Shard] = {}
        self._primaries: list[Address] = []
        self._owners = array("h", [NOBODY]) * SLOTS

    def give(self, shard: Shard, first: int, last: int) -> None:
        """Note that a shard holds these slots."""
        known = self._shards.get(shard.primary)
        replicas = (*(known.replicas if known else ()), *shard.replicas)
        self._shards[shard.primary] = Shard(shard.primary, tuple(dict.fromkeys(replicas)))
        if shard.primary not in self._primaries:
            self._primaries.append(shard.primary)
        place = self._primaries.index(shard.primary)
        for slot in range(max(0, first), min(last, SLOTS - 1) + 1):
            self._owners[slot] = place

    def owner(self, slot: int) -> Address | None:
        """The primary of a slot; None if it has none."""
        place = self._owners[slot]
        return None if place == NOBODY else self._primaries[place]

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that hold slots, in the order of their addresses."""
        return tuple(self._shards[address] for address in sorted(self.slots))

    @property
    def slots(self) -> dict[Address, int]:
        """How many slots each primary holds; those that hold none are left out."""
        numbers = ((address, self._owners.count(place)) for place, address in enumerate(self._primaries))
        return {address: number for address, number in numbers if number}

    @property
    def uncovered(self) -> int:
        """Slots that no primary holds."""
        return self._owners.count(NOBODY)

    @property
    def owners(self) -> tuple[Address | None, ...]:
        """The owner of each slot."""
        return tuple(None if place == NOBODY else self._primaries[place] for place in self._owners)


def read_topology(replies: Iterable[object], asked: Address) -> Topology:
    """Read the replies to ``ASKED``.

    Args:
        asked: where the server was asked: it may leave out its own host.

    Raises:
        SourceError: they have another form; ``MissingRightError`` if our user may not run CLUSTER.
    """
    ranges, about = map(check, replies)
    values = parse_info(about) if isinstance(about, bytes) else {}
    topology = Topology(whole(values, "cluster_current_epoch"), is_up=values.get("cluster_state") == "ok")
    topology.failing = whole(values, "cluster_slots_pfail") + whole(values, "cluster_slots_fail")
    try:
        for first, last, *servers in ranges:  # type: ignore[attr-defined]
            known = [_address(server, asked.host, topology.names) for server in servers]
            primary, replicas = known[0], [one for one in known[1:] if one is not None]
            if primary is not None:
                topology.give(Shard(primary, tuple(replicas)), first, last)
    except (TypeError, ValueError, IndexError, AttributeError):
        raise SourceError("CLUSTER SLOTS answered in an unknown form") from None
    return topology


def _address(server: list[object], asked_host: str, names: dict[Address, str]) -> Address | None:
    """Where a server listens; None if the one that was asked does not know it."""
    host, port, *more = server
    if host == b"?" or not isinstance(port, int):
        return None
    name = host.decode("utf-8", "replace") if isinstance(host, bytes) else ""
    address = Address(name or asked_host, port)
    if not is_address(*address):
        return None
    if len(more) > 1 and isinstance(more[1], list):
        facts = dict(zip(more[1][::2], more[1][1::2], strict=False))
        if isinstance(host_name := facts.get(b"hostname"), bytes) and host_name:
            names[address] = host_name.decode("utf-8", "replace")
    return address

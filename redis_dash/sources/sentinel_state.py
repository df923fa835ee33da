"""What the sentinels say of the server that is watched: a part of the server topic."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from redis_dash.client.address import Address, address_of
from redis_dash.core.frames.server import SentinelMember, SentinelState
from redis_dash.sources.replicas import replicas_of

if TYPE_CHECKING:
    from redis_dash.client.sentinel.primary import Primary


def sentinel_state(primary: Primary, values: Mapping[str, str], read: Container[Address] = ()) -> SentinelState | None:
    """The state at an INFO of the primary; None as long as no primary is known.

    Args:
        read: where keys are read of replicas.
    """
    if primary.address is None:
        return None
    sentinels = primary.sentinels
    told = () if primary.view is None else primary.view.replicas
    return SentinelState(
        name=primary.name,
        primary=str(primary.address),
        reached=sentinels.reached,
        known=sentinels.known,
        trouble=primary.doubts,
        switches=primary.switches,
        replicas=tuple(replicas_of(tuple(one.address for one in told), primary.address, values, read)),
        sentinels=tuple(SentinelMember(str(address_of(one.url)), one.trouble) for one in sentinels.all),
    )

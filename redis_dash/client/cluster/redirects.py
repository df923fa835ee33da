"""What a node of a cluster answers for a key that it does not hold, or not yet, or not any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from redis_dash.client.address import Address, is_address
from redis_dash.core.resp import Command, ReplyError

ASKING: Command = (b"ASKING",)
"""Allows the next command on a slot that is being moved to this server."""

Kind = Literal["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"]
_KINDS: tuple[Kind, ...] = ("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN")


class Redirect(NamedTuple):
    """A command that was not run, and where it should go."""

    kind: Kind
    slot: int = -1
    address: Address | None = None
    """None for a command that should be tried again where it was sent."""


def redirect_of(reply: object, asked: Address) -> Redirect | None:
    """Read an error reply; None if it is another one, or none.

    Args:
        asked: the server that answered: it leaves out the host if it is its own.
    """
    if not isinstance(reply, ReplyError):
        return None
    word, *parts = str(reply).split()
    kind = next((one for one in _KINDS if one == word), None)
    if kind is None or kind in ("TRYAGAIN", "CLUSTERDOWN"):
        return None if kind is None else Redirect(kind)
    if len(parts) < 2 or not parts[0].isdecimal():
        return None
    host, _, port = parts[1].rpartition(":")
    address = Address(host.strip("[]") or asked.host, int(port) if port.isdecimal() else 0)
    return Redirect(kind, int(parts[0]), address) if is_address(*address) else Redirect("TRYAGAIN")


class RedirectedError(Exception):
    """A command of an exchange was not run: the key is elsewhere."""

    def __init__(self, redirect: Redirect) -> None:
        super().__init__(redirect.kind)
        self.redirect = redirect


def with_asking(commands: Sequence[Command]) -> list[Command]:
    """The commands, each after ASKING."""
    return [one for command in commands for one in (ASKING, command)]

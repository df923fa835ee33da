"""One replica that is read in place of its primary: the way to it, and whether it may be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from redis_dash.client.address import Address
from redis_dash.client.connection import Connection
from redis_dash.client.info import parse_info, told
from redis_dash.client.opening import open_connection
from redis_dash.client.reasons import check, without_arguments
from redis_dash.client.target import Ask
from redis_dash.config import Url
from redis_dash.core.errors import MissingRightError, SourceError
from redis_dash.core.resp import Command

READONLY: Command = (b"READONLY",)
"""Lets a replica of a cluster answer for the keys of its primary."""
REPLICATION: Command = (b"INFO", b"replication")
ANSWER_S = 1.5
"""How long it may take to answer these two."""
NO_REPLICA = "it is no replica any more"
NO_LINK = "it has no link to its primary"
OTHER_DATA = "it does not have the data of this primary"


class Candidate(NamedTuple):
    """A replica that may be read."""

    address: Address
    url: Url
    tag: Callable[[], bytes] = bytes
    """See ``Node``."""
    in_cluster: bool = False


class Lag(NamedTuple):
    """How far a replica is behind its primary, as far as both tell; None for what they do not."""

    behind_bytes: int | None
    """What the primary had written when it was asked and the replica had not, when it was asked after that."""
    heard_s: int | None
    """Seconds since the replica has heard of its primary."""


class Replica:
    """The target of a node."""

    def __init__(self, candidate: Candidate) -> None:
        self.url = candidate.url
        self.missing_rules: tuple[str, ...] = ()
        """The ACL rules without which it could not be read at the latest attempt."""
        self._in_cluster = candidate.in_cluster

    async def open(self, connection: Connection) -> None:
        """Connect.

        Raises:
            OSError, TimeoutError: no server answers.
            MissingRightError: our user may not run READONLY or INFO.
            SourceError: it is no replica, or has no link to its primary.
        """
        await open_connection(self.url, connection)
        asked, self.missing_rules = [READONLY, REPLICATION] if self._in_cluster else [REPLICATION], ()
        try:
            async with asyncio.timeout(ANSWER_S):
                replies = list(map(check, without_arguments(asked, await connection.send(asked))))
            text = replies[-1]
            if why := self.doubt(parse_info(text) if isinstance(text, bytes) else {}):
                raise SourceError(why)
        except BaseException as error:
            connection.hang_up()
            self.missing_rules = error.rules if isinstance(error, MissingRightError) else ()
            raise

    async def before_write(self, ask: Ask) -> None:
        """Refuse: nothing is ever written to a replica.

        Raises:
            SourceError: always.
        """
        raise SourceError("nothing was written: this is a replica")

    def doubt(self, values: Mapping[str, str]) -> str:
        """Why it may not be read, by its INFO; empty if it may."""
        if values.get("role") != "slave":
            return NO_REPLICA
        return "" if values.get("master_link_status") == "up" else NO_LINK


def other_data(primary: Mapping[str, str], replica: Mapping[str, str]) -> str:
    """Why a replica is none of this primary, by INFO of both; empty if it is one."""
    name = "master_replid"
    return "" if primary.get(name, "?") == replica.get(name) else OTHER_DATA


def lag(primary: Mapping[str, str], replica: Mapping[str, str]) -> Lag:
    """How far a replica is behind, by INFO of its primary and a later one of its own."""
    written, read = told(primary, "master_repl_offset"), told(replica, "slave_repl_offset")
    behind = None if written is None or read is None else max(0, written - read)
    return Lag(behind, told(replica, "master_last_io_seconds_ago"))

"""Whether the server closed the connection because its backlog for us grew too long.

The server gives no reason, but it counts these disconnections (Redis 7.2 and later, Valkey): the count is larger after
the reconnection than before.
"""

from __future__ import annotations

from typing import NamedTuple

from redis_dash.client.connection import Connection
from redis_dash.client.info import parse_info
from redis_dash.client.reasons import CLOSED, RESET

_LIMIT = "our backlog exceeded client-output-buffer-limit"


class DisconnectCount(NamedTuple):
    """How many clients a server has disconnected for their backlog since its start; None if it does not report it."""

    run_id: str | None = None
    number: int | None = None

    @classmethod
    async def of(cls, connection: Connection) -> DisconnectCount:
        """Ask the server.

        Raises:
            OSError: the connection broke.
        """
        (raw,) = await connection.send([(b"INFO",)])
        info = parse_info(raw) if isinstance(raw, bytes) else {}
        count = info.get("client_output_buffer_limit_disconnections", "")
        return cls(info.get("run_id"), int(count) if count.isdecimal() else None)


class LostConnection(NamedTuple):
    """A lost connection and its last state."""

    sure_until: float
    complete_until: float
    trouble: str
    within_message: bool
    disconnect_count: DisconnectCount

    def explained(self, now: DisconnectCount) -> str | None:
        """Why the server closed the connection, if its backlog for us seems to be the reason; else None.

        The count covers all clients. A server that disconnects a client for its backlog is almost always within a
        message; one that closes the connection for another reason is at the end of one.
        """
        if self.trouble not in (CLOSED, RESET) or self.disconnect_count.run_id != now.run_id:
            return None
        if self.disconnect_count.number is None or now.number is None:
            return f"{CLOSED} within a message: perhaps {_LIMIT}" if self.within_message else None
        if now.number <= self.disconnect_count.number:
            return None
        return (
            f"the server cut us off: {_LIMIT}" if self.within_message else f"the server cut us off, probably: {_LIMIT}"
        )

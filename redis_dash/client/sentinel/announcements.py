"""Listens to what a sentinel announces, so that a failover is noticed at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import hiredis

from redis_dash.client.connection import CLIENT_NAME, Connection
from redis_dash.client.opening import open_connection, time_limit_s
from redis_dash.client.reasons import check
from redis_dash.config import Url
from redis_dash.core.errors import SourceError

CHANNELS = (b"+switch-master", b"+promoted-slave", b"+sdown", b"-sdown", b"+odown", b"-odown", b"+failover-end")
PING_EVERY_S, SILENCE_S = 1.0, 1.5


class Announcements(Connection):
    """Separates announcements from replies."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        """``heard`` receives each announcement."""
        super().__init__()
        self._heard = heard

    def sort_out(self) -> None:
        """Pass on announcements; everything else is a reply."""
        announced = [reply for reply in self._inbox if _is_announcement(reply)]
        if announced:
            self._inbox = [reply for reply in self._inbox if not _is_announcement(reply)]
        super().sort_out()
        for reply in announced:
            self._heard(reply[2])

    async def watch(self) -> None:
        """Return when the connection is lost or the sentinel is silent."""
        while self.is_open:
            try:
                await self.hear_out(self.send([(b"PING",)]), SILENCE_S)
            except (OSError, TimeoutError):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_EVERY_S):
                    await self.lost.wait()


def _is_announcement(reply: Any) -> bool:
    return isinstance(reply, list) and len(reply) == 3 and reply[0] == b"message" and isinstance(reply[2], bytes)


async def listen(url: Url, heard: Callable[[bytes], None], subscribed: Callable[[], None]) -> None:
    """Listen until the sentinel can no longer be heard; returns then.

    Args:
        heard: receives each announcement.
        subscribed: called when none is missed from now on.
    """
    connection = Announcements(heard)
    try:
        async with asyncio.timeout(time_limit_s(url)):
            await open_connection(url, connection)
            await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)
            for reply in await connection.send([(b"SUBSCRIBE", channel) for channel in CHANNELS]):
                check(reply)
        subscribed()
        await connection.watch()
    except (OSError, TimeoutError, SourceError, hiredis.ProtocolError):
        return
    finally:
        connection.hang_up()

"""One sentinel, and our connection to it, which stays open between two questions."""

from __future__ import annotations

import asyncio

import hiredis

from redis_dash.client.connection import CLIENT_NAME, Connection
from redis_dash.client.opening import open_connection
from redis_dash.client.reasons import NO_PASSWORD, WRONG_PASSWORD, describe, without_arguments
from redis_dash.client.sentinel.views import NAMES, View, names_of, questions, read_view
from redis_dash.client.tunnel import WITHIN_S
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError

CONNECT_S, ANSWER_S = 3.0, 1.0
"""How long it may take to connect and to answer, and to answer on a connection that is open."""
REFUSED = (WRONG_PASSWORD, "not allowed to run")
WANTS_PASSWORD = "the sentinel wants a password (--ask-sentinel-password, --sentinel-password-file)"
ITS_OWN_USER = "the sentinels have a user and a password of their own (--sentinel-user, --sentinel-password-file)"


class Sentinel:
    """Asks for the primary of one name."""

    def __init__(self, url: Url, primary: str) -> None:
        """Does not connect yet."""
        self.url = url
        self.view: View | None = None
        """Its latest answer; None if it cannot be reached now."""
        self.trouble = "not asked yet"
        """Why it cannot be used; empty if it can."""
        self.names: tuple[str, ...] = ()
        """The primaries that it knows, if the one that is asked for is not among them."""
        self._questions = questions(primary)
        self._connection = Connection()
        self._lock = asyncio.Lock()

    async def ask(self) -> View:
        """Ask it, within a short time.

        Raises:
            AwayError: it cannot be used.
        """
        try:
            async with asyncio.timeout(ANSWER_S if self._connection.is_open else self._connect_s):
                await self._connect()
                replies = await self._connection.send(self._questions)
                view = read_view(without_arguments(self._questions, replies))
                if view.address is None:
                    self.names = names_of((await self._connection.send([NAMES]))[0])
        except (OSError, TimeoutError, SourceError, hiredis.ProtocolError) as error:
            self._connection.hang_up()
            said = describe(error, self.url)
            said = WANTS_PASSWORD if said == NO_PASSWORD else said
            self.view, self.trouble = None, f"{said}; {ITS_OWN_USER}" if said.startswith(REFUSED) else said
            raise AwayError(self.trouble) from None
        self.view, self.trouble = view, ""
        return view

    @property
    def _connect_s(self) -> float:
        return CONNECT_S + (WITHIN_S if self.url.ssh else 0.0)

    async def _connect(self) -> None:
        async with self._lock:
            if not self._connection.is_open:
                self._connection = connection = Connection()
                await open_connection(self.url, connection)
                await connection.ask(b"CLIENT", b"SETNAME", CLIENT_NAME.encode(), optional=True)

    def close(self) -> None:
        """Close the connection."""
        self._connection.hang_up()

"""The server that the sentinels call the primary: found before each connection, verified, and followed.

A server that says that it is a replica is never used. Before a write all sentinels are asked once more: a primary that
was replaced can still be written to for a while, and would lose the write.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from weakref import WeakSet

import hiredis

from redis_dash.client.address import Address
from redis_dash.client.connection import Connection
from redis_dash.client.opening import open_connection
from redis_dash.client.reasons import describe
from redis_dash.client.sentinel.announcements import listen
from redis_dash.client.sentinel.sentinels import Sentinels
from redis_dash.client.sentinel.views import View, newest
from redis_dash.client.target import Ask
from redis_dash.config import Url
from redis_dash.core.errors import AwayError, SourceError

CHECK_S, SOON_S, UNHEARD_S, REFRESH_S = 0.1, 0.3, 1.0, 5.0
"""How often the connection is looked at; how often the sentinels are asked without one, while none announces failovers,
and otherwise."""
LEAST_S = 0.1
"""The sentinels are asked no more often, unless something is to be written."""
ROLE_S = 1.5
"""How long a server may take to tell its role."""
LISTEN_AGAIN_S = 0.5
FAILING_OVER = "the sentinels are failing over"
NOTHING = "nothing was written"


class Primary:
    """The target of the only node of a deployment."""

    def __init__(self, url: Url, changed: asyncio.Event) -> None:
        """Does not connect yet.

        Args:
            changed: set whenever another server is the primary.
        """
        self.url = url.seeds[0]
        """The primary, and the selected database; as long as no primary is known, nobody connects to it."""
        self.name = url.primary
        """What the sentinels call it."""
        self.address: Address | None = None
        self.sentinels = Sentinels(url)
        self.trouble = ""
        """Why it is not known which server is the primary; empty if it is."""
        self.is_failing_over = False
        self.switches = 0
        """How often another server has become the primary."""
        self.view: View | None = None
        """The newest answer of a sentinel."""
        self.is_listening = False
        """Whether a sentinel tells us of each failover."""
        self.wanted = asyncio.Event()
        """Set when the sentinels should be asked at once."""
        self.connect_now: Callable[[], None] = lambda: None
        """Ends the pause before the next attempt to connect."""
        self._target = url
        self._changed = changed
        self._opened: WeakSet[Connection] = WeakSet()
        self._limits: set[asyncio.Timeout] = set()
        """Of the connections that are being opened."""
        self._lock = asyncio.Lock()
        self._asked_at = 0.0

    # -- which server it is ------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Ask the sentinels; ``trouble`` tells whether they have answered."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= LEAST_S:  # otherwise another caller has just asked
                self._take(await self.sentinels.ask())

    def _take(self, views: Sequence[View]) -> None:
        self._asked_at = time.monotonic()
        trouble, self.trouble = self.trouble, self.sentinels.trouble
        if trouble and not self.trouble:
            self.connect_now()
        view, before = newest(views), self.view
        if view is None or view.address is None:
            return
        self.is_failing_over = any(one.is_failing_over for one in views if one.epoch == view.epoch)
        if before is not None and view.epoch < before.epoch and len(views) < self.sentinels.known:
            return  # it has not heard of the latest failover yet
        self.view = view
        if view.address != self.address:
            self._move(view.address)

    @property
    def doubts(self) -> str:
        """Why it is not certain that this server still is the primary; empty if it is."""
        return self.trouble or (FAILING_OVER if self.is_failing_over else "")

    def _move(self, address: Address) -> None:
        is_first, self.address = self.address is None, address
        self.url = self.url_at(address)
        if is_first:
            return
        self.switches += 1
        for connection in list(self._opened):
            connection.hang_up(f"{address} is the primary now")
        for limit in self._limits:
            limit.reschedule(0.0)
        self.connect_now()
        self._changed.set()

    def url_at(self, address: Address) -> Url:
        """The way to another server that the sentinels watch, and the selected database."""
        return self._target.at(*address).with_database(self.url.database)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the primary."""
        return any(connection.is_open for connection in self._opened)

    async def follow(self) -> None:
        """Notice each failover until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                await asyncio.sleep(CHECK_S)
                if self.wanted.is_set() or time.monotonic() - self._asked_at >= self._pause_s:
                    self.wanted.clear()
                    await self.refresh()

    @property
    def _pause_s(self) -> float:
        if self.trouble or self.is_failing_over or not self.is_connected:
            return SOON_S
        return REFRESH_S if self.is_listening else UNHEARD_S

    async def _listen(self) -> None:
        """Listen to one sentinel after the other."""
        while True:
            for one in self.sentinels.all:
                if not one.trouble:
                    await listen(one.url, self._heard, self._listens)
                    self.is_listening = False
            await asyncio.sleep(LISTEN_AGAIN_S)

    def _listens(self) -> None:
        self.is_listening = True
        self.wanted.set()  # something may have happened before

    def _heard(self, announced: bytes) -> None:
        if self.name.encode() in announced:
            self.wanted.set()
            self.connect_now()  # such as a primary that is up again

    # -- its connections ---------------------------------------------------------------------------------------------

    async def open(self, connection: Connection) -> None:
        """Connect to the primary.

        Raises:
            AwayError: it is not known, or cannot be reached, or says that it is a replica.
        """
        await self.refresh()
        if self.trouble or self.address is None:
            raise AwayError(self.trouble or self.sentinels.trouble)
        address = self.address
        self._opened.add(connection)  # so that it ends at once if another server is the primary
        try:
            async with self._unless_moved():
                await open_connection(self.url, connection)
            async with asyncio.timeout(ROLE_S):
                await self._verify(address, connection)
        except (OSError, TimeoutError, SourceError, hiredis.ProtocolError) as error:
            connection.hang_up()
            self.wanted.set()
            if address != self.address:
                raise AwayError(f"{self.address} is the primary now") from None
            said = describe(error, self.url)
            said = said if said.startswith(str(address)) else f"{address}: {said}"
            raise AwayError(f"{said}; {FAILING_OVER}" if self.is_failing_over else said) from None
        if address != self.address:
            connection.hang_up()
            raise AwayError(f"{self.address} is the primary now")

    @contextlib.asynccontextmanager
    async def _unless_moved(self) -> AsyncIterator[None]:
        """Time out when another server becomes the primary: the old one may be a machine that is gone."""
        async with asyncio.timeout(None) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    async def _verify(self, address: Address, connection: Connection) -> None:
        if await _is_replica(connection.send):
            raise SourceError(f"{address} says that it is a replica")

    def doubt(self, values: Mapping[str, str]) -> str:
        """Say that it is a replica now, if INFO says so."""
        if values.get("role") != "slave":
            return ""
        self.wanted.set()
        return f"{self.address} says that it is a replica now"

    async def before_write(self, ask: Ask) -> None:
        """Make sure that all sentinels that can be asked still call this server the primary, and that it is one.

        Raises:
            SourceError: it is not, or they do not know; nothing was written.
        """
        address = self.address
        async with self._lock:
            views = await self.sentinels.ask_again()
            self._take(views)
        view = newest(views)
        if view is None:
            raise SourceError(f"{NOTHING}: {self.trouble or 'no sentinel has answered in time'}")
        if view.address != address or self.address != address:
            raise SourceError(f"{NOTHING}: {self.address} is the primary now; look again before you repeat it")
        if self.is_failing_over:
            raise SourceError(f"{NOTHING}: {FAILING_OVER}")
        if 2 * sum(one.is_down for one in views) >= len(views):
            raise SourceError(f"{NOTHING}: the sentinels cannot reach {address}")
        if not self._is_certain(views, view):
            raise SourceError(
                f"{NOTHING}: {len(views)} of {self.sentinels.known} sentinels can be asked, too few to know that"
                f" {address} still is the primary"
            )
        if await _is_replica(ask):
            raise SourceError(f"{NOTHING}: {address} says that it is a replica")

    def _is_certain(self, views: Sequence[View], view: View) -> bool:
        """Whether no failover can have been decided by sentinels of which we do not know."""
        if any(one.is_of_majority for one in views if one.epoch == view.epoch):
            return True
        return 2 * sum(one.address == view.address for one in views) > self.sentinels.known

    def close(self) -> None:
        """Close the connections to the sentinels."""
        self.sentinels.close()


async def _is_replica(ask: Ask) -> bool:
    """Whether a server says that it is a replica. HELLO needs no right; ROLE is for servers that do not know it."""
    (hello,) = await ask([(b"HELLO",)])
    if isinstance(hello, list):
        return dict(zip(hello[::2], hello[1::2], strict=False)).get(b"role") in (b"replica", b"slave")
    (role,) = await ask([(b"ROLE",)])
    return isinstance(role, list) and role[:1] == [b"slave"]

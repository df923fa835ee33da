"""The watch of what the user has configured and of what was recognised; another one begins when more is recognised."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

from redis_dash.client.deployment import Deployment
from redis_dash.config import Choices, Config, place_of
from redis_dash.core.decoding import raw
from redis_dash.core.errors import SourceError
from redis_dash.core.known_ids import KnownIds
from redis_dash.discovery.adopt import Adopted, adopted, may_adopt, open_topics
from redis_dash.discovery.discovery import Discovery
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources.base import Source
from redis_dash.streams.reader import StreamReader
from redis_dash.watch import Watch

LOOK_S = 5.0
"""How often new kinds of keys are looked at, at least."""
FIRST_LOOK_S = 1.0
"""How long the sources wait for the first look; until a pass is complete, further ones follow as often."""
PASS_CHECK_S = 0.05
"""How often it is checked whether a pass has ended, if keys are recognised that are not watched yet."""
LATE_IN_PASS = 0.2
"""From this share of a pass on, keys that are recognised are watched when the pass is complete."""
KEPT_S = 3.0
"""How long the figures of the watch before are kept, until the first pass with further keys is complete."""


class Watches:
    """One watch after the other; what was learned and which ids are known outlasts them."""

    def __init__(
        self,
        config: Config,
        choices: Choices,
        deployment: Deployment,
        subscriber: Subscriber,
        streams: StreamReader,
        read_soon: Callable[[str], None],
    ) -> None:
        """Prepare the first watch.

        Args:
            config: as the user gave it.
            choices: what the user has chosen in the dashboard; ``chosen`` tells of changes.
            read_soon: has a topic read without delay.

        Raises:
            ConfigError: a pattern cannot be used.
        """
        self.discovery = Discovery(deployment)
        self._given = config
        self._choices = choices
        self.chosen = asyncio.Event()
        """Set when the choices have changed."""
        self._deployment = deployment
        self._kept_until = 0.0
        self.known_ids = KnownIds()
        """Ids of sessions, to be masked everywhere."""
        self._subscriber = subscriber
        self._streams = streams
        self._read_soon = read_soon
        self._halt = _Halt()
        self.current = self._watch_for(self._wanted().config)

    def _watch_for(self, config: Config) -> Watch:
        shared = self._choices, self._deployment, self._subscriber, self._streams
        return Watch(config, *shared, self.known_ids, self.discovery, self._read_soon)

    @property
    def keeps_figures(self) -> bool:
        """Whether the figures of the watch before say more than those of the current one, which has just begun."""
        return not self.current.keyspace.passes and time.monotonic() < self._kept_until

    async def run(self, poll: Callable[[Source[Any]], Coroutine[Any, Any, None]]) -> None:
        """Run the current watch until cancelled, and another one whenever further keys are recognised.

        Args:
            poll: reads a source again and again.
        """
        begun: Discovery | None = None
        while True:
            if begun is not self.discovery and may_adopt(self._given):
                await self._first_look()
            begun = self.discovery
            self._adopt(self._wanted())
            parts = [self.current.run(poll), self._until_recognised(), self._halt.asked.wait()]
            tasks = list(map(asyncio.ensure_future, parts))
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await self._halt.rest()

    async def _first_look(self) -> None:
        """Recognise the first keys; on a slow link the sources do not wait for the rest."""
        try:
            async with asyncio.timeout(FIRST_LOOK_S):
                await self.discovery.first_look()
        except (SourceError, TimeoutError):  # the sources report it
            pass
        except Exception:
            self._deployment.own_error("recognising keys")

    async def select(self, database: int, forget: Callable[[], None]) -> None:
        """Watch another database from now on; what was read of the former one is dropped.

        Ids of sessions stay known, since messages of all databases are shown.

        Args:
            forget: called when the other database is selected, before anything of it is read.

        Raises:
            SourceError: the former one is still watched; see ``Deployment.select``.
        """
        async with self._halt, self._streams.lock:  # no command may be under way
            await self._deployment.select(database)
            self._choices.go_to(place_of(self._deployment.url))
            self._streams.begin_afresh(map(raw, self._given.streams))
            self.discovery, before, self._kept_until = Discovery(self._deployment), self.current, 0.0
            self.current = self._watch_for(self._wanted().config)
            self.current.follow(before)
            forget()

    def _wanted(self) -> Adopted:
        """What is to be watched, by what was recognised and chosen so far."""
        return adopted(self._given, self.discovery.claims, self._choices)

    async def _until_recognised(self) -> None:
        """Return when keys are recognised that are not watched yet, at a time when little of a pass would be lost."""
        while True:
            try:
                await self.discovery.look()
            except Exception as error:
                if not isinstance(error, SourceError):
                    self._deployment.own_error("recognising keys")
            is_chosen = self.chosen.is_set()
            self.chosen.clear()
            is_wanted = self._wanted().config != self.current.config
            self.current.tell_kinds(has_looked=self.discovery.has_looked, is_behind=is_wanted)
            if is_wanted and (is_chosen or not self._is_late):
                return
            await self._measure()
            within_s = LOOK_S if self.current.keyspace.passes else FIRST_LOOK_S
            if not is_wanted:
                await self._until_learned_or_chosen(within_s)
            elif await self._until_early(within_s):
                return

    @property
    def _is_late(self) -> bool:
        """Whether much of a pass would be lost if another watch began now."""
        return LATE_IN_PASS < self.current.keyspace.share < 1

    async def _until_early(self, within_s: float) -> bool:
        """Return whether a time has come when little of a pass would be lost; or when the user has chosen something."""
        deadline = time.monotonic() + within_s
        while self._is_late and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PASS_CHECK_S):
                    await self.chosen.wait()
                    break
        return not self._is_late

    async def _until_learned_or_chosen(self, within_s: float) -> None:
        """Return when more is known of the kinds of keys, when the user has chosen something, or after some time."""
        waits = (
            asyncio.create_task(self.discovery.learning.wait(within_s)),
            asyncio.create_task(self.chosen.wait()),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _measure(self) -> None:
        """Measure the memory of some keys: few at a time, so that it stays within the budget."""
        try:
            await self.discovery.measure()
        except Exception as error:
            if not isinstance(error, SourceError):
                self._deployment.own_error("measuring keys")

    def _adopt(self, found: Adopted) -> None:
        if found.config != self.current.config:
            before, self.current = self.current, self._watch_for(found.config)
            self.current.keyspace.set_full_speed(before.keyspace.full_speed)
            self.current.follow(before)
            self._kept_until = time.monotonic() + KEPT_S if before.keyspace.passes else 0.0
        self.current.tell(open_topics(self._given), found.left_out)
        self.current.tell_kinds(has_looked=self.discovery.has_looked, is_behind=False)


class _Halt:
    """Lets a task wait until the watch rests, and the watch rest until that task is done."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._rests, self._done = asyncio.Event(), asyncio.Event()

    async def rest(self) -> None:
        """Rest, if that was asked for."""
        if self.asked.is_set():
            self._rests.set()
            await self._done.wait()

    async def __aenter__(self) -> None:
        self._rests.clear()
        self._done.clear()
        self.asked.set()
        try:
            await self._rests.wait()
        except BaseException:  # the caller does not wait any longer
            await self.__aexit__()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.asked.clear()
        self._done.set()

"""What watches the keys of one configuration: the scan, the client tracking and the sources."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping
from typing import Any, Never

from redis_dash.client.deployment import Deployment
from redis_dash.config import Choices, Config
from redis_dash.core.errors import SourceError
from redis_dash.core.known_ids import KnownIds
from redis_dash.discovery.discovery import Discovery
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.sources import SOURCES, WatchedTopics, key_groups, tracked
from redis_dash.sources.base import BackgroundWork, Context, HasOwnConnection, Source
from redis_dash.streams.reader import StreamReader

RETRY_S = 0.5
AFTER_SCAN_S = 0.05
"""How long a read waits after the scan begins, when other nodes are reached: it needs a pass that began before it."""
TRACKED_WITHIN_S = 1.0
"""How long the first pass waits for the client tracking."""


class Watch:
    """Runs until its task is cancelled; another configuration needs another watch."""

    def __init__(
        self,
        config: Config,
        choices: Choices,
        deployment: Deployment,
        subscriber: Subscriber,
        streams: StreamReader,
        known_ids: KnownIds,
        discovery: Discovery | None,
        read_soon: Callable[[str], None],
    ) -> None:
        """Does not connect yet.

        Args:
            choices: what the user has chosen in the dashboard.
            known_ids: ids of sessions; those that an earlier watch has read stay known.
            discovery: learns from the scan which kinds of keys there are.
            read_soon: has a topic read without delay.

        Raises:
            ConfigError: a pattern cannot be used.
        """
        self.config = config
        self.topics = WatchedTopics(config, streams.follows)
        """Tells which topics' patterns match a key."""
        self.keyspace = Keyspace(deployment, key_groups(config), config.budget, config.refresh_s, config.ignore)
        self.keyspace.learning = discovery.learning if discovery else None
        # Tracking listens to one node. Of several, the others would be silent, so all keys are left to the scan; so
        # they are where replicas are read, which may not have yet what the primary names.
        is_alone = len(deployment.nodes) == 1 and deployment.cluster is None and not deployment.may_read_replicas
        named = tracked(config) if is_alone else {}
        self.tracking = ClientTracking(deployment.url, named, config.budget, config.ignore, deployment.open_listener)
        self.keyspace.counts.tracking = self.tracking
        self.keyspace.besides = lambda: self.tracking.spent_s
        deployment.listeners.append(self.tracking.traffic)
        self._deployment = deployment
        self._context = context = Context(
            config, deployment, self.keyspace, subscriber, self.tracking, known_ids, streams
        )
        context.choices = choices
        context.read_soon = read_soon
        if discovery is not None:
            context.knows_kinds = False
            context.unread = lambda topic: discovery.unread(topic, self.topics, context.shown_glob)
            context.unrecognised = lambda topic: discovery.unrecognised(
                topic, self.topics.key_types[topic], self.topics
            )
        self.sources: list[Source[Any]] = [make(context) for make in SOURCES]
        self.in_background = [one for one in self.sources if isinstance(one, BackgroundWork)]
        self.with_own_connection = {one.topic: one for one in self.sources if isinstance(one, HasOwnConnection)}

    def follow(self, before: Watch) -> None:
        """Remember what the watch before knew of other dashboards, and of sessions that messages may name."""
        globs = (*self._context.masked_globs, *before._context.masked_globs)
        self._context.masked_globs = tuple(dict.fromkeys(globs))
        self._context.others_in = before._context.others_in
        self._context.other_dashboards = before._context.other_dashboards

    def tell(self, recognised: Container[str], left_out: Mapping[str, int]) -> None:
        """Tell the sources for which topics keys are recognised, and how many kinds of keys of each are not watched."""
        self._context.recognised, self._context.left_out = recognised, left_out

    def shown_name(self, name: str) -> str:
        """The name of a key without ids and tokens."""
        return self._context.shown_name(name)

    def tell_kinds(self, *, has_looked: bool, is_behind: bool) -> None:
        """Tell the sources whether all kinds were looked at, and whether some are recognised and not watched yet."""
        self._context.knows_kinds, self._context.is_behind = has_looked and not is_behind, is_behind

    @property
    def knows_kinds(self) -> bool:
        """Whether the kinds of keys have been looked at, and those that were recognised are watched."""
        return self._context.knows_kinds

    def connect_now(self) -> None:
        """Let all that has a connection of its own connect without delay: the server is there."""
        self.tracking.connect_now()
        for source in self.with_own_connection.values():
            if not source.is_connected:
                source.connect_now()

    async def run(self, poll: Callable[[Source[Any]], Coroutine[Any, Any, None]]) -> None:
        """Scan, track and poll until cancelled.

        Args:
            poll: reads a source again and again.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(self._track, "listening to what is written"))
            tasks.create_task(self._keep(self._scan, "scanning"))
            tasks.create_task(self._keep(self._deployment.run, "following the cluster or the primary"))
            tasks.create_task(self._keep(self._notice_nodes, "noticing other nodes"))
            for source in self.sources:
                tasks.create_task(poll(source))
                if isinstance(source, BackgroundWork):
                    tasks.create_task(self._keep(source.run, f"working on {source.topic.replace('_', ' ')}"))

    async def _track(self) -> None:
        """Track, as soon as it is known that this is no cluster, of which only one node would be tracked."""
        try:
            await self._deployment.connect()
        except SourceError:  # the sources report it
            self.tracking.tried.set()
            return
        if self._deployment.kind != "cluster":
            await self.tracking.run()
            return
        self.tracking.tried.set()
        await asyncio.Event().wait()

    async def _notice_nodes(self) -> None:
        """Scan and read at once when other nodes of a cluster are reached, or another server is the primary."""
        await self._deployment.changed.wait()
        while True:
            self._deployment.changed.clear()
            self.keyspace.wake()
            await asyncio.sleep(AFTER_SCAN_S)
            for source in self.sources:
                self._context.read_soon(source.topic)
            with contextlib.suppress(SourceError):
                await self._listen_to_primary()
            await self._deployment.changed.wait()

    async def _listen_to_primary(self) -> None:
        """Receive messages of a primary of the cluster: on a replica nobody counts who subscribes."""
        if self._deployment.cluster is None:
            return
        info, subscriber = await self._deployment.info(), self._context.subscriber
        known = [one.values.get("run_id") for one in info.nodes]
        if all(known) and subscriber.connected and subscriber.server_id not in (None, *known):
            subscriber.leave("this server is no primary of the cluster")

    async def _scan(self) -> None:
        """Scan, after tracking has begun: what is written in a pass is only known if all of the pass is tracked."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRACKED_WITHIN_S):
                await self.tracking.tried.wait()
        await self.keyspace.run()

    def _keep(self, run: Callable[[], Awaitable[None]], doing: str) -> Coroutine[Any, Any, Never]:
        return keep_running(run, doing, self._deployment)


async def keep_running(run: Callable[[], Awaitable[None]], doing: str, deployment: Deployment) -> Never:
    """Run a task again whenever it ends: a bug in one task must not end the others."""
    while True:
        try:
            await run()
        except Exception:
            deployment.own_error(doing)
        await asyncio.sleep(RETRY_S)

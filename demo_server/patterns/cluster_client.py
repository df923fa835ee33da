"""A client of a Redis Cluster that fails fast, as `redis_client` does for one server.

It has the commands of `Redis`, so all patterns take it. For its sake they use no transactions, and braces put the keys
of a script into one slot: `fence:{product:7}` is where `product:7` is.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio.cluster import ClusterNode, ClusterPipeline, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from demo_server.patterns.circuit_breaker import CircuitOpenError

_AT_ONCE = 24  # commands at the same time; further ones wait, unless they are in pipelines


class CircuitCluster(RedisCluster):
    """A cluster client that raises CircuitOpenError while its circuit is open, and nothing but RedisError."""

    problem: RedisError | None = None  # keeps the circuit open

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Called by redis-py for every command outside of a pipeline."""
        async with self._turns:
            self._check()
            with _only_redis_errors():
                return await super().execute_command(*args, **kwargs)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """Return a pipeline, whose commands go to their nodes side by side."""
        return CircuitPipeline(self, transaction)  # type: ignore[abstract]

    async def ping(self, **kwargs: Any) -> bool:
        """Ask the first node that answers whether the cluster takes commands. Raises RedisError if it does not."""
        problem: RedisError = RedisConnectionError("no node answers")
        with _only_redis_errors():
            await self.initialize()
        for node in random.sample(nodes := self.get_nodes(), len(nodes)):
            try:
                facts = await super().execute_command("CLUSTER INFO", target_nodes=node)
            except (RedisConnectionError, RedisTimeoutError) as error:
                problem = error
            else:
                if facts.get("cluster_state") == "ok":
                    return True
                raise ClusterDownError("the cluster is down")
        raise problem

    async def open_circuit(self, problem: RedisError) -> None:
        self.problem = problem

    def close_circuit(self) -> None:
        self.problem = None

    def _check(self) -> None:
        if self.problem is not None:
            raise CircuitOpenError(self.problem)


class CircuitPipeline(ClusterPipeline):
    """A pipeline of such a client."""

    async def initialize(self) -> ClusterPipeline:
        """Called by redis-py at the beginning of the block."""
        with _only_redis_errors():
            return await super().initialize()

    async def execute(self, raise_on_error: bool = True, allow_redirections: bool = True) -> list[Any]:
        """Send the commands, each to its node."""
        assert isinstance(self.cluster_client, CircuitCluster)
        self.cluster_client._check()
        with _only_redis_errors():
            return await super().execute(raise_on_error, allow_redirections)


@contextlib.contextmanager
def _only_redis_errors() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error


def open_cluster(url: str, *, name: str | None = None, timeout: float = 0.5) -> CircuitCluster:
    """Return a client that repeats a command only if a node has refused it, because another one holds the key.

    `url` is redis+cluster://[user:password@]host[:port][,host…], or rediss+cluster://… for TLS. It connects on first
    use, to any of the hosts, and asks it for the others.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    nodes = [urlsplit(f"//{host}") for host in hosts.split(",")]  # an IPv6 address is in brackets
    return CircuitCluster(
        startup_nodes=[ClusterNode(node.hostname or "", node.port or 6379) for node in nodes],
        ssl=parts.scheme.startswith("rediss"),
        username=unquote(user) or None,
        password=unquote(password) or None,
        client_name=name,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        max_connections=256,
        retry=Retry(NoBackoff(), 0),
        # One slot is noted at a time: reading all of them anew closes connections on which commands wait.
        reinitialize_steps=0,
        protocol=2,
    )

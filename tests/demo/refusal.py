"""Ways in which Redis refuses writes."""

from dataclasses import dataclass

from redis.asyncio import Redis

Command = tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """How it begins and ends, and how the application tells it."""

    name: str
    begin: Command
    end: Command
    reason: str


OUT_OF_MEMORY = Refusal(
    "out of memory",
    ("CONFIG", "SET", "maxmemory", "1"),
    ("CONFIG", "SET", "maxmemory", "0"),
    "Redis has no memory left",
)
READ_ONLY = Refusal(
    "read-only", ("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "This Redis takes no writes"
)


async def tell(redis: Redis, command: Command) -> None:
    """Send a command for which the client has no method of its own."""
    await redis.execute_command(*command)  # type: ignore[no-untyped-call]

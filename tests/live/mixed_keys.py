"""One Redis that many applications share: all recordings of frameworks, their bystanders, and 100,000 other keys.

``python -m tests.live.mixed_keys`` prints what each kind of key is taken for.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import redis

from demo_server.process.embedded import EmbeddedServer
from frameworks.dump import unescaped
from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.frames.keys import KeyKind
from redis_dash.core.globs import Glob
from redis_dash.core.patterns import Pattern
from redis_dash.dialects.layout import Claim
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.report import key_kinds
from redis_dash.keyspace.scan import Keyspace
from tests.live.limit_case import load
from tests.live.other_keys import bystanders
from tests.live.recordings import recording, recordings, replay

NOISE = 100_000
WITHOUT_PREFIX = (
    *("arq", "bullmq", "celery", "channels-redis", "dogpile-cache", "nestjs-throttler", "rq", "socket-io"),
    *("express-session", "flask-session-msgpack", "express-rate-limit", "flask-limiter-fixed-window"),
)
"""Recordings whose names the framework does not let one choose, and some with the names that it gives by default."""
TOPICS = ("sessions", "rate_limits", "leaderboards", "cache", "other", "")
"""What a key may be taken for; empty for nothing."""


Write = Sequence[str | bytes | int | float]
"""A command that writes a key."""
Made = tuple[bytes, Write]
"""The name of a key, and what writes it."""
Make = Callable[[], Made]


class Key(NamedTuple):
    """One key that was written, and what it is."""

    name: bytes
    kind: str
    """The recording, or the pattern of noise."""
    topic: str
    """``session``, ``limit``, ``cache``, ``bystander`` or ``noise``."""


def prefix_of(name: str) -> str:
    """What is written in front of the keys of a recording."""
    return "" if name in WITHOUT_PREFIX else f"{name}:"


def write_recordings(client: redis.Redis) -> list[Key]:
    """Write all recordings and the keys by hand of bystanders."""
    keys = []
    for name in recordings("sessions", "limits", "caches", "bystander"):
        prefix, truth = prefix_of(name), recording(name)["truth"]
        replay(client, name, prefix.encode())
        topics = {unescaped(one["key"]): "session" for one in truth.get("sessions", ())}
        topics |= {unescaped(key): "limit" for one in truth.get("limits", ()) for key in one.get("keys", ())}
        topics |= {unescaped(one["key"]): "cache" for one in truth.get("caches", ())}
        topics |= {unescaped(key): "session" for key in truth.get("empty", ())}
        other = "bystander" if truth["kind"] == "bystander" else "companion"
        names = [unescaped(key["name"]) for key in recording(name)["keys"]]
        keys += [Key(prefix.encode() + raw, name, topics.get(raw, other)) for raw in names]
    for layout, others in bystanders(time.time()).items():
        load(client, others)
        keys += [Key(one.name.encode(), layout, "bystander") for one in others]
    return keys


def write_noise(client: redis.Redis, rng: random.Random, number: int = NOISE) -> list[Key]:
    """Write keys of an application that no framework wrote, and single keys with nearly the names of one."""
    pipe, keys = client.pipeline(transaction=False), list[Key]()
    families = list(_families(rng))
    shares = [share for _, share, _ in families]
    for glob, write, name in _singles(rng):
        keys.append(Key(name, glob, "noise"))
        pipe.execute_command(*write)  # type: ignore[no-untyped-call]
    for (glob, _, make), count in zip(families, _parts(shares, number - len(keys)), strict=True):
        written = set[bytes]()
        while len(written) < count:
            name, command = make()
            if name in written:
                continue
            written.add(name)
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
            if len(pipe) >= 2000:
                pipe.execute()
        keys += [Key(name, glob, "noise") for name in written]
    pipe.execute()
    return keys


def _parts(shares: Sequence[int], whole: int) -> list[int]:
    return [whole * share // sum(shares) for share in shares]


def _families(rng: random.Random) -> Iterator[tuple[str, int, Make]]:
    """The pattern, the share of the keys, and what makes one key and the commands that write it."""
    now = time.time()

    def uid() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    def number() -> int:
        return rng.randint(1, 900_000)

    def blob() -> str:
        return json.dumps({"id": number(), "name": uid(), "tags": ["a", "b"], "price": rng.random()})

    def string(name: str, value: str | int, ttl_s: int = 0) -> Made:
        return name.encode(), ("SET", name, value, *(("EX", ttl_s) if ttl_s else ()))

    def zset(name: str, scores: Iterable[float]) -> Made:
        return name.encode(), ("ZADD", name, *(part for score in scores for part in (score, uid())))

    def hashed(name: str, fields: Mapping[str, str | int]) -> Made:
        return name.encode(), ("HSET", name, *(part for pair in fields.items() for part in pair))

    def listed(command: str, name: str) -> Made:
        return name.encode(), (command, name, *(number() for _ in range(4)))

    cart = {"user_id": 7, "items": [{"sku": "a", "n": 1}], "updated": now}
    yield "*", 15, lambda: string(uid(), blob())
    yield "counter:*", 10, lambda: string(f"counter:{number()}", rng.randint(0, 10**6))
    yield "views:article:*", 8, lambda: string(f"views:article:{number()}", rng.randint(0, 10**6), 3600)
    yield "user:*:profile", 12, lambda: hashed(f"user:{number()}:profile", {"name": "Ann", "email": "a@example.com"})
    yield "cache:page:*", 12, lambda: string(f"cache:page:{rng.getrandbits(128):032x}", blob(), 300)
    yield "product:*", 10, lambda: string(f"product:{number()}", blob())
    yield "cart:*", 5, lambda: string(f"cart:{uid()}", json.dumps(cart), 86_400)
    yield "user:*:timeline", 5, lambda: zset(f"user:{number()}:timeline", [now - rng.random() * 1e6 for _ in range(3)])
    yield "jobs:*:scheduled", 2, lambda: zset(f"jobs:{number()}:scheduled", [(now + rng.random() * 1e5) * 1000])
    yield "user:*:followers", 4, lambda: listed("SADD", f"user:{number()}:followers")
    yield "otp:*", 3, lambda: string(f"otp:{number()}", rng.randint(100_000, 999_999), 300)
    yield "verify:*", 3, lambda: string(f"verify:{uid()}", f"user-{number()}", 3600)
    yield "reset-token:*", 2, lambda: string(f"reset-token:{rng.getrandbits(160):040x}", number(), 3600)
    yield "seen:*", 3, lambda: string(f"seen:{number()}", f"{now - rng.random() * 1e5:.3f}", 86_400)
    yield "geo:region:*", 1, lambda: zset(f"geo:region:{number()}", [rng.randint(10**15, 4 * 10**15)])
    yield "feature:*:rollout", 2, lambda: hashed(f"feature:{number()}:rollout", {"tokens": 5, "percent": 50})
    yield "log:*", 1, lambda: (name := f"log:{number()}".encode(), ("XADD", name, "*", "a", "b"))
    yield "recent:*", 2, lambda: listed("RPUSH", f"recent:{number()}")


def _singles(rng: random.Random) -> Iterator[tuple[str, Write, bytes]]:
    """Single keys with names nearly like those of sessions and limiters."""
    texts: dict[str, str | int] = {
        "session:count": 17,
        "session:config": '{"ttl": 3600}',
        "sessions:total": 51,
        "sess:config": '{"ttl": 60}',
        "sess:count": 3,
        "session_id_seq": 991,
        "rl:config": '{"limit": 5}',
        "rl:stats": 17,
        "rl:enabled": 1,
        "ratelimit:rules": '[{"path": "/", "limit": 5}]',
        "rate_limit:version": 2,
        "throttle:config": "60/m",
        "limiter:settings": "{}",
        "LIMITS:config": "x",
        "rlflx:config": "{}",
        "leaderboard-config": "{}",
        "koa:sess:config": "{}",
        "starsessions.count": 4,
        "fastapi-limiter:config": "{}",
        "login:attempts": 12,
    }
    for name, value in texts.items():
        yield name, ("SET", name, value), name.encode()
    yield "session:stats", ("HSET", "session:stats", "opened", 5, "closed", 3), b"session:stats"
    yield "ratelimit:by_plan", ("HSET", "ratelimit:by_plan", "free", 5, "pro", 50), b"ratelimit:by_plan"
    yield "sessions:by_time", ("ZADD", "sessions:by_time", time.time(), "a"), b"sessions:by_time"
    yield "session:ids", ("SADD", "session:ids", "a", "b"), b"session:ids"


class Found(NamedTuple):
    """What was found in the mixed Redis."""

    claims: list[Claim]
    names: dict[str, tuple[bytes, ...]]
    """The sampled names of each pattern of keys."""
    kinds: tuple[KeyKind, ...]


async def discover(url: str, looks: int = 1) -> Found:
    """Scan completely, and look at the kinds so many times."""
    deployment = Deployment(Url(url))
    discovery = Discovery(deployment)
    keyspace = Keyspace(deployment, {}, 0.01, 1.0)
    keyspace.learning = discovery.learning
    keyspace.set_full_speed(True)
    try:
        await deployment.connect()
        await keyspace.pass_over()
        for _ in range(looks):
            await discovery.look(5000)
        assert not deployment.errors, "no command may fail"
    finally:
        await deployment.close()
    names = {one.glob: discovery.patterns.names(one.glob).keys for one in discovery.patterns.found}
    return Found(discovery.claims, names, key_kinds(discovery, discovery.patterns.found))


def taken_for(keys: Iterable[Key], claims: Sequence[Claim]) -> dict[Key, Claim | None]:
    """By which claim each key would be watched: the first one whose pattern matches."""
    patterns = [(Glob.of(claim.glob).before, Pattern(claim.glob), claim) for claim in claims]

    def claim_of(key: bytes) -> Claim | None:
        return next(
            (one for start, pattern, one in patterns if key.startswith(start) and _is_of(key, pattern, one)), None
        )

    return {key: claim_of(key.name) for key in keys}


def _is_of(key: bytes, pattern: Pattern, claim: Claim) -> bool:
    """Whether a key is shown by a claim: those of another name that match the glob are told apart."""
    return pattern.variable(key) is not None and claim.layout.read_name(key) is not None


def matrix(taken: Mapping[Key, Claim | None]) -> str:
    """A line for each topic that is true, a column for each that a key is taken for."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for key, claim in taken.items():
        rows[key.topic][claim.layout.topic if claim else ""] += 1
    lines = [f"{'is / taken for':<16}" + "".join(f"{topic or 'nothing':>14}" for topic in TOPICS)]
    for topic in ("session", "limit", "cache", "companion", "bystander", "noise"):
        lines.append(f"{topic:<16}" + "".join(f"{rows[topic][one]:>14,}" for one in TOPICS))
    return "\n".join(lines)


def write(client: redis.Redis, noise: int = NOISE) -> list[Key]:
    """Write all keys."""
    return [*write_recordings(client), *write_noise(client, random.Random(1), noise)]


def main() -> None:
    """Print the matrix."""
    with EmbeddedServer() as server, redis.Redis.from_url(server.url) as client:
        keys = write(client)
        found = asyncio.run(discover(server.url))
    sys.stdout.write(f"{len(keys):,} keys\n{matrix(taken_for(keys, found.claims))}\n")


if __name__ == "__main__":
    main()

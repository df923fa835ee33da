"""What a server tells about the hits and misses of single keys, and what MONITOR costs: why no cache has a hit rate.

    python -m benchmarks.group_hits [PROGRAM]

docs/kinds.md draws the conclusion. PROGRAM is a server; by default the embedded one.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import threading
import time
from pathlib import Path

import redis

from demo_server.process.embedded import EmbeddedServer

KEYS = 100
READS = (1, 10, 100, 1000)
WRITES = 100
LOOKUPS, ROUNDS = 200_000, 5


def main() -> None:
    """Print what was measured."""
    program = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with EmbeddedServer(program=program) as server, redis.Redis(port=server.port) as client:
        _tell(server.version)
        _frequency(client)
        _notifications(client)
        _monitor(client, server.port)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _frequency(client: redis.Redis) -> None:
    """OBJECT FREQ after known numbers of reads, and after writes alone."""
    client.config_set("maxmemory-policy", "allkeys-lfu")
    for reads in READS:
        found = []
        for number in range(KEYS):
            key = f"read:{reads}:{number}"
            with client.pipeline(transaction=False) as pipe:
                pipe.set(key, "x")
                for _ in range(reads):
                    pipe.get(key)
                pipe.execute()
            found.append(int(client.object("freq", key)))
        _say_frequency(f"{reads:,} reads", found)
    found = []
    for number in range(KEYS):
        for _ in range(WRITES):
            client.set(f"written:{number}", "x")
        found.append(int(client.object("freq", f"written:{number}")))
    _say_frequency(f"{WRITES} writes and no read", found)
    client.config_set("maxmemory-policy", "noeviction")


def _say_frequency(what: str, found: list[int]) -> None:
    _tell(f"OBJECT FREQ after {what}: {min(found)} to {max(found)}, median {statistics.median(found):g}")


def _notifications(client: redis.Redis) -> None:
    """The notifications of a hit and of misses, where all are switched on."""
    client.config_set("notify-keyspace-events", "KEAm")
    client.set("there", "x")
    with client.pubsub() as pubsub:
        pubsub.psubscribe("__keyevent@*")
        pubsub.get_message(timeout=1)
        client.get("there")
        for command in ("GET", "EXISTS", "TTL"):
            client.execute_command(command, "missing")
        client.publish("__keyevent@end", "")
        names = []
        while (message := pubsub.get_message(timeout=1)) and message["channel"] != b"__keyevent@end":
            names.append(message["channel"].decode().rpartition(":")[2])
    _tell(f"notifications of one hit and of a missed GET, EXISTS and TTL: {', '.join(names)}")
    client.config_set("notify-keyspace-events", "")


def _monitor(client: redis.Redis, port: int) -> None:
    """Lookups a second without and with one client that reads MONITOR, in turns."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for watched in (False, True) * ROUNDS:
        rates[watched].append(_rate(client, port, watched=watched))
    alone, beside = (statistics.median(rates[watched]) for watched in (False, True))
    _tell(f"lookups per second of the server's time: {alone:,.0f}; beside one MONITOR: {beside:,.0f}")


def _rate(client: redis.Redis, port: int, *, watched: bool) -> float:
    """By the server's own time: what it spends on a lookup, whoever else uses the processor."""
    reader = redis.Redis(port=port).connection_pool.get_connection()
    stop = threading.Event()

    def drain() -> None:
        reader.send_command("MONITOR")
        with contextlib.suppress(OSError):  # it is closed at the end
            while not stop.is_set() and reader._sock.recv(1 << 20):
                pass

    thread = threading.Thread(target=drain, daemon=True)
    if watched:
        thread.start()
        while not any("O" in one["flags"] for one in client.client_list()):
            time.sleep(0.01)  # until it is one
    with client.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.get(f"key:{number}")
        began = client.info("cpu")
        for _ in range(LOOKUPS // 1000):
            pipe.execute(raise_on_error=False)
            for number in range(1000):
                pipe.get(f"key:{number}")
        ended = client.info("cpu")
    stop.set()
    reader.disconnect()
    spent = sum(ended[name] - began[name] for name in ("used_cpu_sys", "used_cpu_user"))
    return LOOKUPS / spent


if __name__ == "__main__":
    main()

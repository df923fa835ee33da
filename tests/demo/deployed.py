"""A demo on several servers: how a test asks for a scenario, and notices that it is over."""

from __future__ import annotations

import contextlib
import json
import re

import redis
from redis.sentinel import Sentinel

from demo_server import keys
from tests.demo.living import LivingDemo
from tests.demo.waiting import until


def play(demo: LivingDemo, scenario: str) -> None:
    """Ask for a scenario on any server that answers: the message is passed on to the others."""
    ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", demo.redis_url)]
    if "sentinel" in demo.redis_url:
        sentinels = Sentinel([("127.0.0.1", port) for port in ports], 0, {"socket_timeout": 2})  # type: ignore[no-untyped-call]
        ports = [sentinels.discover_master("mymaster")[1]]  # type: ignore[no-untyped-call]
    for port in ports:
        with contextlib.suppress(redis.RedisError), redis.Redis(port=port, socket_timeout=2) as client:
            client.publish(keys.CONTROL, json.dumps({"scenario": scenario}))
            return
    raise AssertionError("no server answers")


async def played(demo: LivingDemo, scenario: str, within: float = 90.0) -> str:
    """Ask for a scenario; returns what the launcher says when it is over."""

    def told() -> list[str]:
        return re.findall(rf"^{scenario}(?:: | failed).*$", demo.stderr.read_text(), flags=re.MULTILINE)

    before = len(told())
    play(demo, scenario)
    await until(lambda: len(told()) > before, within=within, what=f"the end of {scenario}")
    return told()[-1]

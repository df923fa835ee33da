"""All rights that a topic lacks are told at once, as far as the server lets them be found out."""

from __future__ import annotations

import json

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.hub import Hub
from redis_dash.snapshot import take
from tests.conftest import until
from tests.live.conftest import running
from tests.live.limited import allow, config
from tests.live.rights.test_missing_rights import needs
from tests.live.test_hub import Desk


@pytest.mark.parametrize(
    "rules",
    [
        ("~page:*", "+@all", "-info", "-hgetall", "-scan"),
        ("~page:*", "+@all", "-hgetall"),
        ("~page:*", "+@all", "-scan"),
        ("~*", "+@all", "-info", "-scan"),
    ],
)
async def test_one_grant_is_enough_for_the_cache(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...]
) -> None:
    allow(client, "&*", *rules)
    document, _ = await take(config(server.port), 0.0, ["cache"], full=True)
    told = json.loads(document)["topics"]["cache"]["remedy"].split()[3:]
    for left_out in told:  # each rule is necessary, and all together are enough
        allow(client, "&*", *rules, *(rule for rule in told if rule != left_out))
        document, _ = await take(config(server.port), 0.0, ["cache"], full=True)
        assert "remedy" in json.loads(document)["topics"]["cache"], left_out
    allow(client, "&*", *rules, *told)
    document, _ = await take(config(server.port), 0.0, ["cache"], full=True)
    topic = json.loads(document)["topics"]["cache"]
    assert ("remedy" in topic, topic["frame"]["groups"][0]["hits"]) == (False, 10)


@pytest.mark.parametrize(
    ("rules", "channels", "note", "remedy"),
    [
        (
            ("-psubscribe",),
            ("orders*",),
            "not allowed to run PSUBSCRIBE, nor to listen to orders*",
            "+psubscribe &orders*",
        ),
        (("&*", "-psubscribe"), ("orders*",), "not allowed to run PSUBSCRIBE", "+psubscribe"),
        (
            ("-psubscribe", "-subscribe"),
            ("orders*",),
            "not allowed to run PSUBSCRIBE; rights to listen to orders* cannot be checked yet",
            "+psubscribe",
        ),
    ],
)
async def test_channels_are_told_beside_the_command(
    client: redis.Redis,
    server: EmbeddedServer,
    rules: tuple[str, ...],
    channels: tuple[str, ...],
    note: str,
    remedy: str,
) -> None:
    needs(client, 7)
    allow(client, "~*", "resetchannels", "+@all", *rules)
    settings = msgspec.structs.replace(config(server.port), channels=channels)
    async with running(Hub(settings)) as hub:
        desk = Desk(hub)
        await until(lambda: desk.statuses().get("events") == "off")
        told = desk.latest["events"]
        assert (told.note, told.remedy) == (note, f"ACL SETUSER w {remedy}")

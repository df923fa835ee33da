"""The rule that lets our user sign sessions out is enough, and names no keys that may be written already."""

from __future__ import annotations

import msgspec
import pytest
import redis

from demo_server.process.embedded import EmbeddedServer
from redis_dash.actions.carry_out import carry_out
from redis_dash.core.commands import RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.sources.sessions import SessionsSource
from tests.live.limited import allow, config, context
from tests.live.rights.test_missing_rights import needs


async def test_only_patterns_that_may_not_be_written_are_named(client: redis.Redis, server: EmbeddedServer) -> None:
    needs(client, 7)
    client.mset({f"{prefix}:{number:030x}": "{}" for prefix in ("web", "app", "api") for number in range(3)})
    allow(client, "&*", "~web:*", "%R~*", "+@all")
    globs = ("web:*", "app:*", "api:*", "none:*")
    made = context(msgspec.structs.replace(config(server.port), sessions=globs))
    source = SessionsSource(made)
    await made.keyspace.pass_over()
    await source.read()
    rights = source._rights
    sessions = {key: known for key, known in source._known.items() if not key.startswith(b"web:")}
    rights._asked = 0
    await rights.ask(sessions | source._known)  # the first one decides whether any right is missing
    assert sorted(rights.delete_remedy.split()[3:]) == ["~api:*", "~app:*"]
    client.execute_command(*rights.delete_remedy.split())  # type: ignore[no-untyped-call]
    for row in (await source.read()).frame.rows:
        assert (await carry_out(made.deployment, RevokeSession(row))).result == "deleted"
    await made.deployment.close()


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (("~sess:*", "+eval"), r"a command of the script, such as DEL, nor WATCH \(\+del\)"),
        (("%R~sess:*", "+eval", "+del"), "no right to write this key"),
        (("~sess:*", "+del"), r"EVAL or WATCH \(\+eval allows it\)"),
    ],
)
async def test_without_a_transaction_the_reason_is_that_of_the_script(
    client: redis.Redis, server: EmbeddedServer, rules: tuple[str, ...], why: str
) -> None:
    needs(client, 7)
    allow(client, "+scan", "+pttl", "+get", *rules)
    made = context(config(server.port))
    source = SessionsSource(made)
    await made.keyspace.pass_over()
    row = (await source.read()).frame.rows[0]
    with pytest.raises(SourceError, match=why):
        await carry_out(made.deployment, RevokeSession(row))
    assert client.exists(row.key.reveal())
    await made.deployment.close()

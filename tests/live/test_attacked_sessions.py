"""Sessions whose values attack the reader are listed, and their details say why they cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from redis_dash.core.messages import Event
from redis_dash.dialects.base import SessionPattern
from redis_dash.dialects.messages import read_message
from redis_dash.pubsub.message_log import HEAD_BYTES
from redis_dash.sources.base import Context
from redis_dash.sources.sessions import SessionsSource
from redis_dash.tui.panes.session_rows import facts
from tests.unit.decoders.attacks import BOMB, EXPLOIT, MILLION, NESTING, Attack, attacks, told

MakeContext = Callable[..., Context]
FORMATS = {"Ruby Marshal": "ruby marshal", "Rails cache entry": "rails cache entry", "Java": "java", "JSON": "json"}
FORMATS |= {"MessagePack": "msgpack", "pickle": "pickle", "PHP": "php", "PHP session": "php session"}
LARGEST_SHOWN = 60_000
"""Characters of the details: forty fields of at most 400, and their names."""


def format_of(attack: Attack) -> str:
    """As the settings name it; that of other values is found out."""
    return FORMATS.get(attack.format.partition(", ")[0], "")


async def details(make_context: MakeContext, client: redis.Redis, attack: Attack) -> str:
    """What the details of the session say."""
    client.flushdb()
    client.set("own:Kx9f2LqP7TzW4mNb", attack.value, ex=3600)
    source = SessionsSource(context := make_context(sessions=(SessionPattern("own:*", format_of(attack) or "json"),)))
    await context.keyspace.pass_over()
    frame = (await source.read()).frame
    assert frame.count.value == len(frame.rows) == 1
    return "\n".join(f"{name} {value}" for name, value in facts(frame.rows[0]))


@pytest.mark.parametrize("kind", [EXPLOIT, BOMB, NESTING, MILLION])
async def test_a_session_that_attacks_is_listed_with_the_reason(
    kind: str, make_context: MakeContext, client: redis.Redis, subtests: pytest.Subtests
) -> None:
    for attack in attacks():
        if attack.attack != kind:
            continue
        with subtests.test(attack.format):
            shown, reason = await details(make_context, client, attack), told(attack.value)
            assert len(shown) < LARGEST_SHOWN
            if kind in (BOMB, NESTING, MILLION) and attack.format not in ("Java", "pickle, marks"):
                assert reason in shown


def test_messages_that_attack_are_named_with_the_reason(subtests: pytest.Subtests) -> None:
    """Of larger ones only the beginning is kept, which is not decoded."""
    for attack in (one for one in attacks() if len(one.value) <= HEAD_BYTES):
        with subtests.test(f"{attack.format}, {attack.attack}"):
            message = read_message(Event(1.0, b"orders", attack.value, len(attack.value)))
            if attack.attack == BOMB and attack.format != "Java":  # of Java only some texts are looked for
                assert message.format == f"not decoded: {told(attack.value)}"
            else:
                assert message.kind

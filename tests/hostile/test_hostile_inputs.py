"""Some of the generated hostile inputs; ``python -m tests.hostile`` runs a hundred thousand."""

from __future__ import annotations

import pytest
import redis

from redis_dash.decoders import Decoded, decode
from redis_dash.dialects.layout import KeySample
from tests.hostile.in_memory import SESSIONS, through_all
from tests.hostile.inputs import Generator
from tests.hostile.on_screen import show

IN_MEMORY, ON_SCREEN = 300, 150


def test_inputs_end_in_a_result_or_in_an_agreed_error() -> None:
    assert through_all(list(Generator(3).inputs(IN_MEMORY)), 3) > 100 * IN_MEMORY


def test_many_inputs_are_still_read_as_something() -> None:
    """If all were rubbish, only the first check of each reader would be tried."""
    values = [one.value for one in Generator(4).inputs(IN_MEMORY) if isinstance(one.value, bytes)]
    assert sum(any(one.decode(value) is not None for one in SESSIONS) for value in values) > len(values) / 10
    assert sum(isinstance(_decoded(value), Decoded) for value in values) > len(values) / 10


def test_an_error_names_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tests.hostile.in_memory.read_message", fail)
    with pytest.raises(ZeroDivisionError) as raised:
        through_all([KeySample(b"the key", "string", None, b"the value")], 1)
    assert "the key" in raised.value.__notes__[0]


async def test_inputs_are_harmless_on_the_screen(redis_url: str, client: redis.Redis, no_own_errors: None) -> None:
    await show(client, redis_url, list(Generator(5).inputs(ON_SCREEN)), (120, 36))


def _decoded(value: bytes) -> object:
    try:
        return decode(value)
    except Exception as error:
        return error

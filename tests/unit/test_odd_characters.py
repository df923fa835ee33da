"""Bytes that are not UTF-8 and halves of characters, where texts become bytes again."""

from __future__ import annotations

import json
import pickle
import pickletools

import pytest

from redis_dash.core.decoding import text
from redis_dash.core.globs import decoded
from redis_dash.core.json_text import json_text
from redis_dash.core.messages import Event
from redis_dash.decoders import decode
from redis_dash.dialects.formats import ANY_STRING
from redis_dash.dialects.messages import read_message
from redis_dash.keyspace.strata import has_one_slot

HALF = "a:\ud800=x"


@pytest.mark.parametrize("protocol", range(6))
def test_a_half_of_a_character_in_a_pickle_is_replaced(protocol: int) -> None:
    value = pickle.dumps({"user": HALF, "name": "\U0001f600"}, protocol)
    assert any(argument == HALF for _, argument, _ in pickletools.genops(value))
    assert decode(value).value == {"user": "a:\ufffd=x", "name": "\U0001f600"}


def test_a_session_and_a_message_with_one_are_read() -> None:
    value = pickle.dumps({"user": HALF, "body": HALF, "properties": {}, "content-type": "text"})
    facts = ANY_STRING.decode(value)
    assert facts is not None
    assert dict(facts.fields)["user"] == "a:\ufffd=x"
    payload = read_message(Event(1.0, b"celery", value, len(value))).payload
    assert payload is not None
    assert "\ufffd" in payload.decode()


def test_a_pattern_with_a_byte_that_is_not_utf_8_has_its_hash_tag() -> None:
    assert has_one_slot([decoded(b"{\xff}:*")])
    assert not has_one_slot([decoded(b"\xff{*}:*")])


def test_such_a_pattern_is_exported_as_every_other_text_of_redis() -> None:
    name = b"a\xff*\xe9\xa0"
    exported = json.loads(json_text({decoded(name): [decoded(name), "\ud800", "é"]}))
    assert exported == {text(name): [text(name), "?", "é"]}

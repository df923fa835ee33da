"""A recording holds every key of a server with its whole value, and what was published meanwhile."""

from __future__ import annotations

import redis

from frameworks.dump import Messages, dump


def test_every_type_is_dumped_in_full(client: redis.Redis) -> None:
    client.set("text", "plain")
    client.set(b"a\\b\xff", b"\x80\x05", px=60_000)
    client.hset("hash", mapping={"two": "2", "one": b"\xff"})
    client.zadd("zset", {"low": 1.5, "high": 1795877329.4294376})
    client.rpush("list", "b", "a", "b")
    client.sadd("set", "y", "x")
    client.xadd("stream", {"field": "value"}, id="1-1")
    found = {key["name"]: key for key in dump(client)}
    left = found["a\\\\b\\xff"].pop("pttl")
    assert 0 < left <= 60_000
    assert found.pop("a\\\\b\\xff") == {"name": "a\\\\b\\xff", "type": "string", "value": {"base64": "gAU="}}
    assert {name: (key["type"], key["pttl"], key["value"]) for name, key in found.items()} == {
        "text": ("string", -1, "plain"),
        "hash": ("hash", -1, [["one", {"base64": "/w=="}], ["two", "2"]]),
        "zset": ("zset", -1, [["low", 1.5], ["high", 1795877329.4294376]]),
        "list": ("list", -1, ["b", "a", "b"]),
        "set": ("set", -1, ["x", "y"]),
        "stream": ("stream", -1, [["1-1", [["field", "value"]]]]),
    }


def test_what_is_published_is_heard_once_and_in_order(client: redis.Redis) -> None:
    messages = Messages(client)
    client.publish("first", "plain")
    client.publish("second", b"\xff")
    assert messages.taken() == [["first", "plain"], ["second", {"base64": "/w=="}]]

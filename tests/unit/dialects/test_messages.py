"""Messages are named by their channel or form, and decoded as data; what cannot be decoded is left as it is."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

import msgspec
import pytest

from redis_dash.core.messages import Event, stream_event
from redis_dash.dialects.messages import Message, read_message

CHAT = (
    b"\x93\xa6Ab3dEf\x83\xa4type\x02\xa4data\x92\xa4chat\xa2hi\xa3nsp\xa1/"
    b"\x83\xa5rooms\x91\xa5room1\xa6except\x90\xa5flags\x80"
)
"""As the Redis adapter of Socket.IO publishes it."""
BEAT = {"hostname": "w1@host", "type": "worker-heartbeat", "active": 0}


def of(channel: bytes, payload: bytes, size: int | None = None) -> Message:
    return read_message(Event(1.0, channel, payload, len(payload) if size is None else size))


def content(message: Message) -> Any:
    assert message.payload is not None
    return json.loads(message.payload)


def envelope(content: object, **more: object) -> bytes:
    encoded = base64.b64encode(json.dumps(content).encode()).decode()
    return json.dumps(
        {
            "body": encoded,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {},
            "properties": {"body_encoding": "base64", "delivery_info": {}},
        }
        | more
    ).encode()


def entry(stream: bytes, *parts: bytes, size: int | None = None) -> Event:
    return stream_event(stream, b"1526919030474-55", parts, sum(map(len, parts)) if size is None else size, 5.0)


def test_a_broadcast_of_socket_io() -> None:
    message = of(b"socket.io#/#room1#", CHAT)
    assert message.kind == "Socket.IO broadcast, MessagePack"
    assert content(message) == {"event": "chat", "data": "hi", "namespace": "/", "rooms": ["room1"], "except": []}


def test_a_request_of_socket_io() -> None:
    message = of(b"socket.io-request#/#", b'{"type":2,"rooms":["a"]}')
    assert message.kind == "Socket.IO request, JSON"
    assert content(message) == {"type": "remote join", "rooms": ["a"]}
    assert content(of(b"socket.io-request#/#", b'{"type":99}')) == {"type": "99"}


SERVER_SIDE = {"uid": "0a1b", "nsp": "/", "type": 9, "data": {"packet": ["restart", "now"]}}
"""As the streams adapter publishes it: on the channel of broadcasts, and no broadcast."""


@pytest.mark.parametrize(
    ("number", "framework", "kind"),
    [
        (2, "Socket.IO request", "heartbeat"),
        (4, "Socket.IO request", "remote join"),
        (8, "Socket.IO response", "remote fetch"),
        (13, "Socket.IO request", "adapter closed"),
    ],
)
def test_what_the_adapters_of_socket_io_ask_is_no_broadcast(number: int, framework: str, kind: str) -> None:
    asked = {"uid": "0a1b", "nsp": "/", "type": number}
    message = of(b"socket.io#/#", msgspec.msgpack.encode(asked))
    assert (message.framework, content(message)) == (framework, asked | {"type": kind})
    fields = (b"uid", b"0a1b", b"nsp", b"/", b"type", b"%d" % number)
    assert read_message(entry(b"socket.io", *fields)).framework == framework


def test_server_side_events_of_the_streams_adapter() -> None:
    message = of(b"socket.io#/#", msgspec.msgpack.encode(SERVER_SIDE))
    assert message.framework == "Socket.IO request"
    shown = {"type": "server-side event", "event": "restart", "data": "now", "namespace": "/"}
    assert content(message) == shown
    assert of(b"socket.io#/#", b'{"type":true}').framework == "Socket.IO broadcast"
    assert of(b"socket.io#/#", b'{"uid":1,"nsp":2,"type":99}').framework == "Socket.IO broadcast"


@pytest.mark.parametrize("is_binary", [False, True])
def test_broadcasts_in_the_stream_of_the_streams_adapter(is_binary: bool) -> None:
    packet = {"type": 2, "data": ["chat", "hi"]}
    data = {"packet": packet, "opts": {"rooms": ["room1"], "except": []}}
    raw = base64.b64encode(msgspec.msgpack.encode(data)) if is_binary else json.dumps(data).encode()
    message = read_message(entry(b"socket.io", b"uid", b"x", b"nsp", b"/chat", b"type", b"3", b"data", raw))
    assert message.framework == "Socket.IO broadcast"
    assert content(message) == {"event": "chat", "data": "hi", "namespace": "/chat", "rooms": ["room1"], "except": []}


def test_celery_events_and_commands_are_taken_out_of_their_envelope() -> None:
    message = of(b"/0.celeryev/worker.heartbeat", envelope(BEAT))
    assert (message.framework, content(message)) == ("Celery event", BEAT)
    assert content(of(b"/0.celeryev/task.multi", envelope([BEAT, BEAT]))) == [BEAT, BEAT]
    assert of(b"/0.celery.pidbox", envelope({"method": "ping"})).framework == "Celery control"
    assert of(b"anything", envelope(BEAT)).framework == "Celery message"
    assert of(b"celery-task-meta-4f", b'{"status":"SUCCESS"}') == Message("Celery result", "JSON")


@pytest.mark.parametrize("body", ["%%%", "", "aGk="])
def test_an_envelope_that_cannot_be_opened_is_shown_as_it_was_published(body: str) -> None:
    raw = envelope(BEAT, body=body)
    assert of(b"/0.celeryev/worker.heartbeat", raw) == Message("Celery event", "JSON")


def test_a_pickled_body_is_read_as_data_and_never_loaded() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("it was loaded",))

    raw = pickle.dumps({"method": "emit", "event": "chat", "bomb": Bomb()})
    message = of(b"socketio", raw)
    assert message.format == "pickle, read as data"
    assert content(message)["event"] == "chat"


def test_django_channels() -> None:
    message = of(b"asgi__group__chat", b"\x82\xa4type\xacchat.message\xa4text\xa2hi")
    assert (message.kind, content(message)) == (
        "Django Channels, MessagePack",
        {"type": "chat.message", "text": "hi"},
    )
    fernet = b"gAAAAAB" + b"x" * 93
    assert of(b"asgi__group__chat", fernet).payload is None


@pytest.mark.parametrize(
    ("channel", "payload", "framework"),
    [
        (b"action_cable/Z2lkOi8v", b'{"type":"disconnect"}', "Action Cable"),
        (b"_action_cable_internal", b"{}", "Action Cable"),
        (b"room:Z2lkOi8vYXBwL1Jvb20vMQ", b'{"a":1}', "Action Cable"),
        (b"chat_1", b'"<turbo-stream action=\\"append\\"></turbo-stream>"', "Turbo Streams"),
        (
            b"laravel-database-private-orders.1",
            b'{"event":"App\\\\Events\\\\X","data":{},"socket":null}',
            "Laravel broadcast",
        ),
        (b"socketio", b'{"method":"emit","event":"chat","data":["hi"],"host_id":"x"}', "Socket.IO (Python)"),
        (b"spring:session:event:0:created:4f", b"\xac\xed\x00\x05t\x00\x02hi", "Spring Session event"),
        (b"orders", b'{"event":"created","data":{}}', ""),
        (b"orders", b'{"method":"emit"}', ""),
        (b"orders", b'{"body":"text"}', ""),
    ],
)
def test_frameworks_by_channel_or_form(channel: bytes, payload: bytes, framework: str) -> None:
    assert of(channel, payload).framework == framework


@pytest.mark.parametrize("channel", [b"__keyspace@0__:session:4f", b"__keyevent@0__:set"])
def test_keyspace_notifications_are_names_and_are_left_as_they_are(channel: bytes) -> None:
    assert of(channel, b'{"a":1}') == Message("keyspace notification")


def test_messages_of_sentinel() -> None:
    assert content(of(b"__sentinel__:hello", b"10.0.0.1,26379,ab12,7,main,10.0.0.2,6379,7")) == {
        "sentinel": "10.0.0.1:26379",
        "master": "main",
        "address": "10.0.0.2:6379",
        "epoch": "7",
    }
    switch = of(b"+switch-master", b"main 10.0.0.2 6379 10.0.0.3 6380")
    assert (switch.kind, content(switch)) == (
        "Sentinel",
        {"master": "main", "from": "10.0.0.2:6379", "to": "10.0.0.3:6380"},
    )
    down = of(b"+sdown", b"slave 10.0.0.3:6380 10.0.0.3 6380 @ main 10.0.0.2 6379")
    assert content(down) == {
        "role": "slave",
        "name": "10.0.0.3:6380",
        "address": "10.0.0.3:6380",
        "master": "main",
    }
    assert of(b"+1", b"slave of habit") == Message("", "text")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"12", Message("", "number")),
        (b"hello", Message("", "text")),
        (b'{"a": 1}', Message("", "JSON")),
        (b"\x82\xa1a\x01\xa1b\x92\x01\xc4\x01\xff", Message("", "MessagePack", b'{"a":1,"b":[1,"\\\\xff"]}')),
        (zlib.compress(b'{"a":1}'), Message("", "zlib, JSON", b'{"a":1}')),
        (b'a:1:{s:1:"a";i:1;}', Message("", "PHP", b'{"a":1}')),
        (b"\xff\xfe\x00", Message("", "not decoded: in no format that is known")),
    ],
)
def test_other_messages_by_their_format(payload: bytes, expected: Message) -> None:
    assert of(b"orders", payload) == expected


def test_of_a_cut_message_only_the_channel_tells() -> None:
    assert of(b"socket.io#/#", CHAT, size=10_000) == Message("Socket.IO broadcast")
    assert of(b"orders", CHAT, size=10_000) == Message()


def test_entries_of_streams() -> None:
    plain = entry(b"orders", b"type", b"order.created", b"total", b"299.90")
    assert read_message(plain) == Message("", "entry of a stream")
    assert json.loads(plain.payload) == {"type": "order.created", "total": "299.90"}
    nested = read_message(
        entry(b"orders", b"n", b"01", b"data", b'{"a":[1]}', b"raw", b"\x81\xa1a\x01", b"bad", b"\xff")
    )
    assert content(nested) == {"n": "01", "data": {"a": [1]}, "raw": {"a": 1}, "bad": "\\xff"}
    queue = read_message(entry(b"bull:mail:events", b"event", b"added", b"jobId", b"7"))
    assert queue == Message("BullMQ event", "entry of a stream")
    assert (
        read_message(entry(b"socket.io", b"uid", b"x", b"nsp", b"/", b"type", b"3")).framework == "Socket.IO broadcast"
    )
    cut = entry(b"orders", b"data", b'{"a":[1', size=9000)
    assert read_message(cut) == Message("", "entry of a stream")


def test_what_json_cannot_hold_is_text() -> None:
    huge = read_message(Event(1.0, b"c", pickle.dumps({1: 2**80, "nan": float("nan"), b"k": {1}}), 10_000_000))
    assert huge == Message()
    raw = pickle.dumps({1: 2**80, "nan": float("nan"), b"k": (1, None)})
    assert content(of(b"c", raw)) == {"1": str(2**80), "nan": "nan", "k": [1, None]}

"""Socket.IO in Python: a process without clients emits over Redis. It only publishes, and leaves no key."""

import socketio

from visits import about, main


def visit(url: str, variant: str) -> dict:
    manager = socketio.RedisManager(url, write_only=True)
    manager.emit("news", {"text": "zoë is here"}, namespace="/")
    manager.emit("chat", "hi", namespace="/", room="room1")
    published = [
        {"shown_as": "Socket.IO (Python)", "holds": {"method": "emit", "event": event, "data": [data]}}
        for event, data in (("news", {"text": "zoë is here"}), ("chat", "hi"))
    ]
    return about("python-socketio", "bystander", "Socket.IO (Python)", published=published)


main(visit)

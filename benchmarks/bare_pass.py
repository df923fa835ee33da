"""The lower bound of a pass that looks at sessions and limiters: a blocking socket, the parser and a dictionary.

It asks for the lifetime of each session and the number of entries of each limiter, as the sources must, and sends the
next SCAN in the same write. It keeps no more than one value a key: no groups, no patterns, no rows, no screen.
"""

from __future__ import annotations

import socket
import time
from typing import cast

import hiredis

READ = 256 * 1024


def bare_pass(port: int) -> float:
    """Seconds."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    nothing, seen = object(), dict[int, object]()
    reader = hiredis.Reader(notEnoughData=nothing)
    feed, gets, receive = reader.feed, reader.gets, connection.recv

    def reply() -> object:
        while (one := gets()) is nothing:
            feed(receive(READ))
        return one

    def scan(cursor: bytes) -> bytes:
        return b"*4\r\n$4\r\nSCAN\r\n$%d\r\n%b\r\n$5\r\nCOUNT\r\n$4\r\n1000\r\n" % (len(cursor), cursor)

    with connection:
        began, cursor = time.monotonic(), b""
        connection.sendall(scan(b"0"))
        while cursor != b"0":
            cursor, keys = cast(tuple[bytes, list[bytes]], reply())
            sessions = [key for key in keys if key.startswith(b"session:")]
            limiters = [key for key in keys if key.startswith(b"ratelimit:")]
            asked = [b"*2\r\n$4\r\nPTTL\r\n$%d\r\n%b\r\n" % (len(key), key) for key in sessions]
            asked += [b"*2\r\n$5\r\nZCARD\r\n$%d\r\n%b\r\n" % (len(key), key) for key in limiters]
            connection.sendall(b"".join(asked) + (b"" if cursor == b"0" else scan(cursor)))
            for key in (*sessions, *limiters):
                seen[hash(key)] = reply()
        return time.monotonic() - began

"""The lower bound of a pass over several servers: a socket to each, the parser, and nothing done with the keys."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Sequence

from redis_dash.client.connection import new_reader, parse

COUNT = 1000
READ = 256 * 1024
_CURSOR = re.compile(rb"\*2\r\n\$\d+\r\n(\d+)\r\n")


class _Link:
    """A SCAN of one server. The next slice is asked for as soon as the cursor has come."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.keys = 0
        self.complete = False
        self._reader = new_reader()
        self._ask(b"0")
        self._has_asked = False
        """Whether the slice after the one that is coming was asked for."""

    def _ask(self, cursor: bytes) -> None:
        asked = b"*4\r\n$4\r\nSCAN\r\n$%d\r\n%b\r\n$5\r\nCOUNT\r\n$4\r\n%d\r\n" % (len(cursor), cursor, COUNT)
        self.connection.sendall(asked)
        self._has_asked = True

    def receive(self) -> None:
        """Read what has come."""
        data = self.connection.recv(READ)
        begin = None if self._has_asked or self._reader.has_data() else _CURSOR.match(data)
        if begin is not None and begin[1] != b"0":
            self._ask(begin[1])
        for _, replies in parse(self._reader, data, 0, len(data)):
            for cursor, keys in replies:
                self.keys += len(keys)
                self.complete = cursor == b"0"
                if not (self._has_asked or self.complete):
                    self._ask(cursor)
                self._has_asked = False


def bare_scan(ports: Sequence[int]) -> tuple[float, int]:
    """Seconds, and the number of keys."""
    with selectors.DefaultSelector() as selector:
        began = time.monotonic()
        links = [_Link(port) for port in ports]
        for link in links:
            selector.register(link.connection, selectors.EVENT_READ, link)
        while selector.get_map():
            for key, _ in selector.select():
                key.data.receive()
                if key.data.complete:
                    selector.unregister(key.fileobj)
                    key.data.connection.close()
        return time.monotonic() - began, sum(link.keys for link in links)

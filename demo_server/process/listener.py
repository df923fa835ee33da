"""The socket on which the API listens."""

import socket

_BACKLOG = 1024  # connections


def listen(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens; port 0 takes a free one. Raises OSError.

    The socket names its protocol, which `socket.create_server` does not do: asyncio sets TCP_NODELAY only if it is
    named. Without TCP_NODELAY the body of an answer waits 40 ms until the client has acknowledged the head.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener

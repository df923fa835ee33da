"""The socket on which the API listens."""

import socket

_BACKLOG = 1024  # connections


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens; port 0 takes a free one. Raises OSError.

    Its protocol is named, which `socket.create_server` does not do: asyncio sets TCP_NODELAY only where it sees it.
    Without it the body of an answer waits for the client to acknowledge the head, which takes it 40 ms.
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

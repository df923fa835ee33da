"""Commands and error replies as the Redis protocol (RESP) has them."""

from __future__ import annotations

Command = tuple[bytes, ...]
"""Name first, then arguments."""

ERROR_CHARS = 300
_ARGUMENTS = ", with args beginning with"


class ReplyError(Exception):
    """The server's error reply to one command of a pipeline; kept in its place among the replies.

    What it says is bounded, has no control characters, and does not repeat a command's arguments.
    """

    def __init__(self, text: str) -> None:
        text = text.partition(_ARGUMENTS)[0]
        text = text if len(text) <= ERROR_CHARS else text[:ERROR_CHARS] + "…"
        if not text.isprintable():
            text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
        super().__init__(text)

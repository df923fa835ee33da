"""Commands and error replies of the Redis protocol (RESP)."""

from __future__ import annotations

Command = tuple[bytes, ...]
"""Name first, then arguments."""

ERROR_CHARS = 300
_ARGUMENTS = ", with args beginning with"


class ReplyError(Exception):
    """The error reply to one command of a pipeline, in its place among the replies.

    Its text is bounded, has no control characters, and does not repeat the command's arguments.
    """

    def __init__(self, text: str) -> None:
        text = text.partition(_ARGUMENTS)[0]
        text = text if len(text) <= ERROR_CHARS else text[:ERROR_CHARS] + "…"
        if not text.isprintable():
            text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
        super().__init__(text)


def is_wrong_type(reply: object) -> bool:
    """Whether the server found the key, and it is of another type than the command reads."""
    return isinstance(reply, ReplyError) and str(reply).startswith("WRONGTYPE")


def is_no_such_key(reply: object) -> bool:
    """Whether a command that needs a key, such as XINFO, did not find it."""
    return isinstance(reply, ReplyError) and str(reply) == "ERR no such key"

"""What our user may not do with a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from redis_dash.client.reasons import say
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right, refused_command, rules_for, shown_command

GROUPS = (b"XINFO", b"GROUPS")
"""Its answer is not needed: a stream is read without it."""


class StreamRefusals(NamedTuple):
    """The refusals among the replies to the commands for one stream."""

    errors: tuple[ReplyError, ...] = ()
    is_read: bool = True
    """Whether entries can be read all the same."""
    is_key_known: bool = True
    """Whether any command reached the key: the server checks the right to run a command first."""

    @classmethod
    def of(cls, commands: Sequence[Command], replies: Sequence[object]) -> StreamRefusals:
        """Find the refusals."""
        refused = [
            (command, reply)
            for command, reply in zip(commands, replies, strict=True)
            if isinstance(reply, ReplyError) and missing_right(reply) is not None
        ]
        return cls(
            tuple(dict.fromkeys(reply for _, reply in refused)),
            all(command[:2] == GROUPS for command, _ in refused),
            any(not isinstance(reply, ReplyError) or missing_right(reply) == "keys" for reply in replies),
        )

    @property
    def needs_key_right(self) -> bool:
        """Whether our user may not read the key."""
        return any(missing_right(error) == "keys" for error in self.errors)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ACL rules that would allow the commands; that for the key is not among them."""
        return tuple(dict.fromkeys(rule for error in self.errors for rule in rules_for(error)))

    @property
    def text(self) -> str:
        """``not allowed to run XINFO STREAM, XREAD, nor to use this key``; empty if nothing is refused."""
        commands = [error for error in self.errors if missing_right(error) != "keys"]
        if not commands:
            return say(self.errors[0]) if self.errors else ""
        names = [shown_command(refused_command(error)) for error in commands[1:]]
        said = ", ".join(filter(None, (say(commands[0]), *dict.fromkeys(names))))
        if self.needs_key_right:
            return f"{said}, nor to use this key"
        return said if self.is_key_known else f"{said}; rights to use this key cannot be checked yet"

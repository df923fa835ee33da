"""Asks the server whether our user may run commands, and changes nothing.

``ACL DRYRUN`` answers from Redis 7 on, and leaves no entry in the server's ACL LOG. Earlier servers are asked by a
transaction that is discarded; a command that was refused is not asked about again at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from redis_dash.client.node import Exchange, Node
from redis_dash.client.queued import queue
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right

Answer = Literal["allowed", "command", "keys"]
"""Whether a command is allowed; otherwise what is missing."""
_MULTI, _EXEC, _DISCARD = (b"MULTI",), (b"EXEC",), (b"DISCARD",)
_OUTSIDE = frozenset({b"WATCH", b"MULTI", b"EXEC"})
"""Not to be queued."""
_NOT_TOLD = ("LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN", "CROSSSLOT")
"""Errors of commands that may be allowed or not. Any other that is not about rights comes after the check of rights."""


async def ask_rights(
    node: Node, commands: Sequence[Command], exchange: Exchange | None = None
) -> dict[Command, Answer] | None:
    """The answers for these commands; None if the server does not tell.

    Args:
        exchange: of ``node.exclusive()``, where the connection is held already.

    Raises:
        SourceError: the server could not be reached.
    """
    if node.handshake.has_read_rules:  # Redis 7 and later
        return await _dry_run(exchange or node.pipeline, commands)
    if exchange is not None:
        return await _queue(node, exchange, commands)
    async with node.exclusive() as held:
        return await _queue(node, held, commands)


async def _dry_run(ask: Exchange, commands: Sequence[Command]) -> dict[Command, Answer] | None:
    (user,) = await ask([(b"ACL", b"WHOAMI")])
    if not isinstance(user, bytes):
        return None
    replies = await ask([(b"ACL", b"DRYRUN", user, *command) for command in commands])
    if any(isinstance(reply, ReplyError) for reply in replies):
        return None
    return {command: _of_dry_run(reply) for command, reply in zip(commands, replies, strict=True)}


def _of_dry_run(reply: object) -> Answer:
    if reply == b"OK":
        return "allowed"
    return "command" if isinstance(reply, bytes) and b"to run the" in reply else "keys"


async def _queue(node: Node, exchange: Exchange, commands: Sequence[Command]) -> dict[Command, Answer] | None:
    """None also if our user may not run MULTI and DISCARD."""
    told: dict[Command, Answer | None] = {
        command: "command" for command in commands if node.refused.answer(command) is not None
    }
    asked = [command for command in commands if command not in told]
    queued = [command for command in asked if command[0] not in _OUTSIDE]
    (ended,) = await exchange([_DISCARD])
    if isinstance(ended, ReplyError) and missing_right(ended) is not None:
        return None
    replies = await queue(node, exchange, queued)
    if replies is None:
        return None
    told |= {command: _of_reply(reply) for command, reply in zip(queued, replies, strict=True)}
    if _EXEC in commands:
        watch = next((command for command in asked if command[0] == b"WATCH"), None)
        told |= await _empty_transaction(exchange, watch, runs=_EXEC in asked)
    answers = {command: told.get(command, "allowed") for command in commands}
    known: dict[Command, Answer] = {command: answer for command, answer in answers.items() if answer is not None}
    return known if len(known) == len(answers) else None


async def _empty_transaction(exchange: Exchange, watch: Command | None, *, runs: bool) -> dict[Command, Answer | None]:
    """Whether EXEC and WATCH are allowed, if they are asked: nothing is run, and nothing is watched afterwards."""
    told: dict[Command, Answer | None] = {_EXEC: None} if runs else {}
    if watch is not None:
        (watched,) = await exchange([watch])
        told[watch] = _of_reply(watched)
    (begun,) = await exchange([_MULTI])
    if begun == b"OK":
        (done,) = await exchange([_EXEC if runs else _DISCARD])
        if runs:
            told[_EXEC] = _of_reply(done)
        if isinstance(done, ReplyError):
            await exchange([_DISCARD])
    return told


def _of_reply(reply: object) -> Answer | None:
    if not isinstance(reply, ReplyError):
        return "allowed"
    if str(reply).startswith(_NOT_TOLD):
        return None
    right = missing_right(reply)
    return "keys" if right == "keys" else "allowed" if right is None else "command"

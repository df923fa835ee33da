"""Asks the server which commands our user may run, and on which keys. Nothing is written.

``ACL DRYRUN`` answers for all commands, and leaves no entry in the server's ACL LOG (Redis 7.0 and later, where our
user may run it). Otherwise commands are queued in a transaction that is discarded: the server checks a right when it
queues. What a transaction does not take is sent as it is, if that changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from redis_dash.client.node import Node
from redis_dash.client.own_lookups import PROBE_KEYS
from redis_dash.client.queued import queue
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.diagnosis.questions import IN_NO_TRANSACTION, WRITES, is_harmless

Verdict = Literal["allowed", "command", "keys", "channels", "unknown command", "not told"]
"""Whether a command is allowed; otherwise what is missing: the command, these keys, these channels."""
How = Literal["ACL DRYRUN", "queued and discarded", "tried"]
_UNKNOWN = re.compile(r"ERR (unknown (sub)?command|Command '.*' not found)", re.DOTALL | re.IGNORECASE)
_TARGET = re.compile(r"to access .*\b(key|channel)s?\b", re.DOTALL)


class Question(NamedTuple):
    """A command, as an ACL rule names it and as it is sent."""

    name: str
    sent: Command


class Verdicts(NamedTuple):
    """The answers, and how they were found."""

    how: How
    of: dict[Question, Verdict]


async def ask(node: Node, questions: Sequence[Question]) -> Verdicts:
    """Ask about all of these commands.

    Raises:
        SourceError: the server could not be reached.
    """
    wanted = list(dict.fromkeys(questions))
    told = await _dry_run(node, wanted)
    if told is not None:
        return Verdicts("ACL DRYRUN", told)
    queued = await _queue(node, [one for one in wanted if _may_queue(one)])
    rest = [one for one in wanted if one not in queued and is_harmless(one.name)]
    tried = await node.pipeline([one.sent for one in rest])
    answers = queued | {one: _of_reply(reply) for one, reply in zip(rest, tried, strict=True)}
    answers |= await _transaction(node, [one for one in wanted if one.name in ("watch", "multi", "exec")])
    return Verdicts(
        "queued and discarded" if queued else "tried", {one: answers.get(one, "not told") for one in wanted}
    )


def _may_queue(one: Question) -> bool:
    """A write is queued only on a name that no key can have."""
    is_absent = one.name not in WRITES or any(PROBE_KEYS in word for word in one.sent)
    return one.name not in IN_NO_TRANSACTION and is_absent


async def _dry_run(node: Node, wanted: Sequence[Question]) -> dict[Question, Verdict] | None:
    """None if the server does not know ACL DRYRUN, or our user may not run it."""
    (user,) = await node.pipeline([(b"ACL", b"WHOAMI")])
    name = user if isinstance(user, bytes) else node.url.user.encode()
    first, *replies = await node.pipeline(
        [(b"ACL", b"DRYRUN", name, b"PING"), *((b"ACL", b"DRYRUN", name, *one.sent) for one in wanted)]
    )
    if isinstance(first, ReplyError):
        return None
    return {one: _of_dry_run(reply) for one, reply in zip(wanted, replies, strict=True)}


def _of_dry_run(reply: object) -> Verdict:
    if isinstance(reply, ReplyError):
        return "unknown command" if _UNKNOWN.match(str(reply)) else "not told"
    if reply == b"OK":
        return "allowed"
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
    if "to run the" in text:
        return "command"
    found = _TARGET.search(text)
    return "not told" if found is None else "keys" if found[1] == "key" else "channels"


async def _queue(node: Node, wanted: Sequence[Question]) -> dict[Question, Verdict]:
    """Queue commands and discard them; nothing if our user may not."""
    async with node.exclusive() as exchange:
        replies = await queue(node, exchange, [one.sent for one in wanted])
    return {one: _of_reply(reply) for one, reply in zip(wanted, replies or (), strict=replies is not None)}


async def _transaction(node: Node, wanted: Sequence[Question]) -> dict[Question, Verdict]:
    """Whether our user may run WATCH, MULTI and EXEC: an empty transaction, on a connection that nobody else uses."""
    if not wanted:
        return {}
    watched = [one for one in wanted if one.name == "watch"]
    async with node.exclusive() as exchange:
        replies = await exchange([one.sent for one in watched]) if watched else []
        answers = {one: _of_reply(reply) for one, reply in zip(watched, replies, strict=True)}
        (begun,) = await exchange([(b"MULTI",)])
        done: object = None
        if begun == b"OK":
            (done,) = await exchange([(b"EXEC",)])
        if isinstance(done, ReplyError):
            (end,) = await exchange([(b"DISCARD",)])
            if end != b"OK":
                node.connection.hang_up("a transaction could not be discarded")
        elif done is None and watched:
            await exchange([(b"UNWATCH",)])
    of_exec: Verdict = "not told" if done is None else _of_reply(done)
    found: dict[str, Verdict] = {"multi": _of_reply(begun), "exec": of_exec}
    return answers | {one: found[one.name] for one in wanted if one.name in found}


def _of_reply(reply: object) -> Verdict:
    """An error that is not about rights, such as WRONGTYPE, READONLY or OOM, comes from a command that is allowed."""
    if not isinstance(reply, ReplyError):
        return "allowed"
    if str(reply).startswith(("LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN")):
        return "not told"
    if _UNKNOWN.match(str(reply)):
        return "unknown command"
    return missing_right(reply) or "allowed"

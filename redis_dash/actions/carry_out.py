"""Carries out confirmed commands: the only writes. Each checks the key just before, and reports the outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from redis_dash.actions.companion_keys import put_back_command, put_back_lookups, put_back_texts
from redis_dash.actions.revocation import revoke
from redis_dash.actions.write import LostAnswerError, final
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Exchange, Node
from redis_dash.client.reasons import check
from redis_dash.core.commands import Command, FindOut, Outcome, Publish, RestoreSession, RevokeSession, database_of
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import ReplyError
from redis_dash.dialects.base import SessionPattern, is_gone, refusal
from redis_dash.dialects.session_dialects import session_reads

RETRY_S = 0.25
"""Pause between two attempts to reach a server that is away."""


async def carry_out(
    deployment: Deployment,
    command: Command,
    patterns: Sequence[SessionPattern] = (),
    mask_ids: Callable[[str], str] = str,
) -> Outcome:
    """Carry out one confirmed command.

    Args:
        patterns: how sessions are read, and which companions they have.
        mask_ids: masks ids of other sessions in values that are shown.

    Raises:
        SourceError: nothing was done, because Redis could not be reached or refused, or because the command is for
            another database than the selected one. A lost answer is an outcome.
    """
    database = database_of(command)
    if database is not None and database != deployment.database:
        raise SourceError(f"the session is in database {database}, and database {deployment.database} is watched")
    match command:
        case RevokeSession():
            return await revoke(deployment, command, patterns, mask_ids)
        case RestoreSession():
            return await _restore(deployment, command)
        case FindOut():
            return await _find_out(deployment, command)
        case Publish():
            return await _publish(deployment, command)


def mark(command: Command, outcome: Outcome) -> str:
    """The mark in the event stream for a command; empty for none."""
    about = command.command if isinstance(command, FindOut) else command
    match about:
        case RevokeSession(session):
            return f"{outcome.result}: {session.id} {'of ' if session.user else ''}{session.shown_user}"
        case RestoreSession():
            return "revocation undone" if outcome.result == "restored" else f"undoing a revocation: {outcome.result}"
        case Publish():
            return ""


async def _restore(deployment: Deployment, command: RestoreSession) -> Outcome:
    key = command.key.reveal()

    async def at_owner(node: Node, exchange: Exchange) -> Outcome:
        now = time.time()
        left_ms = 0 if command.expires_at is None else round((command.expires_at - now) * 1000)
        if command.expires_at is not None and left_ms <= 0:
            return Outcome("already gone", "the session would have expired by now")
        write = put_back_command(command, left_ms, now) if command.companions else None
        try:
            reply = await final(node, exchange, *(write or (b"RESTORE", key, b"%d" % left_ms, command.dump)))
        except LostAnswerError as error:
            detail = f"{error}: the session may be there again; we look once the server is back"
            return Outcome("not known", detail, command, FindOut(command, command))
        if isinstance(reply, ReplyError) and str(reply).startswith("BUSYKEY"):
            return Outcome("exists again, not restored", "a session with this id exists again; nothing was changed")
        check(reply)
        node.own.count(*put_back_lookups(command, reply, now))
        return Outcome("restored", "; ".join(("the session is there again", *put_back_texts(command, reply, now))))

    return await deployment.at_owner(key, at_owner)


async def _publish(deployment: Deployment, command: Publish) -> Outcome:
    """Publish on the first node: a cluster passes the message on, but a node counts only its own subscribers."""
    await deployment.connect()
    node = deployment.nodes[0]
    async with node.exclusive() as exchange:
        try:
            receivers = await final(node, exchange, b"PUBLISH", command.channel.encode(), command.payload.encode())
        except LostAnswerError as error:
            return Outcome("not known", f"{error}: the message may have been sent")
    check(receivers)
    if deployment.kind == "cluster":
        return Outcome("sent", f"{receivers} listening on this node; others are not counted")
    if not receivers:
        return Outcome("not received", f"no client is subscribed to {command.channel}")
    return Outcome("sent", f"{receivers} listening")


async def _find_out(deployment: Deployment, wanted: FindOut) -> Outcome:
    there = await _is_there(deployment, wanted.key.reveal())
    match wanted.command:
        case RevokeSession(session) if there is None:
            return Outcome(
                "not known", f"the session {session.id} may be deleted: we are not allowed to check", wanted.undo
            )
        case RevokeSession(session) if there:
            return Outcome("still there", f"the session {session.id} is there")
        case RevokeSession(session):
            return Outcome("gone", f"the session {session.id} is gone; perhaps something else deleted it", wanted.undo)
        case RestoreSession() if there is None:
            return Outcome("not known", "the session may be there again: we are not allowed to check", wanted.undo)
        case RestoreSession() if there:
            return Outcome("there again", "the session is there; perhaps something else wrote it")
        case RestoreSession():
            return Outcome("not restored", "the session is not there", wanted.undo)


async def _is_there(deployment: Deployment, key: bytes) -> bool | None:
    """Whether a key exists, as soon as the server answers; None without permission to read it."""
    while True:
        try:
            # Twice: the server has executed what it had received on the lost connection before the second.
            for _ in range(2):
                asked = [(b"PTTL", key), *session_reads(key)]
                replies = await deployment.pipeline(asked, strict=True, on_primaries=True)
        except SourceError:
            await asyncio.sleep(RETRY_S)
            continue
        answers = [reply for reply in replies if refusal(reply) is None]
        if answers:
            return not is_gone(answers[0]) and answers[0] != -2
        if all(str(reply).startswith(("NOPERM", "ERR")) for reply in replies):
            return None
        await asyncio.sleep(RETRY_S)  # it is busy or has lost its master

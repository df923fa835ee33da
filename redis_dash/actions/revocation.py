"""Signs one session out: deletes its key atomically, if it still is the session that the user saw.

A script checks and deletes; if scripts are not allowed, a transaction does. The script is tried first, because it works
while the server is out of memory, and is not disturbed by a lifetime that is renewed with each use.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Exchange, Node
from redis_dash.client.reasons import say
from redis_dash.core.commands import FindOut, Outcome, RestoreSession, Result, RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.dialects.base import refusal
from redis_dash.dialects.session_dialects import ReadSession, SessionDialects

ATTEMPTS = 5
"""Attempts to delete a session that changes between the check and the deletion."""

SCRIPT = b"""
local now = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
if type(now) == 'table' then
  if #now == 0 then return -1 end
  for i, part in ipairs(now) do now[i] = #part .. ':' .. part end
  now = table.concat(now)
end
if not now then return -1 end
if redis.sha1hex(now) ~= ARGV[1] then return -2 end
return redis.call('DEL', KEYS[1])
"""
"""Deletes a key if the reply to a reading command is still the same. Its arguments: ``_digest`` of the reply, the name
of the command, and what the command has after the key."""
GONE, CHANGED, DELETED = -1, -2, 1
NO_WRITE = "no right to write this key"
_TRANSACTION: tuple[Command, ...] = ((b"MULTI",), (b"EXEC",))
"""What a transaction needs besides WATCH."""

_WHERE_IN_SCRIPT = r" script: \w+, on @user_script.*$"


class LostAnswerError(SourceError):
    """The connection was lost after a write was sent: whether it was executed is not known."""


class _MethodRefusedError(Exception):
    """The server does not allow this method; nothing was done."""


async def final(exchange: Exchange, *command: bytes) -> object:
    """Send the command that writes, and return its reply.

    Raises:
        LostAnswerError: the answer was lost.
    """
    try:
        (reply,) = await exchange([command])
    except SourceError as error:
        raise LostAnswerError(f"the answer was lost ({error})") from None
    return reply


class WriteRights(NamedTuple):
    """Which writes the server would allow our user on one session."""

    undo: bool | None = None
    """Whether DUMP and RESTORE are allowed; None if the server does not say."""
    no_delete: str = ""
    """Why the session cannot be revoked; empty if it can, or if the server does not say."""
    rules: tuple[str, ...] = ()
    """The ACL rules that would allow it: ``+del``, or ``~`` for a rule about the key."""


async def write_rights(ask: Exchange, key: bytes) -> WriteRights:
    """Ask the server what our user may do with a key. Does not touch the key.

    Raises:
        SourceError: the server could not be reached.
    """
    (user,) = await ask([(b"ACL", b"WHOAMI")])
    if not isinstance(user, bytes):
        return WriteRights()
    writes = ((b"DUMP", key), (b"RESTORE", key, b"0", b""), (b"DEL", key), (b"EVAL", b"return 1", b"1", key))
    commands = (*writes, (b"WATCH", key), *_TRANSACTION)
    answers = await ask([(b"ACL", b"DRYRUN", user, *command) for command in commands])
    if any(isinstance(answer, ReplyError) for answer in answers):
        return WriteRights()
    replies = {command[0]: answer for command, answer in zip(commands, answers, strict=True)}
    undo = replies[b"DUMP"] == replies[b"RESTORE"] == b"OK"
    refused = [
        name.decode() for name, answer in replies.items() if isinstance(answer, bytes) and b"to run the" in answer
    ]
    missing = ["DEL"] if "DEL" in refused else []
    others = [name for name in refused if name in ("WATCH", "MULTI", "EXEC")]
    if "EVAL" in refused and others:  # a script or a transaction is enough
        missing.append(f"EVAL or {others[0]}")
    may_write = any(replies[name] == b"OK" for name in (b"DEL", b"EVAL", b"RESTORE"))
    if may_write and not missing:
        return WriteRights(undo)
    rules = (*(f"+{one.split()[0].lower()}" for one in missing), *([] if may_write else ["~"]))
    return WriteRights(False, f"not allowed to run {', '.join(missing)}" if missing else NO_WRITE, rules)


async def revoke(deployment: Deployment, command: RevokeSession) -> Outcome:
    """Sign one session out.

    Raises:
        SourceError: nothing was done, and why.
    """
    node = deployment.node_of(command.session.key.reveal())
    async with node.exclusive() as exchange:
        revocation = _Revocation(node, exchange, command.session)
        try:
            return await revocation.run()
        except LostAnswerError as error:
            undo = revocation.undo
            detail = f"{error}: the session {command.session.id} may be deleted; we look once the server is back"
            return Outcome("not known", detail, undo, FindOut(command, undo))


class _Revocation:
    """The revocation of one session, on a connection that is ours alone meanwhile."""

    def __init__(self, node: Node, exchange: Exchange, session: SessionRow) -> None:
        self.undo: RestoreSession | None = None
        """The command that restores the session as it was read last."""
        self._node = node
        self._exchange = exchange
        self._session = session
        self._key = session.key.reveal()
        self._dialects = SessionDialects(session.dialect)
        self._read: ReadSession | None = None
        self._dump: object = None
        self._no_undo = ""
        self._can_undo: bool | None = None

    async def run(self) -> Outcome:
        """Delete the key, or say why not.

        Raises:
            LostAnswerError: the key may be deleted.
            SourceError: the key is not deleted.
        """
        rights = await write_rights(self._exchange, self._key)
        if rights.no_delete:
            raise SourceError(f"not deleted: {rights.no_delete}")
        self._can_undo = rights.undo
        for method in (self._by_script, self._by_transaction):
            with contextlib.suppress(_MethodRefusedError):
                return await self._repeat(method)
        return await self._by_plain_delete()

    async def _repeat(self, method: Callable[[], Awaitable[Outcome | None]]) -> Outcome:
        for _ in range(ATTEMPTS):
            outcome = await method()
            if outcome is not None:
                return outcome
        return self._outcome("changed since, not deleted", "changed whenever we looked; try again")

    # -- methods: each returns None if the session changed between the check and the deletion ------------------------

    async def _by_script(self) -> Outcome | None:
        refused = await self._check()
        if refused is not None:
            return refused
        read, seen = self._compared()
        digest = _digest(seen)
        if digest is None:
            raise _MethodRefusedError
        name, key, *others = read
        reply = await final(self._exchange, b"EVAL", SCRIPT, b"1", key, digest, name, *others)
        if isinstance(reply, ReplyError):
            if str(reply).startswith(("NOPERM", "ERR")):  # scripts, or some of its commands, are not allowed
                raise _MethodRefusedError
            raise _error(reply)
        missing: object = [] if isinstance(seen, list) else None
        self._node.own.count([read], [missing if reply == GONE else seen])
        return None if reply == CHANGED else self._deleted(reply)

    async def _by_transaction(self) -> Outcome | None:
        """Send each command alone: a DEL in one pipeline with a MULTI is executed even if the MULTI is refused."""
        (watched,) = await self._exchange([(b"WATCH", self._key)])
        if isinstance(watched, ReplyError):
            if missing_right(watched) == "command":
                raise SourceError("not deleted: not allowed to run EVAL or WATCH (+eval allows it)")
            raise _error(watched)
        ending = b"UNWATCH"
        try:
            refused = await self._check()
            if refused is not None:
                return refused
            await self._send(b"MULTI")
            ending = b"DISCARD"
            (queued,) = await self._exchange([(b"DEL", self._key)])
            if isinstance(queued, ReplyError):
                raise _MethodRefusedError if str(queued).startswith("OOM") else _write_error(queued)
            reply = await final(self._exchange, b"EXEC")
            if isinstance(reply, ReplyError):
                raise _error(reply)
            ending = b""
        finally:
            await self._leave(ending)
        return self._deleted(reply[0]) if isinstance(reply, list) and reply else None

    async def _by_plain_delete(self) -> Outcome:
        """Delete without a check in one step: a server that is out of memory refuses transactions, but not DEL."""
        refused = await self._check()
        if refused is not None:
            return refused
        outcome = self._deleted(await final(self._exchange, b"DEL", self._key))
        if outcome.result != "deleted":
            return outcome
        detail = f"{outcome.detail}; checked just before, not in one step: the server is out of memory"
        return Outcome(outcome.result, detail, outcome.undo)

    # -- steps -------------------------------------------------------------------------------------------------------

    async def _check(self) -> Outcome | None:
        """Read the session again; returns why it must not be deleted, or None if it still is what the user saw."""
        pttl = await self._read_again()
        read, shown = self._read, self._session
        assert read is not None
        if read.error is not None:
            raise _error(read.error)
        if read.is_gone or pttl == -2:
            return self._outcome("already gone", "was gone before")
        if shown.dialect != read.dialect_name or (
            read.facts is not None and read.facts.fingerprint != shown.fingerprint
        ):
            return self._outcome("changed since, not deleted", "is no longer what was shown")
        if isinstance(self._dump, bytes) and isinstance(pttl, int) and self._can_undo is not False:
            self.undo = RestoreSession(
                shown.key, shown.user, self._dump, time.time() + pttl / 1000 if pttl >= 0 else None
            )
        else:
            self._no_undo = (
                f"; it cannot be brought back ({refusal(self._dump) or refusal(pttl) or 'RESTORE is not allowed'})"
            )
        return None

    async def _read_again(self) -> object:
        """Read the session and its DUMP; returns PTTL's reply."""
        pttl: object = None

        async def ask(commands: Sequence[Command]) -> list[object]:
            nonlocal pttl
            # DUMP runs before the value is read, so that the script's comparison notices a change between the two.
            dump = (b"DUMP", self._key)
            pttl, self._dump, *replies = await self._exchange([(b"PTTL", self._key), dump, *commands])
            return replies

        page = await self._dialects.fetch([self._key], ask)
        (self._read,) = await self._dialects.decode(page, [0], self._exchange)
        return pttl

    def _compared(self) -> tuple[Command, object]:
        """A command that reads the key, and its reply; the script compares the reply."""
        if isinstance(self._dump, bytes) or self._read is None:
            return (b"DUMP", self._key), self._dump
        return self._read.command, self._read.reply

    async def _send(self, *command: bytes) -> None:
        (reply,) = await self._exchange([command])
        if isinstance(reply, ReplyError):
            raise _error(reply)

    async def _leave(self, ending: bytes) -> None:
        """End the transaction, because others use this connection afterwards."""
        if not ending:
            return
        with contextlib.suppress(SourceError):  # a lost connection has no transaction
            (reply,) = await self._exchange([(ending,)])
            if isinstance(reply, ReplyError):
                self._node.close()

    def _deleted(self, deleted: object) -> Outcome:
        if isinstance(deleted, ReplyError):
            raise _write_error(deleted)
        if deleted != DELETED:
            return self._outcome("already gone", "was gone before")
        return self._outcome("deleted", f"is deleted{self._no_undo}", self.undo)

    def _outcome(self, result: Result, what: str, undo: RestoreSession | None = None) -> Outcome:
        return Outcome(result, f"the session {self._session.id} {what}", undo)


def _digest(reply: object) -> bytes | None:
    """The hash of a reply, as the script computes it; None if the script cannot."""
    if isinstance(reply, list) and all(isinstance(part, bytes) for part in reply):
        reply = b"".join(b"%d:%b" % (len(part), part) for part in reply)
    return hashlib.sha1(reply, usedforsecurity=False).hexdigest().encode() if isinstance(reply, bytes) else None


def _write_error(reply: ReplyError) -> SourceError:
    """As ``_error``, for a key that may be read."""
    return SourceError(f"not deleted: {NO_WRITE}") if missing_right(reply) == "keys" else _error(reply)


def _error(reply: ReplyError) -> SourceError:
    """The server's reason."""
    return SourceError(f"not deleted: {say(ReplyError(re.sub(_WHERE_IN_SCRIPT, '', str(reply))))}")

"""Signs one session out: deletes its key atomically, if it still is the session that the user saw.

A script checks and deletes; if scripts are not allowed, a transaction does. The script is tried first, because it works
while the server is out of memory, and is not disturbed by a lifetime that is renewed with each use.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from redis_dash.actions.companion_keys import Change, changes, left_alone, script_arguments
from redis_dash.actions.scripts import REVOKE
from redis_dash.actions.write import LostAnswerError, final, sent
from redis_dash.actions.write_rights import NO_WRITE, no_way, write_rights
from redis_dash.client.deployment import Deployment
from redis_dash.client.node import Exchange, Node
from redis_dash.client.reasons import say
from redis_dash.core.commands import FindOut, Outcome, RestoreSession, Result, RevokeSession
from redis_dash.core.errors import SourceError
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right
from redis_dash.dialects.base import SessionPattern, refusal
from redis_dash.dialects.companions import CompanionKey
from redis_dash.dialects.described_session import DescribedSession
from redis_dash.dialects.session_dialects import ReadSession, SessionDialects

ATTEMPTS = 5
"""Attempts to delete a session that changes between the check and the deletion."""

GONE, CHANGED, DELETED = -1, -2, 1
APART = "it is in another slot of the cluster"
_WHERE_IN_SCRIPT = r" script: \w+, on @user_script.*$"


class _MethodRefusedError(Exception):
    """The server does not allow this method; nothing was done."""


async def revoke(
    deployment: Deployment,
    command: RevokeSession,
    patterns: Sequence[SessionPattern] = (),
    mask_ids: Callable[[str], str] = str,
) -> Outcome:
    """Sign one session out.

    Args:
        patterns: how sessions are read, and which companions they have.
        mask_ids: masks ids of other sessions in values that are shown.

    Raises:
        SourceError: nothing was done, and why.
    """
    key = command.session.key.reveal()

    async def at_owner(node: Node, exchange: Exchange) -> Outcome:
        dialects = SessionDialects(command.session.dialect, _described(key, patterns))
        revocation = _Revocation(deployment, node, exchange, command.session, dialects, mask_ids)
        try:
            return await revocation.run()
        except LostAnswerError as error:
            undo = revocation.undo
            detail = f"{error}: the session {command.session.id} may be deleted; we look once the server is back"
            if revocation.has_companions:
                detail += "; an undo would not put back what may be removed from other keys"
            return Outcome("not known", detail, undo, FindOut(command, undo))

    return await deployment.at_owner(key, at_owner)


def _described(key: bytes, patterns: Sequence[SessionPattern]) -> list[SessionPattern]:
    """The pattern that a user has described the key by. Otherwise the dialect of the row is tried first."""
    first = next((one for one in patterns if Pattern(one.keys).variable(key) is not None), None)
    return [first] if first is not None and first.is_described else []


class _Revocation:
    """The revocation of one session, on a connection that is ours alone meanwhile."""

    def __init__(
        self,
        deployment: Deployment,
        node: Node,
        exchange: Exchange,
        session: SessionRow,
        dialects: SessionDialects,
        mask_ids: Callable[[str], str],
    ) -> None:
        self.undo: RestoreSession | None = None
        """The command that restores the session as it was read last."""
        self._deployment = deployment
        self._node = node
        self._exchange = exchange
        self._session = session
        self._key = session.key.reveal()
        self._dialects = dialects
        self._mask_ids = mask_ids
        self._read: ReadSession | None = None
        self._dump: object = None
        self._no_undo = ""
        self._can_undo: bool | None = None
        self._script_error: ReplyError | None = None
        """Why the script was refused."""
        self._apart = ""
        """Why no companion can be changed in one step with the session."""

    async def run(self) -> Outcome:
        """Delete the key, or say why not.

        Raises:
            LostAnswerError: the key may be deleted.
            SourceError: the key is not deleted.
        """
        rights = await write_rights(self._node, self._key, self._exchange)
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
        companions = [one for one in self._companions() if not self._why_not(one)]
        reply = await self._run_script(read, digest, companions)
        if companions and isinstance(reply, ReplyError) and str(reply).startswith("CROSSSLOT"):
            self._apart = APART
            companions = []
            reply = await self._run_script(read, digest, companions)
        if isinstance(reply, ReplyError):
            if companions and missing_right(reply) == "keys":
                self._apart = "not all of these keys may be written"
            if str(reply).startswith(("NOPERM", "ERR")):  # scripts, or some of its commands, are not allowed
                self._script_error = reply
                raise _MethodRefusedError
            raise _error(reply)
        missing: object = [] if isinstance(seen, list) else None
        self._node.own.count([read], [missing if reply == GONE else seen])
        if isinstance(reply, list):
            return self._deleted(
                DELETED, dict(zip(companions, changes(companions, reply, self._node.own), strict=True))
            )
        return None if reply == CHANGED else self._deleted(reply)

    async def _run_script(self, read: Command, digest: bytes, companions: Sequence[CompanionKey]) -> object:
        name, key, *others = read
        keys = [key, *(one.key for one in companions)]
        arguments = [digest, name, b"%d" % len(others), *others, *script_arguments(companions)]
        return await final(self._node, self._exchange, b"EVAL", REVOKE, b"%d" % len(keys), *keys, *arguments)

    async def _by_transaction(self) -> Outcome | None:
        """Send each command alone: a DEL in one pipeline with a MULTI is executed even if the MULTI is refused."""
        (watched,) = await self._exchange([(b"WATCH", self._key)])
        self._require(watched, "WATCH")
        ending = b"UNWATCH"
        try:
            refused = await self._check()
            if refused is not None:
                return refused
            await self._node.before_write(self._exchange)
            (begun,) = await self._exchange([(b"MULTI",)])
            self._require(begun, "MULTI")
            ending = b"DISCARD"
            (queued,) = await self._exchange([(b"DEL", self._key)])
            if isinstance(queued, ReplyError):
                raise _MethodRefusedError if str(queued).startswith("OOM") else _write_error(queued)
            reply = await sent(self._node, self._exchange, b"EXEC")
            self._require(reply, "EXEC")
            ending = b""
        finally:
            await self._leave(ending)
        return self._deleted(reply[0]) if isinstance(reply, list) and reply else None

    async def _by_plain_delete(self) -> Outcome:
        """Delete without a check in one step: a server that is out of memory refuses transactions, but not DEL."""
        refused = await self._check()
        if refused is not None:
            return refused
        outcome = self._deleted(await final(self._node, self._exchange, b"DEL", self._key))
        if outcome.result != "deleted":
            return outcome
        detail = f"{outcome.detail}; checked just before, not in one step: the server is out of memory"
        return Outcome(outcome.result, detail, outcome.undo)

    # -- companions --------------------------------------------------------------------------------------------------

    @property
    def has_companions(self) -> bool:
        """Whether other keys are to be changed, too."""
        return bool(self._companions())

    def _companions(self) -> list[CompanionKey]:
        """The companions of the session as it was read last."""
        read = self._read
        if read is None or not isinstance(read.dialect, DescribedSession):
            return []
        found = read.dialect.companions(self._key, read.reply)
        return [one._replace(shown=one.shown.changed(self._mask_ids)) for one in found]

    def _why_not(self, one: CompanionKey) -> str:
        """Why a companion cannot be changed; empty if it can."""
        if one.missing:
            return f"{one.missing} is not in the session"
        if self._apart:
            return self._apart
        if self._deployment.are_together(one.key, self._key):
            return ""
        return APART if self._deployment.cluster is not None else "it is on another node"

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
                shown.key,
                shown.shown_user,
                self._dump,
                time.time() + pttl / 1000 if pttl >= 0 else None,
                database=shown.database,
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

    def _require(self, reply: object, command: str) -> None:
        """Raise SourceError if a command of the transaction, which is tried after the script, is refused."""
        if isinstance(reply, ReplyError) and missing_right(reply) == "command":
            raise SourceError(f"not deleted: {no_way(self._script_error, command)}")
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

    def _deleted(self, deleted: object, done: Mapping[CompanionKey, Change] = MappingProxyType({})) -> Outcome:
        if isinstance(deleted, ReplyError):
            raise _write_error(deleted)
        if deleted != DELETED:
            return self._outcome("already gone", "was gone before")
        changed = [
            done.get(one) or left_alone(one, self._why_not(one) or "scripts are not allowed")
            for one in self._companions()
        ]
        if self.undo is not None:
            removed = tuple(one.removed for one in changed if one.removed is not None)
            self.undo = msgspec.structs.replace(self.undo, companions=removed)
        what = "; ".join((f"is deleted{self._no_undo}", *(one.text for one in changed)))
        return self._outcome("deleted", what, self.undo)

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

"""Commands that our user may not run: each is sent again seldom, since the server logs each refusal in its ACL LOG.

The server checks the command before keys and channels, so a refused command is refused for all of them. In between it
is answered here with the server's own words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import WITH_SUBCOMMANDS, missing_right

PAUSE_S = (1.0, 30.0)
"""The pause before a refused command is sent again: at first and at most. Each refusal doubles it."""


class _Refusal:
    def __init__(self, error: ReplyError, now: float) -> None:
        self.error = error
        self.pause_s = PAUSE_S[0]
        self.again_at = now + self.pause_s

    def postpone(self, now: float) -> None:
        """Double the pause."""
        self.pause_s = min(2 * self.pause_s, PAUSE_S[1])
        self.again_at = now + self.pause_s


class RefusedCommands:
    """Those of one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals: dict[Command, _Refusal] = {}

    def connected(self) -> None:
        """Forget them: on a new connection each is tried at once."""
        self._refusals.clear()

    def has_any(self) -> bool:
        """Whether any command is refused: for most users none is."""
        return bool(self._refusals)

    def answer(self, command: Command) -> ReplyError | None:
        """The refusal of a command that is not to be sent now; None if it is to be sent."""
        refusal = self._refusals.get(_name(command))
        if refusal is None:
            return None
        now = self._clock()
        if now < refusal.again_at:
            return refusal.error
        refusal.postpone(now)
        return None

    def answer_to_any(self, ways: Iterable[Command]) -> ReplyError | None:
        """The refusal of the last of commands each of which would do; None if one is to be sent now."""
        answer = None
        for command in dict.fromkeys(ways):
            if (answer := self.answer(command)) is None:
                break
        return answer

    def observe(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        """Learn which commands are refused. If one is no longer, rights have changed: all are tried again at once."""
        if not self._refusals and ReplyError not in set(map(type, replies)):
            return
        refused = {}
        for command, reply in zip(commands, replies, strict=True):
            name = _name(command)
            if isinstance(reply, ReplyError) and missing_right(reply) == "command":
                refused[name] = reply
            elif name in self._refusals:
                self._refusals.clear()
        for name, error in refused.items():
            self._refusals.setdefault(name, _Refusal(error, self._clock()))


def _name(command: Command) -> Command:
    return command[: 2 if command[0] in WITH_SUBCOMMANDS else 1]

"""Names all commands of a topic that our user may not run, so that one command of the administrator grants them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from redis_dash.core.errors import MissingRightError
from redis_dash.core.globs import encoded
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import missing_right, refused_command, rules_for
from redis_dash.sources.base import Context

ASK_AGAIN_S = 30.0
"""How often the commands are tried while one is refused: each refusal is an entry in the server's ACL LOG."""
_WILDCARDS = re.compile(r"\[[^]]*\]|[*?]")


def example(glob: str) -> bytes:
    """A key that the glob matches, to try commands on where none is known."""
    return encoded(_WILDCARDS.sub("x", glob).replace("\\", ""))


class MissingCommands:
    """Tries the commands of a topic when one of them was refused.

    Args:
        ways: Returns the commands of each way to read a key. If the key is of another type, the way is not needed.
        keyless: Commands without a key that the topic needs, too.
    """

    def __init__(
        self, context: Context, ways: Callable[[], Sequence[Sequence[Command]]], keyless: Sequence[Command] = ()
    ) -> None:
        self._deployment = context.deployment
        self._ways = ways
        self._keyless = keyless
        self._known: dict[str, MissingRightError] = {}
        """What is missing in all, by the first refusal."""
        self._asked_at = 0.0

    async def all_of(self, error: MissingRightError) -> MissingRightError:
        """The refusal, with all others that would follow it.

        Raises:
            SourceError: the server could not be reached.
        """
        if not error.rules or not all(rule.startswith("+") for rule in error.rules):
            return error  # it is about keys, or no rule is known
        if str(error) not in self._known or time.monotonic() - self._asked_at > ASK_AGAIN_S:
            self._asked_at = time.monotonic()
            self._known = {str(error): _together(error, await self._try())}
        return self._known[str(error)]

    async def _try(self) -> list[ReplyError]:
        refused: list[ReplyError] = []
        if self._keyless:
            refused += [reply for node in await self._deployment.on_each(self._keyless) for reply in _refused(node)]
        for way in self._ways():
            replies = await self._deployment.pipeline(way)
            if not any(isinstance(reply, ReplyError) and str(reply).startswith("WRONGTYPE") for reply in replies):
                refused += _refused(replies)
        return refused


def _refused(replies: Sequence[object]) -> list[ReplyError]:
    return [reply for reply in replies if isinstance(reply, ReplyError) and missing_right(reply) == "command"]


def _together(first: MissingRightError, others: Sequence[ReplyError]) -> MissingRightError:
    names = [refused_command(error).upper().replace("|", " ") for error in others]
    unnamed = [name for name in dict.fromkeys(names) if name and not re.search(rf"\b{name}\b", str(first))]
    rules = [*first.rules, *(rule for error in others for rule in rules_for(error))]
    return MissingRightError(", ".join([str(first), *unnamed]), tuple(dict.fromkeys(rules)))

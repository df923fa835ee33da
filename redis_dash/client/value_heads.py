"""GET with bounded replies: a bounded part of each value, and at once no more than arrives in half a second.

A value may have 512 MB, and its size is unknown before it is fetched. GETRANGE therefore reads its head. GETRANGE
returns an empty string for an empty value and for a missing key; EXISTS then decides. For a value that was too large
before, STRLEN reads only the length.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from redis_dash.client.own_lookups import OwnLookups
from redis_dash.core.resp import Command, ReplyError
from redis_dash.core.rights import Right, missing_right

MOST_BYTES = 256 * 1024
"""Longest value that is read whole. One byte more is fetched, which shows that a value is longer."""
_LAST = b"%d" % MOST_BYTES
AT_ONCE_S = 0.5
"""Longest time that a pipeline's replies should take to arrive, since other callers wait meanwhile."""
LEAST_AT_ONCE, FIRST_AT_ONCE, MOST_AT_ONCE = 64 * 1024, 256 * 1024, 2 * 1024 * 1024
"""Bytes that are read at once: least, first and most."""
FIRST_VALUE = 16 * 1024
"""Assumed bytes of a value before one was read."""
TELLING_BYTES = 32 * 1024
"""Bytes that must arrive before their speed is used as that of the link."""
LARGE_KEPT = 10_000
TOO_LARGE = bytes(MOST_BYTES + 1)
"""Returned for a value that was too large before and still is."""

Exchange = Callable[[Sequence[Command]], Awaitable[list[object]]]


class ValueHeads:
    """Replaces each GET of a pipeline by a command with a bounded reply, and the replies by those of GET."""

    def __init__(self, own: OwnLookups) -> None:
        self._own = own
        self.refused = False
        """Whether the user may not run GETRANGE, or the server does not know it: values are then fetched whole."""
        self._large: dict[bytes, None] = {}
        self._value_bytes = float(FIRST_VALUE)
        self._at_once = FIRST_AT_ONCE

    @property
    def number(self) -> int:
        """The number of values that may be read at once."""
        return max(1, int(self._at_once / max(self._value_bytes, 1.0)))

    def bounded(self, commands: Sequence[Command]) -> Sequence[Command]:
        """The commands to send instead of these."""
        if self.refused:
            return commands
        return [self._bounded(command) if command[0] == b"GET" else command for command in commands]

    def _bounded(self, command: Command) -> Command:
        key = command[1]
        return (b"STRLEN", key) if key in self._large else (b"GETRANGE", key, b"0", _LAST)

    def observe(self, replies: Sequence[object], took_s: float) -> None:
        """Adapt the number of values at once to the time that these took."""
        sizes = [len(reply) for reply in replies if type(reply) is bytes]
        if not sizes:
            return
        total = sum(sizes)
        self._value_bytes = max(total / len(sizes), self._value_bytes / 2, 16.0)
        if total >= TELLING_BYTES:
            self._at_once = max(LEAST_AT_ONCE, min(MOST_AT_ONCE, int(AT_ONCE_S * total / max(took_s, 1e-6))))

    async def as_get(self, commands: Sequence[Command], replies: list[object], exchange: Exchange) -> list[object]:
        """The replies that GET would have returned."""
        if all(map(_is_plain, replies)):
            return replies
        unclear: dict[int, Command] = {}
        empty: list[int] = []
        for index, (command, reply) in enumerate(zip(commands, replies, strict=True)):
            if command[0] != b"GET":
                continue
            key = command[1]
            if isinstance(reply, ReplyError) and (right := missing_right(reply)) is not None:
                self.refused = self.refused or right != "keys"  # other keys may be readable
                unclear[index] = command
            elif isinstance(reply, int):  # the reply of STRLEN
                if reply > MOST_BYTES:
                    replies[index] = TOO_LARGE
                else:
                    self._large.pop(key, None)
                    unclear[index] = self._bounded(command)
            elif isinstance(reply, bytes) and len(reply) > MOST_BYTES:
                self._keep(key)
            elif reply == b"":
                empty.append(index)
        if unclear:
            again = await exchange(list(unclear.values()))
            for index, reply in zip(unclear, again, strict=True):
                if not (
                    _lacks(replies[index], "keys") and _lacks(reply, "command")
                ):  # GETRANGE is enough, if the key is
                    replies[index] = _none_if_missing(reply)
        if empty:
            await self._check_empty(commands, replies, empty, exchange)
        return replies

    async def _check_empty(
        self, commands: Sequence[Command], replies: list[object], places: Sequence[int], exchange: Exchange
    ) -> None:
        """Separate empty values from missing keys. Each value is read again, since a key may be created meanwhile."""
        asked = [
            command for place in places for command in ((b"EXISTS", commands[place][1]), self._bounded(commands[place]))
        ]
        again = await exchange(asked)
        for place, exists, value in zip(places, again[::2], again[1::2], strict=True):
            if exists == 1 and value == b"":
                for _ in range(2):  # both reads were counted as misses
                    self._own.found_after_all((b"GETRANGE",))
            replies[place] = value if value != b"" else (b"" if exists == 1 else None)

    def _keep(self, key: bytes) -> None:
        if len(self._large) >= LARGE_KEPT:
            self._large.clear()
        self._large[key] = None


def _lacks(reply: object, right: Right) -> bool:
    """Whether the server refused this for lack of a right."""
    return isinstance(reply, ReplyError) and missing_right(reply) == right


def _none_if_missing(reply: object) -> object:
    return None if reply in (0, b"") else reply


def _is_plain(reply: object) -> bool:
    """Whether GET would have returned the same; nearly always."""
    return type(reply) is bytes and 0 < len(reply) <= MOST_BYTES

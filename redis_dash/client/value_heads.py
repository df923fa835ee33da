"""GET, but never more of a value than a person could read, nor more at once than comes in half a second.

A value's size is not known before it is fetched, and it may have 512 MB: so its head is asked for, with GETRANGE. That
does not tell whether an empty value's key exists, which is asked afterwards. Of a value that was found to be too large
only the length is asked again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from redis_dash.client.own_lookups import OwnLookups
from redis_dash.core.resp import Command, ReplyError

MOST_BYTES = 256 * 1024
"""Of a longer value one byte more is fetched, which tells that it is longer."""
_LAST = b"%d" % MOST_BYTES
AT_ONCE_S = 0.5
"""A pipeline's replies should not take longer to come: nobody else is served meanwhile."""
LEAST_AT_ONCE, FIRST_AT_ONCE, MOST_AT_ONCE = 64 * 1024, 256 * 1024, 2 * 1024 * 1024
"""Bytes."""
FIRST_VALUE = 16 * 1024
"""Bytes that a value is taken to have before one was seen."""
TELLING_BYTES = 32 * 1024
"""So much must have come for its speed to say something about the link."""
LARGE_KEPT = 10_000
TOO_LARGE = bytes(MOST_BYTES + 1)
"""Stands for a value that was too large before and still is."""

Exchange = Callable[[Sequence[Command]], Awaitable[list[object]]]


class ValueHeads:
    """Turns each GET of a pipeline into commands with bounded replies, and their replies into GET's."""

    def __init__(self, own: OwnLookups) -> None:
        self._own = own
        self.refused = False
        """Our user may GET and not GETRANGE, or the server does not know it: then values are fetched whole."""
        self._large: dict[bytes, None] = {}
        self._value_bytes = float(FIRST_VALUE)
        self._at_once = FIRST_AT_ONCE

    @property
    def number(self) -> int:
        """How many values may be asked for at once."""
        return max(1, int(self._at_once / max(self._value_bytes, 1.0)))

    def bounded(self, commands: Sequence[Command]) -> Sequence[Command]:
        """The commands to send in place of these."""
        if self.refused:
            return commands
        return [self._bounded(command) if command[0] == b"GET" else command for command in commands]

    def _bounded(self, command: Command) -> Command:
        key = command[1]
        return (b"STRLEN", key) if key in self._large else (b"GETRANGE", key, b"0", _LAST)

    def observe(self, replies: Sequence[object], took_s: float) -> None:
        """How long so many values took."""
        sizes = [len(reply) for reply in replies if type(reply) is bytes]
        if not sizes:
            return
        total = sum(sizes)
        self._value_bytes = max(total / len(sizes), self._value_bytes / 2, 16.0)
        if total >= TELLING_BYTES:
            self._at_once = max(LEAST_AT_ONCE, min(MOST_AT_ONCE, int(AT_ONCE_S * total / max(took_s, 1e-6))))

    async def as_get(self, commands: Sequence[Command], replies: list[object], exchange: Exchange) -> list[object]:
        """The replies that the GETs among these commands would have had."""
        if all(map(_is_plain, replies)):
            return replies
        unclear: dict[int, Command] = {}
        empty: list[int] = []
        for index, (command, reply) in enumerate(zip(commands, replies, strict=True)):
            if command[0] != b"GET":
                continue
            key = command[1]
            if isinstance(reply, ReplyError) and str(reply).startswith(("NOPERM", "ERR unknown command")):
                self.refused = True
                unclear[index] = command
            elif isinstance(reply, int):  # STRLEN's
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
            for (index, command), reply in zip(unclear.items(), again, strict=True):
                replies[index] = self._settled(command, reply)
        if empty:
            await self._look_at_empty(commands, replies, empty, exchange)
        return replies

    async def _look_at_empty(
        self, commands: Sequence[Command], replies: list[object], places: Sequence[int], exchange: Exchange
    ) -> None:
        """Which keys hold an empty value, and which are not there? Read once more with it, for some come meanwhile."""
        asked = [
            command for place in places for command in ((b"EXISTS", commands[place][1]), self._bounded(commands[place]))
        ]
        again = await exchange(asked)
        for place, exists, value in zip(places, again[::2], again[1::2], strict=True):
            if exists == 1 and value == b"":
                for _ in range(2):  # which were counted as misses
                    self._own.found_after_all((b"GETRANGE",))
            replies[place] = value if value != b"" else (b"" if exists == 1 else None)

    def _keep(self, key: bytes) -> None:
        if len(self._large) >= LARGE_KEPT:
            self._large.clear()
        self._large[key] = None

    def _settled(self, command: Command, reply: object) -> object:
        return None if reply in (0, b"") else reply


def _is_plain(reply: object) -> bool:
    """Is it what GET would have answered? As nearly all are."""
    return type(reply) is bytes and 0 < len(reply) <= MOST_BYTES

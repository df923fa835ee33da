"""The lookups that we cause ourselves, so that the hit rate on the screen is the application's alone.

Most reading commands add to the server's ``keyspace_hits`` or ``keyspace_misses``; which do differs between servers and
versions, so it is asked of the server once a connection (see ``Deployment``) instead of assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from redis_dash.core.resp import Command, ReplyError

_MISSED: dict[bytes, object] = {
    b"GET": None,
    b"GETRANGE": b"",
    b"STRLEN": 0,
    b"EXISTS": 0,
    b"PTTL": -2,
    b"ZCARD": 0,
    b"HGETALL": [],
    b"DUMP": None,
    b"TYPE": b"none",
}
"""The reply that tells that the key was not there; an empty string is taken for none, see ``found_after_all``."""

_FOLLOWS = (b"ZCOUNT", b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE", b"ZREVRANGE", b"ZREVRANK")
"""Their replies do not tell; they share the verdict of the ZCARD on the same key that went before them."""

COUNTED = (*_MISSED, *_FOLLOWS)
"""Every command of ours that may count as a lookup."""

PROBES: dict[bytes, Command] = {
    b"GETRANGE": (b"0", b"0"),
    b"ZREVRANGE": (b"0", b"0"),
    b"ZREVRANK": (b"nobody",),
    b"ZCOUNT": (b"-inf", b"+inf"),
    b"ZRANGEBYSCORE": (b"-inf", b"+inf"),
    b"ZREVRANGEBYSCORE": (b"+inf", b"-inf"),
}
"""Further arguments that make each of them a valid command on one key."""


class OwnLookups:
    """Our own hits and misses since this object was made."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.weights: dict[bytes, int] = dict.fromkeys(COUNTED, 1)
        """Lookups that the server counts for each command: 1 unless the server said otherwise."""
        self.unsure = False
        """Replies to lookups were lost: nobody knows whether the server counted them."""

    def count(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        """Judge a pipeline's replies, in the order of its commands."""
        names = set(map(itemgetter(0), commands))
        if len(names) == 1 and (name := names.pop()) in _MISSED and ReplyError not in set(map(type, replies)):
            misses = replies.count(_MISSED[name])
            self.misses += misses * self.weights[name]
            self.hits += (len(replies) - misses) * self.weights[name]
        else:
            self._count_each(commands, replies)

    def found_after_all(self, command: Command) -> None:
        """What was counted as a miss was a hit."""
        self.hits += self.weights[command[0]]
        self.misses -= self.weights[command[0]]

    def lost(self, commands: Sequence[Command]) -> None:
        """These were sent, and never answered."""
        self.unsure = self.unsure or any(command[0] in self.weights for command in commands)

    def _count_each(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        weights = self.weights
        there: dict[bytes, bool] = {}
        for command, reply in zip(commands, replies, strict=True):
            name = command[0]
            weight = weights.get(name)
            if not weight or (isinstance(reply, ReplyError) and not str(reply).startswith("WRONGTYPE")):
                continue
            if isinstance(reply, ReplyError):  # WRONGTYPE: the key was found before its type was looked at
                found = True
            elif name in _MISSED:
                found = reply != _MISSED[name]
                if name == b"ZCARD" and there.get(command[1], found) != found:
                    self.unsure = True  # it came or went between the first ZCARD and this one: so may others have
            else:
                found = there.get(command[1], True)
            there[command[1]] = found
            if found:
                self.hits += weight
            else:
                self.misses += weight

    def calibrate(self, misses: Sequence[int]) -> None:
        """Learn which commands count: the server's ``keyspace_misses`` before and after each, see ``calibration``.

        A server that told nothing (no right to INFO) leaves the assumption that each counts once.
        """
        if len(misses) != len(COUNTED) + 1:
            return
        for name, earlier, later in zip(COUNTED, misses, misses[1:], strict=False):
            self.weights[name] = later - earlier
        self.misses += misses[-1] - misses[0]


def calibration(nobody: bytes) -> list[Command]:
    """One transaction that reads a key that nobody has with each command, and asks for the counters in between.

    Nobody else's command can run inside it, so the differences are ours alone. EXEC's reply holds, besides the
    replies of the reads, the INFO texts that ``calibrate`` wants.
    """
    commands: list[Command] = [(b"MULTI",), (b"INFO", b"stats")]
    for name in COUNTED:
        commands += [(name, nobody, *PROBES.get(name, ())), (b"INFO", b"stats")]
    return [*commands, (b"EXEC",)]

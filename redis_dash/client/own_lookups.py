"""The lookups that redis-dash causes itself: they are subtracted, so that the hit rate shown is the application's.

Most commands that read a key add to the server's ``keyspace_hits`` or ``keyspace_misses``. Which of them do differs
between servers and versions. Each connection therefore measures it (see ``calibration``).

Every command that redis-dash sends is listed here, in COUNTED or in UNCOUNTED. A command that is in neither is reported
as an error of redis-dash itself, since the hit rate may include it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from operator import itemgetter

from redis_dash.core.resp import Command, ReplyError, is_no_such_key, is_wrong_type

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
    b"HSCAN": [b"0", []],
    b"LRANGE": [],
    b"SRANDMEMBER": [],
    b"ZRANGE": [],
}
"""The reply that means that the key does not exist. An empty string counts as a miss, too: see ``found_after_all``."""

_FOLLOWS_ABSENT: dict[bytes, object] = {
    b"ZCOUNT": 0,
    b"ZRANGEBYSCORE": [],
    b"ZREVRANGEBYSCORE": [],
    b"ZREVRANGE": [],
    b"ZREVRANK": None,
    b"ZSCORE": None,
    b"HGET": None,
}
_FOLLOWS = tuple(_FOLLOWS_ABSENT)
"""Their replies do not show whether the key exists. They count like the command on the same key that precedes them."""

PROBE_KEYS = b"redis-dash:no-such-key:"
"""The beginning of the names of keys that do not exist, on which commands are tried."""

CALIBRATED = (*_MISSED, *_FOLLOWS)
"""The commands of which each connection measures how often the server counts them."""

_OF_STREAMS: dict[bytes, int] = {b"XREAD": 2, b"XINFO": 1}
"""Lookups for each command that follows streams, as measured on Redis 6.2, 7.0 and Valkey 8.1. They are not calibrated:
a user without the right to run one of them could not calibrate the others either. The TYPE of the key precedes them.
"""

COUNTED = (*CALIBRATED, *_OF_STREAMS)
"""The commands that the server may count as lookups."""

UNCOUNTED = frozenset(
    {
        b"ACL",
        b"ASKING",
        b"AUTH",
        b"CLIENT",
        b"CLUSTER",
        b"COMMAND",
        b"DBSIZE",
        b"DEL",
        b"DISCARD",
        b"EVAL",  # the lookup in the script is counted by its caller
        b"EXEC",
        b"HELLO",
        b"INFO",
        b"MEMORY",
        b"MULTI",
        b"PING",
        b"PSUBSCRIBE",
        b"PUBLISH",
        b"PUBSUB",
        b"READONLY",
        b"RESTORE",
        b"ROLE",
        b"SCAN",
        b"SELECT",
        b"SENTINEL",
        b"SSUBSCRIBE",
        b"SUBSCRIBE",
        b"TIME",
        b"UNWATCH",
        b"WATCH",
    }
)
"""The commands that no server counts as lookups, over all connections."""

_LISTED = UNCOUNTED.union(COUNTED)

PROBES: dict[bytes, Command] = {
    b"GETRANGE": (b"0", b"0"),
    b"HSCAN": (b"0",),
    b"LRANGE": (b"0", b"0"),
    b"SRANDMEMBER": (b"1",),
    b"ZRANGE": (b"0", b"0"),
    b"ZREVRANGE": (b"0", b"0"),
    b"ZREVRANK": (b"nobody",),
    b"ZSCORE": (b"nobody",),
    b"HGET": (b"nothing",),
    b"ZCOUNT": (b"-inf", b"+inf"),
    b"ZRANGEBYSCORE": (b"-inf", b"+inf"),
    b"ZREVRANGEBYSCORE": (b"+inf", b"-inf"),
}
"""The arguments after the key that make each of these a valid command."""


def looked_up(command: Command) -> bytes:
    """The key that a command of COUNTED looks up."""
    if command[0] == b"XREAD":  # ... STREAMS key id
        return command[-2]
    return command[2] if command[0] == b"XINFO" else command[1]


def reply_if_absent(command: Command) -> tuple[bool, object]:
    """Whether it is known what a command replies if its key does not exist, and the reply."""
    name = command[0]
    if name in _MISSED:
        return True, _MISSED[name]
    return name in _FOLLOWS_ABSENT, _FOLLOWS_ABSENT.get(name)


class OwnLookups:
    """The hits and misses of redis-dash since this object was created."""

    def __init__(self, on_unlisted: Callable[[], None] | None = None) -> None:
        """``on_unlisted`` is called for each pipeline with a command that is in neither COUNTED nor UNCOUNTED."""
        self.hits = 0
        self.misses = 0
        self.weights: dict[bytes, int] = dict.fromkeys(CALIBRATED, 1) | _OF_STREAMS
        """Lookups that the server counts for each command: 1 unless calibration measured another number."""
        self.unsure = False
        """Whether the server may have counted lookups that are not in ``hits`` and ``misses``."""
        self.unsettled = 0
        """Lookups since the latest INFO that were or may be changed from a miss into a hit."""
        self.unlisted: set[bytes] = set()
        """Commands that were sent and are in neither list."""
        self._on_unlisted = on_unlisted

    def count(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        """Count the hits and misses of a pipeline; replies are in the order of the commands."""
        names = set(map(itemgetter(0), commands))
        if not names <= _LISTED:
            self._note_unlisted(names - _LISTED)
        if len(names) == 1 and (name := names.pop()) in _MISSED and ReplyError not in set(map(type, replies)):
            misses = replies.count(_MISSED[name])
            self.misses += misses * self.weights[name]
            self.hits += (len(replies) - misses) * self.weights[name]
            self.unsettled += misses * self.weights[name] if name == b"GETRANGE" else 0
        else:
            self._count_each(commands, replies)

    def found_after_all(self, command: Command) -> None:
        """Change one miss of this command into a hit."""
        self.hits += self.weights[command[0]]
        self.misses -= self.weights[command[0]]
        self.unsettled += self.weights[command[0]]

    def lost(self, commands: Sequence[Command]) -> None:
        """The commands were sent and their replies were lost."""
        self.unsure = self.unsure or any(command[0] not in UNCOUNTED for command in commands)

    def _note_unlisted(self, names: set[bytes]) -> None:
        self.unsure = True
        self.unlisted |= names
        if self._on_unlisted is not None:
            self._on_unlisted()

    def _count_each(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        weights = self.weights
        there: dict[bytes, bool] = {}
        for command, reply in zip(commands, replies, strict=True):
            name = command[0]
            weight = weights.get(name)
            if not weight:
                continue
            if is_no_such_key(reply):
                self.misses += weight
                continue
            if isinstance(reply, ReplyError) and not is_wrong_type(reply):
                continue
            key = looked_up(command)
            if isinstance(reply, ReplyError):  # the server finds the key before it checks its type
                found, weight = True, min(weight, 1)
            elif name in _MISSED:
                found = reply != _MISSED[name]
                if name == b"ZCARD" and there.get(key, found) != found:
                    self.unsure = True  # the key changed between two ZCARDs, so the commands between them may differ
            else:
                found = there.get(key, True) or (name == b"XREAD" and reply is not None)
            there[key] = found
            if found:
                self.hits += weight
            else:
                self.misses += weight
                self.unsettled += weight if name == b"GETRANGE" else 0

    def calibrate(self, misses: Sequence[int]) -> None:
        """Set the weights from the server's ``keyspace_misses`` before and after each command, see ``calibration``.

        Without these values (the user may not run INFO) each command counts once.
        """
        if len(misses) != len(CALIBRATED) + 1:
            return
        for name, earlier, later in zip(CALIBRATED, misses, misses[1:], strict=False):
            self.weights[name] = later - earlier
        self.misses += misses[-1] - misses[0]


def calibration(absent_key: bytes, other_key: bytes = b"") -> list[Command]:
    """Return a transaction that reads a key that does not exist with each command, with INFO before and after each.

    No command of another client runs inside it, so all differences are caused by redis-dash. EXEC's reply holds the
    INFO texts for ``calibrate`` besides the replies of the commands.

    Args:
        other_key: does not exist either, and is read in turn with the first. A node of a cluster then runs none of it,
            since both have other slots.
    """
    commands: list[Command] = [(b"MULTI",), (b"INFO", b"stats")]
    for name, key in zip(CALIBRATED, cycle((absent_key, other_key or absent_key)), strict=False):
        commands += [(name, key, *PROBES.get(name, ())), (b"INFO", b"stats")]
    return [*commands, (b"EXEC",)]

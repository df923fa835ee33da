"""Which rights each topic needs, and what else needs rights: the source of docs/rights.md and of ``redis-dash doctor``.

The lists are the least: the tests grant one list and nothing else, and then the same list without each of its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from redis_dash.client.own_lookups import CALIBRATED, PROBE_KEYS
from redis_dash.config import Choices, Config
from redis_dash.core.globs import escaped
from redis_dash.core.resp import Command
from redis_dash.dialects.session_dialects import SessionDialects
from redis_dash.pubsub.refused_channels import is_glob
from redis_dash.pubsub.subscriber import DASHBOARDS
from redis_dash.sources.limiters import Limiters
from redis_dash.sources.missing_commands import example, reads_type


class Need(NamedTuple):
    """A command that is needed."""

    command: str
    """As an ACL rule names it: ``client|tracking``."""
    without: str
    """What is missing without it."""
    vital: bool = False
    """Whether without it there is nothing."""
    instead: str = ""
    """Another command that does for it."""
    slight: bool = False
    """Whether all is shown without it, only later or less certain, or until a wish needs it: the topic is full."""


Way = frozenset[str]


class Needs(NamedTuple):
    """What one topic needs, or one other thing that the dashboard does."""

    name: str
    commands: tuple[Need, ...]
    reads: tuple[str, ...] = ()
    """Patterns of keys that must be readable."""
    writes: tuple[str, ...] = ()
    """Patterns of keys that must be writable."""
    channels: tuple[str, ...] = ()
    shard_channels: tuple[str, ...] = ()
    other_way: OtherWay | None = None
    ways: tuple[Way, ...] = ()
    """The commands of each way in which keys may have to be read: if one is missing in each of them, none is read."""

    def rules(self, *, read_rules: bool = True) -> tuple[str, ...]:
        """The ACL rules that are enough.

        Args:
            read_rules: whether an ACL can allow to read keys without writing them (``%R~``).
        """
        commands = (f"+{need.command}" for need in self.commands)
        reads = (f"{'%R~' if read_rules else '~'}{glob}" for glob in self.reads)
        channels = (*self.channels, *self.shard_channels)
        return tuple(dict.fromkeys((*commands, *reads, *map("~{}".format, self.writes), *map("&{}".format, channels))))


class OtherWay(NamedTuple):
    """Other rights that do instead of some."""

    replaces: tuple[str, ...]
    """The commands that are not needed then."""
    needs: Needs
    any_channel: tuple[str, ...] = ()
    """One of these must be received, too."""


READER = (
    *(
        "%R~*",
        "&*",
        "+@read",
        "+@transaction",
        "+subscribe",
        "+psubscribe",
        "+pubsub|numsub",
        "+info",
        "+time",
        "+ping",
    ),
    *("+select", "+client|id", "+client|list", "+client|setname", "+client|no-touch", "+client|tracking"),
)
"""The rules for a user who sees everything and writes nothing."""
EXACT = "counts are less certain"
_SIZE = "the number of all keys is unknown, and how far a pass is"
_UNSEEN = "other dashboards may not be noticed: their lookups are in the hit rate"
_SCAN = (
    Need("scan", "no keys are found", vital=True),
    Need("dbsize", _SIZE, slight=True),
)
_NAMED_AS_WRITTEN = Need("client|tracking", "new keys appear only when the scan finds them", slight=True)


Types = Callable[[str], frozenset[bytes] | None]
"""Returns the types of the keys that a pattern matches; None if that is not known."""


def topics(config: Config, choices: Choices | None = None, types: Types = lambda glob: None) -> dict[str, Needs]:
    """What each topic needs with these settings, by its name.

    Args:
        types: for keys of limiters that are not there, or are of other types, nothing is needed now.
    """
    made: Sequence[Callable[[], Needs]] = (
        _server,
        lambda: _events(config),
        lambda: _sessions(config),
        lambda: _rate_limits(config, choices, types),
        lambda: _leaderboards(config),
        lambda: _cache(config),
    )
    found = [make() for make in made]
    return {needs.name: needs for needs in found}


def _server() -> Needs:
    ping = Need("ping", "the round trip is unknown")
    return Needs("server", (Need("info", "there are no figures", vital=True), ping))


def _events(config: Config) -> Needs:
    named = [name for name in config.channels if not is_glob(name)]
    is_only = not named or len(named) == len(config.channels)
    commands = []
    if len(named) < len(config.channels):
        commands.append(Need("psubscribe", "patterns are not received", vital=is_only))
    if named:
        commands.append(Need("subscribe", "channels are not received", vital=is_only))
    if config.shard_channels:
        commands.append(Need("ssubscribe", "shard channels are not received"))
    if config.streams:
        why = "streams are not followed"
        commands += [Need(name, why) for name in ("type", "xread", "xinfo|stream")]
        commands.append(Need("xinfo|groups", "consumer groups are unknown"))
    channels = config.channels, config.shard_channels
    return Needs("events", tuple(commands), config.streams, (), *channels)


def _sessions(config: Config) -> Needs:
    commands = (
        *_SCAN,
        _NAMED_AS_WRITTEN,
        Need("pttl", "the time left is unknown"),
        *(_read(name, "users are unknown") for name in _session_reads(config)),
    )
    return Needs("sessions", commands, reads=config.session_globs)


def _session_reads(config: Config) -> tuple[str, ...]:
    """The commands that read the values of sessions."""
    dialects, globs = SessionDialects(patterns=config.session_patterns), config.session_globs
    return _names(command for glob in globs for command in dialects.reads(example(glob), is_read=False))


def _rate_limits(config: Config, choices: Choices | None, types: Types) -> Needs:
    needed: dict[str, Need] = {}
    ways: list[Way] = []
    for limit in config.limits:
        kinds = types(limit.keys)
        for way in Limiters((limit,), choices).ways(()):
            if kinds and not any(reads_type(way, kind) for kind in kinds):
                continue
            names, is_there = _names(way), kinds is None or bool(kinds)
            without = "the usage of some limiters cannot be read" if is_there else "some limiters could not be read"
            for one in (_read(name, without)._replace(slight=not is_there) for name in names):
                needed[one.command] = min(needed.get(one.command, one), one, key=lambda need: need.slight)
            ways += [frozenset(names)] if is_there else []
    commands = (*_SCAN, _NAMED_AS_WRITTEN, Need("time", "windows cannot be judged", vital=True))
    by_name = {need.command: need for need in (*commands, *needed.values())}
    return Needs("rate_limits", tuple(by_name.values()), _globs_of_limits(config), ways=tuple(ways))


def _globs_of_limits(config: Config) -> tuple[str, ...]:
    return tuple(limit.keys for limit in config.limits)


def _leaderboards(config: Config) -> Needs:
    globs = [glob for glob in config.board_globs if is_glob(glob)]
    without = "no keys are found" if len(globs) == len(config.board_globs) else "only boards named in full are found"
    scan = Need("scan", without, vital=len(globs) == len(config.board_globs))
    commands = (
        *((scan, *_SCAN[1:], Need("info", EXACT, slight=True)) if globs else ()),
        Need("zcard", "sizes cannot be read", vital=True),
        Need("zrevrange", "ranks cannot be read", vital=True),
        Need("zrevrank", "a member cannot be searched for", slight=True),
    )
    return Needs("leaderboards", commands, reads=config.board_globs)


def _cache(config: Config) -> Needs:
    """Keys of caches are counted by their names: nothing of them is read but some lifetimes."""
    info = Need("info", "hits and misses are unknown", vital=True)
    globs = tuple(cache.keys for cache in config.caches)
    counters = tuple(dict.fromkeys(escaped(cache.stats) for cache in config.caches if cache.stats))
    others = tuple(Need(name, _UNSEEN) for name in ("client|id", "client|list"))
    other_way = _other_dashboards(config.channels)
    if not globs:
        return Needs("cache", (info, *others), other_way=other_way)
    commands = (
        info,
        *others,
        Need("scan", "no keys are counted"),
        Need("dbsize", _SIZE, slight=True),
        _NAMED_AS_WRITTEN,
        Need("pttl", EXACT, slight=True),
        *([Need("hgetall", "the application's own counters are unknown")] if counters else []),
    )
    return Needs("cache", commands, reads=(*globs, *counters), other_way=other_way)


def besides(config: Config) -> dict[str, Needs]:
    """What else the dashboard does with the rights of its user, by its name."""
    found = (
        _recognition(),
        _lookups(),
        _connection(),
        Needs("databases", (Need("info", "they are not listed"), Need("select", "none can be chosen"))),
        _sign_out(config),
        _undo(config),
    )
    return {needs.name: needs for needs in found}


def _recognition() -> Needs:
    values = ("get", "hscan", "lrange", "srandmember", "zrange")
    commands = (
        Need("scan", "no keys are found", vital=True),
        Need("type", "types are unknown"),
        Need("pttl", "lifetimes are unknown"),
        *(_read(name, "some kinds cannot be recognised") for name in values),
        Need("memory|usage", "memory is unknown"),
    )
    return Needs("kinds of keys", commands, reads=("*",))


def _lookups() -> Needs:
    why = "each lookup of ours is taken to count once"
    names = ("info", "multi", "exec", *(name.decode().lower() for name in CALIBRATED))
    return Needs("own lookups", tuple(Need(name, why) for name in names), reads=(f"{PROBE_KEYS.decode()}*",))


def _other_dashboards(channels: tuple[str, ...]) -> OtherWay:
    """Our own channel; the subscriber's connection is closed if no other one may be received."""
    commands = tuple(Need(name, _UNSEEN) for name in ("subscribe", "pubsub|numsub"))
    needs = Needs("channel", commands, channels=(DASHBOARDS.decode(),))
    return OtherWay(("client|id", "client|list"), needs, channels)


def _connection() -> Needs:
    commands = (
        Need("client|setname", "CLIENT LIST does not name us"),
        Need("client|no-touch", "reading makes keys look used (LRU, LFU)"),
    )
    return Needs("connection", commands)


def _sign_out(config: Config) -> Needs:
    """By a script, or else by a transaction. Both read the value again, as a whole: GETRANGE does not do for GET."""
    why, globs = "sessions cannot be deleted", config.session_globs
    commands = tuple(Need(name, why, vital=True) for name in ("eval", "del", *_session_reads(config)))
    transaction = Needs("transaction", tuple(Need(name, why) for name in ("watch", "multi", "exec")), writes=globs)
    return Needs("sign out", commands, writes=globs, other_way=OtherWay(("eval",), transaction))


def _undo(config: Config) -> Needs:
    why = "nothing can be brought back"
    commands = (Need("dump", why, vital=True), Need("restore", why, vital=True))
    return Needs("undo", commands, writes=config.session_globs)


def _read(name: str, without: str) -> Need:
    """A command that reads values: GET and GETRANGE do for each other."""
    return Need(name, without, instead="getrange" if name == "get" else "")


def _names(commands: Iterable[Command]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(command[0].decode().lower() for command in commands))

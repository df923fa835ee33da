"""The base class of sources: a source reads one topic's frame when the hub asks for it."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Mapping, Sequence, Set
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from redis_dash.client.deployment import Deployment
from redis_dash.config import Choices, Config
from redis_dash.core.certainty import Count, Scope, at_least, unknown
from redis_dash.core.commands import Request
from redis_dash.core.databases import others
from redis_dash.core.decoding import raw, text
from redis_dash.core.errors import MissingRightError
from redis_dash.core.feed import Progress
from redis_dash.core.frames.base import Frame
from redis_dash.core.known_ids import KnownIds
from redis_dash.core.patterns import Pattern
from redis_dash.core.reading import Status
from redis_dash.core.rights import UnreadKinds
from redis_dash.dialects.registry import dialect_problems
from redis_dash.keyspace.client_tracking import ClientTracking
from redis_dash.keyspace.scan import Keyspace
from redis_dash.pubsub.message_log import MessageRing
from redis_dash.pubsub.subscriber import Subscriber
from redis_dash.redaction.secret_fields import hide_tokens
from redis_dash.redaction.session_keys import mask_keys
from redis_dash.streams.reader import StreamReader

__all__ = [
    "NO_NOTE",
    "AcceptsRequests",
    "BackgroundWork",
    "Context",
    "HasOwnConnection",
    "Note",
    "Sample",
    "Source",
    "round_robin",
    "sample",
    "text",
]

T = TypeVar("T", bound=Frame)
_THINGS = {"rate_limits": "limiters", "cache": "caches"}
"""What a topic shows, if its name does not say it."""


class Sample(msgspec.Struct, Generic[T], frozen=True):
    """A frame that was just read from Redis. The other fields are those of a ``Reading``."""

    frame: T
    status: Status = "ok"
    note: str = ""
    count: Count | None = None
    scope: Scope | None = None
    away: bool = False
    rules: tuple[str, ...] = ()
    """The ACL rules that would grant the missing rights."""
    taken_at: float | None = None
    """Until when the values were current (Unix epoch seconds); None if of now, or stale since the latest ones."""


class Note(NamedTuple):
    """Why a frame is not complete; empty if it is."""

    text: str
    rules: tuple[str, ...] = ()
    """The ACL rules that would grant what is missing, if it is a right."""


NO_NOTE = Note("")


def sample(frame: T, count: Count | None, scope: Scope, notes: Sequence[Note] = ()) -> Sample[T]:
    """A sample whose counts come from the scan; its status is ``reduced`` if there are notes."""
    text = "; ".join(dict.fromkeys(note.text for note in notes if note.text))
    rules = tuple(dict.fromkeys(rule for note in notes for rule in note.rules))
    return Sample(frame, "reduced" if text else "ok", text, count, scope, rules=rules)


class Context:
    """What sources share: the connection, the scan, the subscriber and the client tracking."""

    def __init__(
        self,
        config: Config,
        deployment: Deployment,
        keyspace: Keyspace,
        subscriber: Subscriber,
        tracking: ClientTracking,
        known_ids: KnownIds,
        streams: StreamReader | None = None,
    ) -> None:
        """Hold them.

        Args:
            known_ids: ids of the sessions that were read, to be masked everywhere.
            streams: reads the streams that are followed; by default none is.
        """
        self.config = config
        self.deployment = deployment
        self.keyspace = keyspace
        self.subscriber = subscriber
        self.tracking = tracking
        self.known_ids = known_ids
        self.streams = streams or StreamReader(deployment, subscriber.log)
        self.other_dashboards: int | None = None
        """Other dashboards whose commands are in the latest rates, as the cache source has found; None: not known."""
        self.others_in: Hashable = None
        """The period of the server's counters in which another dashboard was seen last; None if none was seen."""
        self.masked_globs = config.session_globs
        """Keys whose ids are masked in names and messages: also those of databases that were watched before."""
        self.left_out: Mapping[str, int] = {}
        """By topic: how many recognised kinds of keys are not watched, because they are too many."""
        self.recognised: Container[str] = ()
        """Topics for which keys of known frameworks are searched."""
        self.choices = Choices()
        """What the user has chosen in the dashboard."""
        self.read_soon: Callable[[str], None] = lambda topic: None
        """Has a topic read without delay, because it must agree with another one."""
        self.unread: Callable[[str], UnreadKinds | None] = lambda topic: None
        """Returns the kinds of keys that may be of a topic, and that our user may not read."""
        self.unrecognised: Callable[[str], tuple[str, ...]] = lambda topic: ()
        """Returns the patterns of the largest kinds of keys that may be of a topic, and were not recognised."""
        self.knows_kinds = True
        """Whether the kinds of keys have been looked at: before, those of sessions may not be known."""
        self.is_behind = False
        """Whether keys are recognised that are not watched yet: until the running pass ends."""

    def scope(self, topic: str, patterns: Sequence[str]) -> Scope:
        """The patterns that are searched, and the number of keys in the database and in others."""
        shown, deployment = tuple(map(self.shown_glob, patterns)), self.deployment
        ignored = self._ignored_among(patterns) if self.config.ignore else ()
        elsewhere = others(deployment.databases, deployment.database)
        return Scope(
            shown,
            self.keyspace.size or self.keyspace.last_done,
            recognised=topic in self.recognised,
            ignored=ignored,
            elsewhere=elsewhere,
            unrecognised=tuple(map(self.shown_glob, self.unrecognised(topic))),
            is_part=bool(deployment.partial),
        )

    def _ignored_among(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The ignored patterns that match nothing but what these match: one of these matches their text."""
        matching = [Pattern(pattern) for pattern in patterns]
        found = (glob for glob in self.config.ignore if any(one.variable(raw(glob)) is not None for one in matching))
        return tuple(map(self.shown_glob, found))

    def without_ids(self, name: str) -> str:
        """A name that the application has chosen, without the session ids that were read, and without tokens."""
        return hide_tokens(self.known_ids.mask(mask_keys(name, self.masked_globs)))

    def shown_name(self, name: str) -> str:
        """As ``without_ids``, for a key, a client or a member: also without words that look like ids of sessions.

        A limiter may count a session that has ended, or was not read yet; before the first pass is complete nobody
        knows what ids look like.
        """
        return self._without_similar(self.without_ids(name))

    def shown_glob(self, glob: str) -> str:
        """A pattern; if only one key was recognised it is the key, and may hold an id."""
        return self._without_similar(hide_tokens(self.known_ids.mask(glob)))

    def _without_similar(self, name: str) -> str:
        return self.known_ids.mask_alike(name, unsure=not (self.keyspace.passes and self.knows_kinds))

    @property
    def log(self) -> MessageRing:
        """The log of messages and marks."""
        return self.subscriber.log

    def read_rules(self, globs: Sequence[str]) -> tuple[str, ...]:
        """The ACL rules that let our user read these keys."""
        prefix = "%R~" if self.deployment.has_read_rules else "~"
        return tuple(f"{prefix}{self.shown_glob(glob)}" for glob in globs)

    def unread_note(self, topic: str) -> Note:
        """A note about kinds of keys that may be of a topic and may not be read; empty if there are none."""
        found = self.unread(topic) if topic in self.recognised else None
        if found is None:
            return NO_NOTE
        kinds = "1 kind" if found.kinds == 1 else f"{found.kinds:,} kinds"
        text = f"{found.keys} in {kinds} may not be read: some may be {_THINGS.get(topic, topic)}"
        return Note("; ".join(filter(None, (text, found.doubt))), found.rules)

    def is_partial(self, topic: str, unread: Note) -> bool:
        """Whether keys that may not be read, or are not watched yet, may belong to a topic."""
        return bool(unread.text) or (self.is_behind and topic in self.recognised)

    def without_unread(self, count: Count, topic: str, unread: Note) -> Count:
        """A count of what is read, where keys that may not be read, or are not watched yet, may belong to it, too."""
        if not self.is_partial(topic, unread):
            return count
        least = at_least(count.low, at=count.at) if count.low else unknown()
        return msgspec.structs.replace(least, coverage=count.coverage)

    def with_unread(self, error: MissingRightError, topic: str) -> MissingRightError:
        """The refusal, with what ``unread_note`` says: one grant is to be enough."""
        note = self.unread_note(topic)
        text = "; ".join(filter(None, (str(error), note.text)))
        return MissingRightError(text, tuple(dict.fromkeys((*error.rules, *note.rules))))

    def left_out_note(self, topic: str, flag: str) -> Note:
        """A note about kinds of keys that are recognised and not watched; empty if there are none."""
        number = self.left_out.get(topic, 0)
        kinds = "1 more kind of keys is" if number == 1 else f"{number:,} more kinds of keys are"
        return Note(f"{kinds} recognised, but not watched: {flag} names others") if number else NO_NOTE

    @property
    def dialects_note(self) -> Note:
        """A note about dialects of other packages that cannot be used; empty if all can."""
        return Note("; ".join(dialect_problems()))

    @property
    def scan_note(self) -> Note:
        """A note for every topic that needs the scan: what of a cluster is not seen, why the scan cannot proceed."""
        why, partial = self.keyspace.stopped, self.deployment.partial
        if not why:
            return Note(partial, self.deployment.partial_rules)
        what = "new keys may be missed" if self.keyspace.has_begun else "no keys are counted"
        return Note("; ".join(filter(None, (partial, f"{why}: {what}"))), self.keyspace.missing_rules)

    @property
    def sees_all(self) -> bool:
        """Whether no key is hidden: the scan can proceed, and all of a cluster is seen."""
        return not (self.keyspace.stopped or self.deployment.partial)

    async def require_scan(self) -> None:
        """Return when the scan has its first slice; for sources that need the scan.

        Raises:
            SourceError: scanning does not work.
        """
        await self.keyspace.begun()


class Source(Generic[T]):
    """Reads one topic."""

    topic: ClassVar[str]
    """The topic's name in readings, exports and ``--topic``."""
    tracked: ClassVar[bool] = False
    """Whether the server is asked to name the keys of its groups as they are written."""
    key_types: ClassVar[tuple[str, ...]] = ()
    """The types that its keys may have; empty if any."""
    read_last: ClassVar[bool] = False
    """Whether ``Hub.read_all`` reads this source after the others, so that its frame is the latest."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """The key groups that the shared scan looks for: their names, and the globs of their keys."""
        return {}

    @classmethod
    def named_keys(cls, config: Config) -> Mapping[str, str]:
        """What it reads besides its key groups: the globs of these keys, and what they are, in words."""
        return {}

    async def read(self) -> Sample[T]:
        """Read the topic.

        Raises:
            SourceError: the topic cannot be read; ``MissingRightError`` if our user may not read it.
        """
        raise NotImplementedError


@runtime_checkable
class AcceptsRequests(Protocol):
    """A source that accepts requests of the user."""

    def ask(self, request: Request) -> None:
        """Accept a request; ignore those for other topics. Never blocks, never fails."""


@runtime_checkable
class HasOwnConnection(Protocol):
    """A source with a connection of its own, which may be away while the deployment's is not, and the reverse."""

    @property
    def connection_state(self) -> Hashable:
        """Differs whenever the connection was lost or made again meanwhile; then the last reading no longer holds."""

    @property
    def is_connected(self) -> bool:
        """Whether the server is reached on this connection."""

    def has_received_since(self, moment: float) -> bool:
        """Whether data came on this connection after ``moment`` (``time.monotonic()``), and the connection is there."""

    def connect_now(self) -> None:
        """Do not wait any longer before the next attempt to connect."""

    def sample(self) -> Sample[Any]:
        """The reading of this moment, without asking the server.

        Raises:
            SourceError: as ``Source.read``.
        """


@runtime_checkable
class BackgroundWork(Protocol):
    """A source that also works between two reads."""

    async def run(self) -> None:
        """Work until cancelled."""

    def progress(self) -> Progress | None:
        """The work that runs at full speed now, if any."""


def round_robin(keys: list[bytes], start: int, length: int) -> tuple[list[bytes], int]:
    """The next ``length`` keys from ``start`` on, and the start of the next call."""
    if len(keys) <= length:
        return keys, 0
    start %= len(keys)
    return (keys + keys[:length])[start : start + length], start + length


def not_among(known: Set[bytes], keys: Sequence[bytes]) -> Sequence[bytes]:
    """The keys without those that are known. In a slice of a large scan none is: to see that is much faster."""
    return keys if not known or known.isdisjoint(keys) else [key for key in keys if key not in known]

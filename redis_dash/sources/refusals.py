"""What our user may not do: run a command at all, or read some keys of a topic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, KeysView, Sequence
from typing import TypeVar

from redis_dash.client.reasons import check, say
from redis_dash.core.certainty import Count, at_least, exact, unknown
from redis_dash.core.errors import MissingRightError
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import ReplyError, is_wrong_type
from redis_dash.core.rights import missing_right, rules_for, shown_command
from redis_dash.dialects.base import refusal
from redis_dash.keyspace.estimate import part_of
from redis_dash.keyspace.key_group import HELD
from redis_dash.sources.base import NO_NOTE, Context, Note, round_robin

T = TypeVar("T")
TRIED_AGAIN = 1
"""Refused keys that are tried again in one poll: few, since each command is an entry in the server's ACL LOG."""


def refused_command(replies: Iterable[object]) -> Note:
    """A note if our user may not run the command of any of these replies. Refusals of single keys are left out.

    Raises:
        SourceError: the server answered with an error that is not about one key, such as LOADING.
    """
    note = NO_NOTE
    for error in (refusal(reply) for reply in replies if isinstance(reply, ReplyError)):
        right = None if error is None else missing_right(error)
        if error is None or right == "keys":
            continue
        if right is None:
            check(error)
        note = Note(say(error), rules_for(error))
    return note


def is_key_refused(reply: object) -> bool:
    """Whether our user may not use this key in particular."""
    error = refusal(reply)
    return error is not None and missing_right(error) == "keys"


class RefusedKeys:
    """The keys of one topic that our user may not read: all are counted, a few are tried again in each poll."""

    def __init__(self, context: Context, globs: Sequence[str], meaning: str = "counted, but not listed") -> None:
        """``meaning`` is told beside their number."""
        self._context = context
        self._meaning = meaning
        self._patterns = [Pattern(glob) for glob in globs]
        self._keys: dict[bytes, tuple[Note, ...]] = {}
        """With the commands that are missing, too."""
        self._unlocked = set[bytes]()
        """Those for which nothing but commands is missing, as far as is known."""
        self._start = 0
        self._passes = 0

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._keys)

    def keys(self) -> KeysView[bytes]:
        """The keys."""
        return self._keys.keys()

    def add(self, key: bytes, refusals: Iterable[ReplyError] = (), *, locked: bool = True) -> None:
        """The server refused to let us read this key, if it is ``locked``, or some commands, whatever the key."""
        if len(self._keys) < HELD or key in self._keys:
            commands = (error for error in refusals if not is_key_refused(error))
            self._keys[key] = tuple(dict.fromkeys(Note(say(error), rules_for(error)) for error in commands))
            self._unlocked -= {key}
            self._unlocked |= set() if locked else {key}

    def take_from(self, followed: dict[bytes, T], keys: Iterable[bytes]) -> None:
        """The server refused to let us read these keys, which need not be followed any longer."""
        for key in keys:
            del followed[key]
            self.add(key)

    def discard(self, key: bytes) -> None:
        """The server let us read this key, or named it as gone."""
        self._keys.pop(key, None)
        self._unlocked.discard(key)

    def keep(self, keys: Sequence[bytes]) -> None:
        """Drop keys that the latest pass has not found: whether a refused key is gone cannot be asked."""
        if self._keys and self._passes != self._context.keyspace.passes:
            self._keys = {key: self._keys[key] for key in keys if key in self._keys}
            self._unlocked &= self._keys.keys()
            self._passes = self._context.keyspace.passes

    def some(self) -> list[bytes]:
        """The keys to try again in this poll."""
        tried, self._start = round_robin(list(self._keys), self._start, TRIED_AGAIN)
        return tried

    def release_if_allowed(self, tried: Sequence[bytes]) -> list[bytes]:
        """All keys, to be tried again, if one of those that were tried is refused no more; otherwise none."""
        if all(key in self._keys for key in tried):
            return []
        released, self._keys, self._unlocked = list(self._keys), {}, set()
        return released

    async def try_lifetimes(self, keys: Sequence[bytes]) -> None:
        """Ask for the lifetimes of keys whose values no allowed command reads: this tells whether they are refused.

        Raises:
            SourceError: the server could not be reached.
        """
        asked = [key for key in keys if self._keys.get(key)]
        replies = await self._context.deployment.pipeline([(b"PTTL", key) for key in asked]) if asked else []
        for key, reply in zip(asked, replies, strict=True):
            if refusal(reply) is None:
                self.discard(key)

    def commands_note(self, others: Sequence[Note]) -> Note:
        """The commands that these keys need, too, without those that the other notes name."""
        told = {rule for note in others for rule in note.rules}
        missing = {one for notes in set(self._keys.values()) for one in notes}
        rules = sorted({rule for note in missing for rule in note.rules} - told)
        names = ", ".join(shown_command(rule.removeprefix("+")) for rule in rules)
        unknown = sorted(note.text for note in missing if not note.rules)
        return Note("; ".join([*([f"not allowed to run {names}"] if rules else []), *unknown]), tuple(rules))

    @property
    def commands_error(self) -> MissingRightError | None:
        """The missing command because of which a key cannot be read, if it is nothing else; None if there is none."""
        notes = next((self._keys[key] for key in self._keys if key in self._unlocked), ())
        return MissingRightError(*notes[0]) if notes else None

    def count(
        self, whole: Count, readable: int, unsure: int = 0, *, is_all: bool = True, unseen: Collection[bytes] = ()
    ) -> Count:
        """How many keys of the topic may not be read now.

        Those are refused that exist and are not among the readable ones. The refused names do not tell for certain:
        some may be gone, since a refused key cannot be asked for, and others may have come. But they are as old as the
        count of all, while the readable ones were just read. So if the count is not exact, the number of names is
        nearer to the truth than the difference.

        Args:
            whole: all keys of the topic.
            readable: keys that were read and exist.
            unsure: keys that were not read yet, and may be readable.
            is_all: ``readable`` are all of them that the scan has found.
            unseen: refused names whose keys may never have existed.
        """
        refused, passes = sum(key not in unseen for key in self._keys), self._context.keyspace.passes
        if not refused:
            is_whole = is_all and passes and not unsure and not self._context.deployment.partial
            return exact(0, whole.at) if is_whole else at_least(0)
        if whole.certainty == "unknown":
            return unknown(whole.high)
        if not is_all:
            least = min(refused, whole.value) - (whole.value - whole.low)
            return at_least(least, whole.high, whole.at, whole.coverage) if least > 0 else unknown(whole.high)
        if not passes:
            return part_of(whole, refused, readable, unsure)
        value, low = max(0, whole.value - readable - unsure), max(0, whole.low - readable - unsure)
        high = None if whole.high is None else max(0, whole.high - readable)
        if whole.certainty != "exact":
            value = max(low, min(refused, whole.value, refused if high is None else high))
        if not value and high != 0:
            return unknown(high)
        certainty = "counted" if unsure and whole.certainty == "exact" else whole.certainty
        return Count(value, low, high, certainty, whole.at, whole.coverage)

    def note(self, count: Count, unseen: Collection[bytes] = ()) -> Note:
        """How many they are, what that means, and the rules that would let our user read them; see ``count``."""
        keys = [key for key in self._keys if key not in unseen]
        if not keys or count.high == 0:
            return NO_NOTE
        locked = [key for key in keys if key not in self._unlocked]
        globs = [one.glob for one in self._patterns if any(one.variable(key) is not None for key in locked)]
        return Note(f"{_number(count)} may not be read: {self._meaning}", self._context.read_rules(globs))


def _number(count: Count) -> str:
    """``1 key``, ``~312 keys``, ``at least 6 keys``."""
    if count.certainty == "unknown":
        return "some keys"
    about = "at least " if count.certainty == "at_least" else "" if count.low == count.high else "~"
    return f"{about}{count.value:,} {'key' if count.value == 1 else 'keys'}"


def refusals_among(replies: Sequence[object]) -> list[ReplyError]:
    """The refusals of commands and of this key; none if the key is of another type than the commands read."""
    errors = [reply for reply in replies if isinstance(reply, ReplyError)]
    return [] if any(map(is_wrong_type, errors)) else [error for error in errors if missing_right(error) is not None]


def is_about_the_key(reply: object) -> bool:
    """Whether the key is of another type, or our user may not read this key in particular."""
    return is_wrong_type(reply) or is_key_refused(reply)

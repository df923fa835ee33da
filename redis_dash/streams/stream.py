"""One stream that is followed: where reading goes on, what was read, and what was removed before it could be read."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Literal

from redis_dash.core.frames.events import Group
from redis_dash.core.messages import EARLIEST_MS
from redis_dash.core.resp import Command, ReplyError
from redis_dash.pubsub.message_log import RawEntry
from redis_dash.streams.refusals import GROUPS, StreamRefusals
from redis_dash.streams.replies import (
    BEGINNING,
    EntryId,
    StreamInfo,
    entry_id,
    read_entries,
    read_groups,
    read_info,
    written,
)

MOST_ENTRIES = 1000
"""Entries of one XREAD."""
FIRST_ENTRIES = 16
"""Entries of the first XREAD, when nobody knows how large they are."""
PAGE_BYTES = 512 * 1024
"""About as many bytes one XREAD returns at most."""
INFO_EVERY_S = 1.0
ASK_AGAIN_S = 30.0
"""Pause after a refusal: each one is an entry in the server's ACL LOG."""
MAY_MISS = "entries may have been removed before they were read"
NOTHING = b"$"
"""The id from which on XREAD returns nothing at once: it only shows whether it is allowed."""

State = Literal["unknown", "absent", "followed", "other type", "refused"]


class Stream:
    """Follows one key.

    ``entries-added`` of XINFO counts every entry, also those that are gone (Redis 7.0 and later). What it gained
    between two XINFO, less what was read of these entries, was removed before it was read. Before 7.0 only the ids can
    be compared: if all that is left is newer than what was read last, something between may be gone.

    A key that was deleted and made anew counts from 0. What was added to the old one and never read is known only as
    far as XINFO had counted it. If the new ids go on from the old ones, entries of the new key were read before XINFO
    shows that it is new, so that what was removed from it before cannot be counted either.
    """

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.state: State = "unknown"
        self.type = ""
        """The type of the key, if it is no stream."""
        self.refusals = StreamRefusals()
        self._has_tried_all = False
        """Whether all commands were sent since one was refused, so that all missing rights are known."""
        self.received = 0
        self.missed = 0
        """Entries that were removed before they were read, as far as their number is known."""
        self.may_miss = False
        """Whether further ones may have been, whose number is not known."""
        self.length: int | None = None
        self.groups: tuple[Group, ...] | None = None
        """None if they are not known."""
        self.away = ""
        """Why the primary of the key cannot be reached; empty if it can."""
        self.is_behind = False
        """Whether there are more entries than the last XREAD returned."""
        self.news: list[str] = []
        """What a mark in the log is to say."""
        self._last: EntryId | None = None
        self._has_read = False
        self._count = FIRST_ENTRIES
        self._info_at = self._tried_at = -math.inf
        self._counts_added = False
        """Whether the server counts the entries that were added."""
        self._base: tuple[int, EntryId] = (0, BEGINNING)
        """Entries added, and the latest id, up to which all is known."""
        self._removed = 0
        """Entries that were removed until the latest XINFO; it never falls while the key is the same."""
        self._goal: tuple[int, EntryId] | None = None
        """The same of a later XINFO; what was read until then is not complete yet."""
        self._until_goal = self._after_goal = 0
        """Entries that were read with an id up to that of the goal, and beyond it."""

    @property
    def read_until(self) -> float | None:
        """When the entry that was read last was added, by its id; None if none was, or if the id is no time."""
        return None if self._last is None else id_time(self._last)

    @property
    def has_begun(self) -> bool:
        """Whether it is known from which entry on it is read."""
        return self._last is not None

    @property
    def is_unread(self) -> bool:
        """Whether the key was found to be a stream and not read since; or if it may not be, not all rights known."""
        if self.state == "followed":
            return not self._has_read
        return self.state == "refused" and not self._has_tried_all

    # -- asking ------------------------------------------------------------------------------------------------------

    def commands(self, now: float) -> list[Command]:
        """The commands of the next exchange. TYPE comes first: nothing else is sent to a key that is no stream."""
        asked: list[Command] = [(b"TYPE", self.name)]
        if self.away:
            return []
        if self.state == "refused":
            if self._has_tried_all and now - self._tried_at < ASK_AGAIN_S:
                return []
            self._tried_at, self._has_tried_all = now, True
            of_key = ((b"XINFO", b"STREAM", self.name), (*GROUPS, self.name))
            return [*asked, *of_key, (b"XREAD", b"COUNT", b"1", b"STREAMS", self.name, NOTHING)]
        if self.state != "followed":
            return asked
        if self._last is None or now - self._info_at >= INFO_EVERY_S or not self._counts_added:
            asked.append((b"XINFO", b"STREAM", self.name))
        if now - self._info_at >= INFO_EVERY_S:
            asked.append((*GROUPS, self.name))
            self._info_at = now
        if self._last is not None:
            count = str(self._count).encode()
            asked.append((b"XREAD", b"COUNT", count, b"STREAMS", self.name, written(self._last)))
        return asked

    def take(self, commands: Sequence[Command], replies: Sequence[object]) -> list[RawEntry]:
        """Read the replies to ``commands``; returns the new entries."""
        entries, read_from = list[RawEntry](), self._last
        refusals = StreamRefusals.of(commands, replies)
        if not refusals.is_read:
            self.state, self.refusals = "refused", refusals
            return entries
        if self.state == "refused":
            self._has_tried_all = False
        if any(command[:2] == GROUPS for command in commands):
            self.refusals = refusals
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ReplyError):
                self.groups = None if command[:2] == GROUPS else self.groups
            elif command[0] == b"TYPE":
                self._take_type(reply)
            elif command[:2] == (b"XINFO", b"STREAM"):
                self._take_info(read_info(reply))
            elif command[0] == b"XINFO":
                self.groups = read_groups(reply)
            elif self.state == "followed" and self._last == read_from and command[-1] != NOTHING:
                entries = self._take_entries(read_entries(self.name, reply))
        return entries

    def _take_type(self, reply: object) -> None:
        was = self.state
        self.type = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
        self.state = "followed" if self.type == "stream" else "absent" if self.type == "none" else "other type"
        if self.state == "followed":
            return
        self.refusals = StreamRefusals()
        if was == "followed":
            self._end_of_key("the key is gone" if self.state == "absent" else "the key is no stream any more")
        self.length, self.groups, self.is_behind, self._has_read = None, None, False, False
        self._begin(0, BEGINNING)  # whatever is added to a new stream is new

    def _begin(self, added: int, last: EntryId) -> None:
        self._last, self._base, self._goal, self._removed = last, (added, last), None, 0
        self._until_goal = self._after_goal = 0

    def _end_of_key(self, news: str) -> None:
        """Tell that the key is not the same: what XINFO has counted and was not read is lost, and perhaps more."""
        if self._goal is not None:
            self.missed += max(0, self._goal[0] - self._base[0] - self._until_goal)
        self.may_miss = True
        self.news.append(f"{news}: {MAY_MISS}")

    # -- what was removed before it was read ---------------------------------------------------------------------------

    def _take_info(self, info: StreamInfo) -> None:
        self.length, self._counts_added = info.length, info.added is not None
        added = info.added or 0
        if self._last is None:
            self._begin(added, info.last)
            return
        if self._is_new(info):
            self._end_of_key("the key was made anew")
            if info.last < self._last:
                self._begin(0, BEGINNING)
                self._has_read = False
            else:
                self._begin(added, self._last)
                self._base = added, info.last
        self._removed = added - info.length
        if self._counts_added:
            if self._goal is None:
                self._goal = added, info.last
                self._until_goal, self._after_goal = self._after_goal, 0
        elif info.first is not None and info.first > self._last > BEGINNING and info.last > self._last:
            if not self.may_miss:
                self.news.append(MAY_MISS)
            self.may_miss = True

    def _is_new(self, info: StreamInfo) -> bool:
        """Whether the key is not that of the last XINFO: what never falls while it is the same has fallen."""
        if info.last < (self._last or BEGINNING):
            return True
        if info.added is None:
            return False
        (counted, last), removed = self._goal or self._base, info.added - info.length
        has_old = info.first is not None and info.first <= last
        return info.added < counted or removed < self._removed or not (has_old or removed >= counted)

    def _take_entries(self, entries: list[RawEntry]) -> list[RawEntry]:
        self.is_behind, self._has_read = len(entries) >= self._count, True
        if entries:
            ids = [entry_id(entry.id) for entry in entries]
            self._last, self.received = ids[-1], self.received + len(entries)
            largest = sum(entry.size for entry in entries) // len(entries) + 64
            self._count = max(1, min(MOST_ENTRIES, 4 * self._count, PAGE_BYTES // largest))
            new = [one for one in ids if one > self._base[1]]
            until = 0 if self._goal is None else sum(one <= self._goal[1] for one in new)
            self._until_goal, self._after_goal = self._until_goal + until, self._after_goal + len(new) - until
        if self._goal is not None and (not self.is_behind or (self._last or BEGINNING) >= self._goal[1]):
            missed = self._goal[0] - self._base[0] - self._until_goal
            if missed > 0:
                self.missed += missed
                are = "1 entry was" if missed == 1 else f"{missed:,} entries were"
                self.news.append(f"{are} removed before {'it was' if missed == 1 else 'they were'} read")
            elif missed < 0:  # more was read than was added: some of it to an earlier key
                self._end_of_key("the key was made anew")
            self._base, self._goal = self._goal, None
        return entries

    def start_over(self) -> None:
        """Reset the counts."""
        self.received = self.missed = 0
        self.may_miss = False

    # -- words -------------------------------------------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        """Why nothing is read, for a user; empty if entries are."""
        if self.away:
            return self.away
        if self.state == "refused":
            return self.refusals.text
        if self.state == "other type":
            return f"no stream: the key is a {self.type}"
        return "there is no such key yet" if self.state == "absent" else ""


def id_time(one: EntryId) -> float | None:
    """When an entry was added, in Unix epoch seconds; None if its id is no time."""
    return one[0] / 1000 if one[0] >= EARLIEST_MS else None


def behind_s(stream: Stream) -> float | None:
    """By how many seconds reading lags behind; None if it does not, or if ids are no times."""
    until = stream.read_until
    return max(0.0, time.time() - until) if stream.is_behind and until is not None else None

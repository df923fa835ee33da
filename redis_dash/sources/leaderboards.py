"""The leaderboards topic: one page of each sorted set, and its size, so that the cost does not grow with the set."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from redis_dash.client.change_counters import Changes
from redis_dash.client.reasons import check
from redis_dash.config import BoardPattern, Config
from redis_dash.core.certainty import Count, at_least, counted, exact, unknown
from redis_dash.core.commands import Request, ShowRanks
from redis_dash.core.credential import Credential
from redis_dash.core.decoding import raw
from redis_dash.core.errors import MissingRightError
from redis_dash.core.frames.leaderboards import Board, BoardRow, LeaderboardsFrame
from redis_dash.core.globs import encoded
from redis_dash.core.patterns import Pattern
from redis_dash.core.resp import Command, ReplyError, is_wrong_type
from redis_dash.keyspace.key_group import HELD
from redis_dash.sources.base import NO_NOTE, Context, Note, Sample, Source, round_robin, sample, text
from redis_dash.sources.board_page import Page, notice_moves
from redis_dash.sources.missing_commands import MissingCommands, example
from redis_dash.sources.other_sorted_sets import OtherSortedSets, notes_of
from redis_dash.sources.refusals import RefusedKeys, is_key_refused, refused_command

KEY_GROUP = "leaderboards"
ROWS = 100
BOARDS = 50
"""Boards that are read; the others are only counted."""
TYPES_AT_ONCE = 1000
"""Keys whose type is checked in one poll."""


class LeaderboardsSource(Source[LeaderboardsFrame]):
    """Compares each poll with the last one to show which members moved."""

    topic = "leaderboards"
    key_types = ("zset",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._key_group = context.keyspace.counts.key_groups[KEY_GROUP]
        self._scope = context.config.board_globs
        named = [encoded(glob) for glob in self._scope if not set(glob) & set("*?[\\")]
        ignored = [Pattern(glob) for glob in context.config.ignore]
        self._named = [key for key in named if all(one.variable(key) is None for one in ignored)]
        """Boards that are configured by their full name; they are found without a scan."""
        patterns = (one for one in context.config.leaderboards if isinstance(one, BoardPattern))
        self._names = [(Pattern(one.keys), one.name) for one in patterns if one.name]
        self._is_board: dict[bytes, bool] = {}
        """Whether each key is a sorted set. Keys of other types are checked again: they may be replaced by a board."""
        self._type_turn = 0
        self._others = OtherSortedSets(self._scope, self._named)
        self._needs_scan = len(named) < len(self._scope)
        self._pages: dict[bytes, Page] = {}
        self._changes: Changes | None = None
        """INFO's counters of changes at the end of the last poll."""
        self._refused = RefusedKeys(context, self._scope, "there may be more boards")
        """Keys that our user may not read: perhaps boards."""
        self._refused_names = set[bytes]()
        """Those of ``_named`` that were refused."""
        scan = [(b"SCAN", b"0", b"COUNT", b"1")] if self._needs_scan else []
        self._missing = MissingCommands(context, self._scope, self._ways, scan)
        self._no_rank = NO_NOTE
        """Why the member that the user searched for could not be looked up."""

    def ask(self, request: Request) -> None:
        """Show another page of a board from the next poll on."""
        if isinstance(request, ShowRanks):
            page = Page(first=max(0, request.first - 1), sought=request.member)
            self._no_rank = NO_NOTE
            self._pages.update({key: page for key in self._pages if text(key) == request.board})

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        """The key group of the configured boards."""
        return {KEY_GROUP: config.board_globs}

    async def read(self) -> Sample[LeaderboardsFrame]:
        """Read the types of new keys, then the size and page of each board in one pipeline."""
        try:
            return await self._read()
        except MissingRightError as error:
            raise await self._missing.all_of(error) from None

    def _ways(self) -> list[list[Command]]:
        """The commands that read a board of each pattern."""
        boards = [key for key, is_board in self._is_board.items() if is_board]
        keys = []
        for pattern in map(Pattern, self._scope):
            known = (key for key in boards if pattern.variable(key) is not None)
            keys.append(next(known, None) or example(pattern.glob))
        return [[(b"ZCARD", key), (b"ZREVRANGE", key, b"0", b"0", b"WITHSCORES")] for key in keys]

    async def _read(self) -> Sample[LeaderboardsFrame]:
        unscanned, began = await self._why_unscanned(), time.time()
        keys, tried = self._keys_to_read()
        unasked = await self._ask_types(keys)
        there = [key for key in keys if self._is_board.get(key)]
        # The user may request another page during the read: the rows belong to the page as it was.
        pages = {key: self._pages.setdefault(key, Page()) for key in there[:BOARDS]}
        await self._seek(pages)
        boards = await self._boards(pages)
        self._refused.release_if_allowed(tried)
        info = await self._context.keyspace.counts.info_after(time.monotonic())
        reasons = [(board, self._others.why(board)) for board in boards]
        ranked = [board for board, why in reasons if not why]
        number = sum(self._is_board.get(key, False) for key in there) - (len(boards) - len(ranked))
        count = self._context.keyspace.counts.count_asked(KEY_GROUP, number, info)
        before, self._changes = self._changes, None if info is None else info.changes
        changed = before is None or before != self._changes
        if changed and began < self._key_group.counted_since < math.inf:  # a board may be gone that was read before
            count = counted(number, 0, count.high, self._key_group.counted_at)
        if len(there) > BOARDS:  # boards that are not read may be gone
            count = counted(number, len(ranked), count.high, count.at)
        new = set(self._key_group.keys).difference(keys)  # from the scan
        unasked += sum(key not in self._refused for key in new)
        if not self._key_group.counted_at:  # only the number of matching keys is estimated yet
            count = at_least(number, count.high, coverage=count.coverage)
        if unasked or len(keys) >= HELD:
            count = at_least(len(ranked), at=count.at, coverage=count.coverage)
        held = self._context.keyspace.counts.count(KEY_GROUP, info)
        notes = [
            *self._refused_notes(held, len(there) - len(pages), is_all=not unasked),
            self._no_rank,
            *_unread(len(there)),
            *notes_of([why for _, why in reasons if why]),
        ]
        if unscanned is not None:
            is_whole = not (unscanned or self._context.deployment.partial)
            count = exact(number, time.time()) if is_whole else at_least(number, at=time.time())
            if self._context.deployment.may_read_replicas:
                count = counted(number, 0, None, time.time())
            notes.append(Note(f"only boards named in full: {unscanned}", unscanned.rules) if unscanned else NO_NOTE)
            notes.append(Note(self._context.deployment.partial, self._context.deployment.partial_rules))
        else:
            notes.append(self._context.scan_note)
            if not self._context.sees_all:  # new boards are not seen
                count = at_least(count.low, at=self._key_group.counted_at, coverage=count.coverage)
        told = {rule for note in notes for rule in note.rules}
        if why := [rule for rule in told if rule.startswith("+")]:
            notes.append(await self._missing.rest_note(" ".join(sorted(why)), told))
        count = self._with_refused(count, len(ranked))
        frame = LeaderboardsFrame(tuple(ranked), count)
        others = sum(not is_board for is_board in self._is_board.values())
        scope = msgspec.structs.replace(self._context.scope(self.topic, self._scope), others=others)
        return sample(frame, count, scope, notes)

    def _keys_to_read(self) -> tuple[list[bytes], list[bytes]]:
        """All keys, with only some of the refused ones; and these."""
        scanned, is_complete = self._key_group.keys, bool(self._context.keyspace.passes)
        # A refusal does not tell whether the key exists; a complete pass does.
        named = (key for key in self._named if key in scanned or not (is_complete and key in self._refused_names))
        keys = {*named, *scanned}
        self._refused.keep(list(keys))
        tried = self._refused.some()
        return sorted(key for key in keys if key not in self._refused or key in tried), tried

    def _refused_notes(self, held: Count, unread: int, *, is_all: bool) -> list[Note]:
        """How many keys may not be read; a refused name of which the scan has found no key may be none."""
        scanned = dict.fromkeys(self._key_group.keys)
        unseen = [key for key in self._refused if key in self._refused_names and key not in scanned]
        readable = sum(key in scanned for key in self._is_board) - unread
        refused = self._refused.count(held, readable, unread, is_all=is_all, unseen=unseen)
        names = [text(key) for key in unseen]
        exist = "whether it exists is" if len(names) == 1 else "whether they exist is"
        rules = self._context.read_rules(names)
        unknown_names = Note(f"not allowed to read {', '.join(names)}: {exist} not known yet", rules)
        return [self._refused.note(refused, unseen), *([unknown_names] if names else [])]

    def _with_refused(self, count: Count, read: int) -> Count:
        """The count of boards; keys that may not be read may be boards, too."""
        if not self._refused:
            return count
        least = at_least(read, at=count.at, coverage=count.coverage) if read else unknown()
        return msgspec.structs.replace(least, coverage=count.coverage)

    async def _ask_types(self, keys: Sequence[bytes]) -> int:
        """Check the types of keys: new keys first, then others in turn; returns how many new keys are left."""
        self._is_board = {key: self._is_board[key] for key in keys if key in self._is_board}
        unasked = [key for key in keys if key not in self._is_board]
        new = unasked[:TYPES_AT_ONCE]
        boards = sorted(key for key, is_board in self._is_board.items() if is_board)
        others = [*boards[BOARDS:], *(key for key, is_board in self._is_board.items() if not is_board)]
        again, self._type_turn = round_robin(others, self._type_turn, TYPES_AT_ONCE - len(new))
        asked = [*new, *again]
        replies = await self._context.deployment.pipeline([(b"TYPE", key) for key in asked])
        refused_command(replies)
        for key, reply in zip(asked, replies, strict=True):
            if reply in (b"none", "none"):
                self._forget(key)
            elif is_key_refused(reply):
                self._refuse(key)
            else:  # without permission for TYPE, reading the key shows it
                self._is_board[key] = isinstance(reply, ReplyError) or reply in (b"zset", "zset")
        return len(unasked) - len(new)

    async def _boards(self, pages: Mapping[bytes, Page]) -> list[Board]:
        """Read each board's page; if a board has become shorter than its page's start, read its last page."""
        sizes = await self._read_pages(pages)
        shrunk = {key: pages[key] for key, (size, rows) in sizes.items() if size and not rows and pages[key].first}
        for key, page in shrunk.items():
            page.first, page.ranks = max(0, sizes[key][0] - ROWS), None
        sizes |= await self._read_pages(shrunk)
        return [self._board(key, pages[key], size, rows) for key, (size, rows) in sizes.items() if size]

    async def _read_pages(self, pages: Mapping[bytes, Page]) -> dict[bytes, tuple[int, list[bytes]]]:
        """Size and page of each board that exists."""
        commands: list[Command] = []
        for key, page in pages.items():
            last = str(page.first + ROWS - 1).encode()
            commands += [(b"ZCARD", key), (b"ZREVRANGE", key, str(page.first).encode(), last, b"WITHSCORES")]
        replies = await self._context.deployment.pipeline(commands)
        read: dict[bytes, tuple[int, list[bytes]]] = {}
        for key, size, rows in zip(pages, replies[::2], replies[1::2], strict=True):
            if is_wrong_type(size):
                self._is_board[key] = False  # a key of another type whose name matches
                self._refused.discard(key)
                continue
            if is_key_refused(size) or is_key_refused(rows):
                self._refuse(key)
                continue
            self._refused.discard(key)
            size, rows = check(size), check(rows)
            if isinstance(size, int) and size and isinstance(rows, list):
                read[key] = size, rows
            else:
                self._forget(key)
        return read

    def _refuse(self, key: bytes) -> None:
        self._is_board.pop(key, None)
        self._refused.add(key)
        if key in self._named:
            self._refused_names.add(key)

    def _forget(self, key: bytes) -> None:
        self._key_group.discard(key)
        self._pages.pop(key, None)
        self._is_board.pop(key, None)
        self._refused.discard(key)
        self._others.forget(key)

    async def _why_unscanned(self) -> MissingRightError | Literal[""] | None:
        """Why the scan cannot find boards: None if it can, empty if no board needs it, otherwise the missing right.

        Raises:
            SourceError: scanning does not work, and without it there is nothing to read.
        """
        if self._named and not self._needs_scan:
            return ""
        try:
            await self._context.require_scan()
        except MissingRightError as error:
            if not self._named:
                raise
            return error
        return None

    async def _seek(self, pages: Mapping[bytes, Page]) -> None:
        """Move each page to the member that the user searched for."""
        for key, page in pages.items():
            if not page.sought or page.found:
                continue
            member = raw(page.sought)
            _, rank = await self._context.deployment.pipeline([(b"ZCARD", key), (b"ZREVRANK", key, member)])
            page.found = True
            self._no_rank = refused_command([rank])
            page.missing = not isinstance(rank, int | ReplyError)
            page.first = max(0, rank - ROWS // 2) if isinstance(rank, int) else 0

    def _board(self, key: bytes, page: Page, size: int, rows: list[bytes]) -> Board:
        members, scores = rows[::2], [float(score) for score in rows[1::2]]
        whole, shown = text(key), self._context.shown_name(text(key))
        return Board(
            key=whole,
            size=size,
            rows=self._rows(page, members, scores),
            sought=page.sought,
            missing=page.missing,
            masked_key=None if shown == whole else shown,
            given_name=self._given_name(key),
        )

    def _given_name(self, key: bytes) -> str:
        """The name that the settings give to a board, with what the key has in place of the wildcards."""
        for pattern, name in self._names:
            if (variable := pattern.variable(key)) is not None:
                rest = "" if variable == key else self._context.shown_name(text(variable))
                return f"{name} {rest}".rstrip()
        return ""

    def _rows(self, page: Page, members: list[bytes], scores: list[float]) -> tuple[BoardRow, ...]:
        notice_moves(page, members)
        now = time.monotonic()
        rows = []
        for rank, (member, score) in enumerate(zip(members, scores, strict=True), page.first + 1):
            move = page.moves.get(member)
            rows.append(
                BoardRow(
                    rank=rank,
                    member=self._context.shown_name(text(member)),
                    score=score,
                    moved=move.places if move else 0,
                    moved_s=now - move.at if move else None,
                    entered=move.entered if move else False,
                    whole_member=Credential(member),
                )
            )
        return tuple(rows)


def _unread(boards: int) -> list[Note]:
    return [Note(f"{boards - BOARDS:,} more boards are not read")] if boards > BOARDS else []

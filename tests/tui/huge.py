"""A feed of a huge deployment: a million sessions, a board of five million members, and work that takes a while."""

from __future__ import annotations

import asyncio
import time

import msgspec

from redis_dash.core.certainty import at_least, counted, estimated, exact
from redis_dash.core.commands import FullPass, Request, SearchSessions, ShowRanks, StopSearch
from redis_dash.core.feed import Progress
from redis_dash.core.frames.cache import CacheGroup
from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.core.frames.rate_limits import RateLimitsFrame
from redis_dash.core.frames.server import Scan
from redis_dash.core.frames.sessions import Search, SessionRow, SessionsFrame
from tests.tui import fakes

KEYS = 1_012_345
MEMBERS = 5_000_000
PAGE = 100


class HugeFeed(fakes.FakeFeed):
    """Answers requests as a hub would; a pass or a search takes ``lasts_s``."""

    def __init__(self, lasts_s: float = 20.0) -> None:
        super().__init__()
        self._lasts_s = lasts_s
        self._rows = tuple(fakes.session(i) for i in range(500))
        self._pass_began = self._search_began = 0.0
        self._counted_at = time.time() - 500
        self._text = ""
        self._search: Search | None = None
        self._boards: dict[str, ShowRanks] = {}

    def ask(self, request: Request) -> None:
        """Change the simulated data, and report at once."""
        super().ask(request)
        now = time.time()
        if isinstance(request, FullPass):
            self._pass_began = now if request.on else 0.0
        elif isinstance(request, SearchSessions):
            self._text, self._search = request.text, None
            self._search_began = now if request.text else 0.0
        elif isinstance(request, StopSearch):
            self._search, self._search_began = self._searched(running=False), 0.0
        elif isinstance(request, ShowRanks):
            self._boards[request.board] = request
        self._tell()

    def progress(self) -> Progress | None:
        """Advance the simulated work with time."""
        share, elapsed = self._share()
        if not elapsed:
            return None
        what = "search" if self._search_began else "pass"
        found = int(1204 * share) if self._search_began else 0
        return Progress(what, int(KEYS * share), KEYS, elapsed, found)  # type: ignore[arg-type]

    def _share(self) -> tuple[float, float]:
        began = self._search_began or self._pass_began
        elapsed = time.time() - began if began else 0.0
        return min(1.0, elapsed / self._lasts_s), elapsed

    async def run(self) -> None:
        """Report twice a second."""
        while True:
            if self._share()[0] >= 1.0:
                if self._search_began:
                    self._search, self._search_began = self._searched(running=False), 0.0
                else:
                    self._pass_began, self._counted_at = 0.0, time.time()
            self._tell()
            await asyncio.sleep(0.5)

    def _searched(self, running: bool) -> Search:
        share, elapsed = self._share()
        found = [row for row in self._rows if self._text.casefold() in row.user] or list(self._rows)
        shown = tuple(found[: int(500 * share)])
        return Search(shown, int(1204 * share), int(KEYS * share), share, running, elapsed)

    def _tell(self) -> None:
        search = self._searched(running=True) if self._search_began else self._search
        sessions = SessionsFrame(
            counted(KEYS, KEYS, KEYS, self._counted_at), self._rows, search if self._text else None
        )
        limits = tuple(fakes.limit(f"198.51.100.{i}", 100 - i // 8) for i in range(250))
        cache = msgspec.structs.replace(
            fakes.cache(), groups=(CacheGroup("page", estimated(412_000, 404_000, 420_000, 0.12), 10, 2, 0.83),)
        )
        clients = RateLimitsFrame(
            counted(480_000, 475_500, 484_500, self._counted_at), at_least(1204), at_least(310), limits
        )
        scan = Scan(412_000, KEYS, keys_per_s=52_100.0, passes=3, last_s=724.0, held_back=True)
        boards = fakes.leaderboards(self._board("players"), self._board("players:eu"))
        self.put(
            fakes.ok("server", fakes.server(keys=KEYS, scan=scan)),
            fakes.ok("events", fakes.events(fakes.log_of((b"orders", b'{"type": "order.created"}')))),
            fakes.ok("sessions", sessions, coverage=1.0),
            fakes.ok("rate_limits", clients, coverage=1.0),
            fakes.ok("leaderboards", boards),
            fakes.ok("cache", cache, coverage=0.12),
        )

    def _board(self, key: str) -> Board:
        return page(self._boards.get(key, ShowRanks(key)), MEMBERS)


def page(asked: ShowRanks, size: int) -> Board:
    """The requested page of a board whose members are called ``player-<rank>``."""
    first, missing = asked.first, False
    if asked.member:
        rank = int(asked.member.removeprefix("player-")) if asked.member.startswith("player-") else 0
        missing = not 1 <= rank <= size
        first = 1 if missing else max(1, rank - PAGE // 2)
    last = min(size, first + PAGE - 1)
    rows = tuple(BoardRow(rank, f"player-{rank}", float(2 * size - rank), 0) for rank in range(first, last + 1))
    return Board(asked.board, size, rows, asked.member, missing)


def found(*rows: SessionRow, among: int, coverage: float, running: bool = False, count: int = -1) -> SessionsFrame:
    """A frame of a million sessions with the results of a search so far."""
    search = Search(rows, len(rows) if count < 0 else count, among, coverage, running, 1.0)
    return SessionsFrame(exact(KEYS), (fakes.session(1), fakes.session(2)), search)

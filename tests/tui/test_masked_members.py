"""Members of a board that are session ids: masked alike, but not the same row."""

from __future__ import annotations

from redis_dash.core.commands import ShowRanks
from redis_dash.core.credential import Credential
from redis_dash.core.frames.leaderboards import Board, BoardRow
from redis_dash.tui.panes.leaderboard import LeaderboardPane
from tests.tui import fakes
from tests.tui.fakes import FakeFeed
from tests.tui.helpers import MEDIUM, running, tap, until

NAMES = [f"aaaa-0000-000{number}" for number in range(3)]
ROWS = tuple(
    BoardRow(rank, "aaaa…", 9.0 - rank, 0, whole_member=Credential(name.encode())) for rank, name in enumerate(NAMES, 1)
)


async def test_each_is_found_by_its_whole_name() -> None:
    feed = FakeFeed(fakes.ok("leaderboards", fakes.leaderboards(Board("players", 5000, ROWS))))
    async with running(feed, MEDIUM) as (app, pilot):
        pane = app.dashboard.query_one(LeaderboardPane)
        await tap(pilot, "4", "slash", *NAMES[1], "enter")
        await until(pilot, lambda: feed.asked[-1:] == [ShowRanks("players", member=NAMES[1])])
        feed.put(fakes.ok("leaderboards", fakes.leaderboards(Board("players", 5000, ROWS, sought=NAMES[1]))))
        await until(pilot, lambda: pane.table.item == ROWS[1])

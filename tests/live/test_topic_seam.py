"""A topic needs one line in ``SOURCES`` and one in ``PANES``; hub, snapshot and screen then show it."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence

import msgspec
import pytest
import redis
from textual.app import ComposeResult

from redis_dash import snapshot
from redis_dash.config import Config
from redis_dash.core.certainty import Count
from redis_dash.core.decoding import text
from redis_dash.core.frames.base import Frame
from redis_dash.hub import Hub
from redis_dash.sources import SOURCES
from redis_dash.sources.base import Context, Sample, Source, sample
from redis_dash.tui.app import DashApp
from redis_dash.tui.formatting import count, tally
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes import PANES
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.theme_styles import Ground
from redis_dash.tui.widgets.cells import Cell
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.table import Table
from tests.conftest import until
from tests.live.conftest import running
from tests.tui.helpers import broken, screen_text, shows, tap

QUEUES = "queue:*"


# -- a toy topic -------------------------------------------------------------------------------------------------------


class Queue(msgspec.Struct, frozen=True):
    name: str
    length: int


class QueuesFrame(Frame, frozen=True):
    count: Count
    rows: tuple[Queue, ...]


class QueuesSource(Source[QueuesFrame]):
    topic = "queues"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._keys: dict[bytes, None] = {}
        context.keyspace.readers["queues"] = self.examine

    @classmethod
    def key_groups(cls, config: Config) -> dict[str, tuple[str, ...]]:
        return {"queues": (QUEUES,)}

    async def examine(self, keys: Sequence[bytes]) -> None:
        self._keys.update(dict.fromkeys(keys))

    async def read(self) -> Sample[QueuesFrame]:
        await self._context.require_scan()
        keys = list(self._keys)
        lengths = await self._context.deployment.pipeline([(b"ZCARD", key) for key in keys])
        rows = tuple(
            Queue(text(key), length) for key, length in zip(keys, lengths, strict=True) if isinstance(length, int)
        )
        total = await self._context.keyspace.counts.count_now("queues")
        return sample(QueuesFrame(total, rows), total, self._context.scope(self.topic, (QUEUES,)))


class QueueRows:
    def key(self, queue: Queue) -> Hashable:
        return queue.name

    def cells(self, queue: Queue) -> tuple[Cell, ...]:
        return ((plain(queue.name, 50), "text"), (count(queue.length), "strong"))

    def ground(self, queue: Queue) -> Ground:
        return "base"

    def words(self, queue: Queue) -> str:
        return queue.name


class QueuesPane(TablePane[QueuesFrame, Queue]):
    TOPIC = "queues"
    NAME = TAB = Plain("Queues")
    EMPTY = Plain("No queue has been found.")
    FRAME = QueuesFrame

    def __init__(self, number: int) -> None:
        super().__init__(number)
        columns = (Column(Plain("queue"), 12, most=40), Column(Plain("waiting"), 7, right=True))
        self.table: Table[Queue] = Table(columns, QueueRows())

    def compose(self) -> ComposeResult:
        yield self.table

    def answer(self, frame: QueuesFrame) -> tuple[Piece, ...]:
        return (piece(f"{tally(frame.count)} queues", "strong"),)

    def listed(self, frame: QueuesFrame) -> Sequence[Queue]:
        return frame.rows

    def describe(self, row: Queue) -> Detail:
        return Detail(Plain("Queue"), ((Plain("waiting"), count(row.length)),))


# -- tests -------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def queues(client: redis.Redis) -> Iterator[None]:
    """Register the topic; the database holds two queues and a key of no topic."""
    client.zadd("queue:mail", {"a": 1, "b": 2, "c": 3})
    client.zadd("queue:invoices", {"a": 1})
    client.set("other", "x")
    SOURCES.append(QueuesSource)
    PANES.append(QueuesPane)
    yield
    SOURCES.remove(QueuesSource)
    PANES.remove(QueuesPane)


async def test_the_snapshot_holds_the_topic(redis_url: str) -> None:
    for topics in ((), ("queues",)):
        document, code = await snapshot.take(Config(url=redis_url, refresh_s=0.1), 0.0, topics)
        topic = json.loads(document)["topics"]["queues"]
        assert code == 0
        assert (topic["status"], topic["certainty"], topic["coverage"]) == ("ok", "exact", 1.0)
        told = {"patterns": [QUEUES], "keys": 3, "others": 0, "recognised": False, "ignored": [], "is_part": False}
        assert topic["scope"] == {**told, "elsewhere": [], "unrecognised": []}
        assert sorted((row["name"], row["length"]) for row in topic["frame"]["rows"]) == [
            ("queue:invoices", 1),
            ("queue:mail", 3),
        ]


async def test_the_hub_reads_the_topic_and_the_shared_scan_counts_its_keys(redis_url: str) -> None:
    async with running(Hub(Config(url=redis_url, refresh_s=0.1))) as hub:
        readings = {}

        def is_counted() -> bool:
            readings.update({reading.topic: reading for reading in hub.drain()})
            reading = readings.get("queues")
            return reading is not None and reading.count is not None and reading.count.certainty == "exact"

        await until(is_counted)
    assert readings["queues"].status == "ok"
    assert readings["queues"].count is not None
    assert readings["queues"].count.value == 2


@pytest.mark.parametrize("size", [(200, 60), (120, 50)])
async def test_the_topic_has_a_pane_beside_the_others(redis_url: str, size: tuple[int, int]) -> None:
    app = DashApp(lambda: Hub(Config(url=redis_url, refresh_s=0.1)), title="test", refresh=0.05)
    async with app.run_test(size=size) as pilot:
        await shows(app, pilot, "7 Queues", "2 queues", "queue:mail", "queue:invoices")
        assert all(pane.display for pane in app.dashboard.panes)
        await tap(pilot, "shift+tab", "enter")
        await shows(app, pilot, "waiting")
        await tap(pilot, "escape")
        assert not broken(app)


async def test_the_topic_has_a_tab_where_panes_take_turns(redis_url: str) -> None:
    app = DashApp(lambda: Hub(Config(url=redis_url, refresh_s=0.1)), title="test", refresh=0.05)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, pilot, "Queues")
        assert "queue:mail" not in screen_text(app)
        await tap(pilot, "shift+tab")
        await shows(app, pilot, "2 queues", "queue:mail")
        assert not broken(app)


async def test_the_topic_has_a_number_key(redis_url: str) -> None:
    app = DashApp(lambda: Hub(Config(url=redis_url, refresh_s=0.1)), title="test", refresh=0.05)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, pilot, "7 Queues", "1-7 pane")
        await tap(pilot, "7")
        await shows(app, pilot, "2 queues", "queue:mail")
        await tap(pilot, "8")  # there is no such pane
        await tap(pilot, "question_mark")
        await shows(app, pilot, "1 … 7")
        assert not broken(app)

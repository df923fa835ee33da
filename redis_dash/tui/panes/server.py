"""The server pane: load, memory, latency, and the cost of watching."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

from textual.app import ComposeResult
from textual.events import Resize

from redis_dash.core.durations import tenths
from redis_dash.core.frames.server import Cost, ReplicasRead, Scan, SentinelState, ServerFrame
from redis_dash.core.reading import AnyReading
from redis_dash.tui import replicas_text, sentinel_text
from redis_dash.tui.cluster_text import ONLY_ITS_SHARE, at_least, node_text, of_cluster, summary
from redis_dash.tui.databases import all_named, besides
from redis_dash.tui.formatting import (
    about,
    clock,
    count,
    duration,
    milliseconds,
    nbytes,
    others_watch,
    percent,
    rate,
)
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes.base import Piece, piece
from redis_dash.tui.panes.server_meanings import MEANINGS
from redis_dash.tui.panes.table_pane import TablePane
from redis_dash.tui.progress import left_s, why_slow
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain, plural
from redis_dash.tui.theme_styles import Ground, Role
from redis_dash.tui.widgets.cells import Bar, Cell, Figure
from redis_dash.tui.widgets.columns import Column
from redis_dash.tui.widgets.sparkline import Sparkline, drawing_height
from redis_dash.tui.widgets.table import Table

FULL = 0.9
"""From this share of its limit on, memory is marked."""

TABLE_ROWS = 17
"""The lines that the frame and the facts take."""

COLUMNS = (
    Column(Plain(""), 12, least=12),
    Column(Plain(""), 20, least=8, right=True),
    Column(Plain(""), 10, most=40, priority=1),
)

ONE_NODE = (Plain("of this node alone: a cluster has others"), Plain("of this node alone"), Plain("of this node"))


DATABASE, CLUSTER, SENTINEL = Plain("database"), Plain("cluster"), Plain("sentinel")
REPLICAS = Plain("keys read of")
NOTHING: Cell = (Plain(""), "dim")
REFUSING = "refusing connections", "refusing"


class Fact(NamedTuple):
    """One line of the pane."""

    name: Plain
    value: Plain
    role: Role = "text"
    more: Cell = NOTHING


class ServerPane(TablePane[ServerFrame, Fact]):
    """Load, memory, clients, evictions, and the cost of watching."""

    TOPIC = "server"
    NAME = TAB = Plain("Server")
    EMPTY = Plain("")
    FRAME = ServerFrame
    WORDS = (
        "Server, and the first line ({pane.detail} on a line of the pane explains it)",
        (
            ("ops/s", "commands that the server carries out a second, without this dashboard's"),
            ("db1 30,112", "database 1 of this server holds so many keys; {app.database} watches another database"),
            ("clients", "open connections, this dashboard's among them"),
            ("ping", "how long the server takes to answer, just now"),
            ("our cost", "what watching takes of one of the server's cores"),
            ("scan  pass", "looking at the name of every key; once through all of them is a pass"),
            (
                "scan waits until 14:02:41",
                "the scan has used up its budget, and goes on then; {app.full_scan} scans at full speed",
            ),
            (
                "scan slowed: recent pings",
                "the median of the last five is twice as long as usual, and 2 ms longer, so the scan goes slower",
            ),
            ("at full speed", "a full scan is running, as {app.full_scan} starts it"),
            ("refused", "connections that the server refused, since there were too many (maxclients)"),
            ("incl. another dashboard", "another redis-dash watches this server, and its commands are in ops/s"),
            ("cluster is down", "it carries out no command with a key, usually until each slot has a primary again"),
            ("evicting", "the server deletes keys because its memory is full"),
            (
                "disconnected, away",
                "there is no connection; it is tried again within half a minute, and at once with {app.full_scan}",
            ),
            ("retry in 4 s", "the next attempt to connect comes then; the pauses grow up to half a minute"),
            ("not receiving", "Events: their own connection is lost; it is tried again and again"),
        ),
    )

    DEFAULT_CSS = "ServerPane > Sparkline { height: 2; }"

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._load: deque[float | None] = deque(maxlen=400)
        self._history = Sparkline()
        self.table: Table[Fact] = Table(COLUMNS, _Rows())

    def compose(self) -> ComposeResult:
        """The load above, the facts below."""
        yield self._history
        yield self.table

    def on_resize(self, event: Resize) -> None:
        """The sparkline takes the lines that the facts do not need."""
        self._history.styles.height = drawing_height(event.size.height - TABLE_ROWS)

    def answer(self, frame: ServerFrame) -> tuple[Piece, ...]:
        """``valkey 8.1.8 · master · up 3 d 4 h``."""
        return (
            piece(f"{plain(frame.product, 20)} {plain(frame.version, 20)}", "strong"),
            *_of_cluster(frame),
            piece("replica" if frame.role == "slave" else plain(frame.role, 20)),
            piece(f"up {duration(frame.uptime_s)}", "dim"),
        )

    def warning(self, frame: ServerFrame) -> Segment | None:
        """The server evicts keys, refuses connections, or is nearly full."""
        return (Plain("!"), "warn") if any(fact.role == "warn" for fact in facts(frame)) else None

    def receive(self, reading: AnyReading) -> None:
        """Record the load from the start, visible or not; a reading without a value leaves a gap."""
        if isinstance(frame := reading.frame, ServerFrame):
            self._load.append(frame.ops_per_s if reading.status in ("ok", "reduced") else None)
        super().receive(reading)

    def listed(self, frame: ServerFrame) -> tuple[Fact, ...]:
        """The facts."""
        return facts(frame)

    def display_frame(self, frame: ServerFrame) -> None:
        """The load and the facts."""
        top = max(10.0, *(load for load in self._load if load is not None), frame.ops_per_s or 0.0)
        self._history.show(tuple(self._load), top, (rate(top), Plain("0")), "accent")
        super().display_frame(frame)

    def describe(self, fact: Fact) -> Detail:
        """A fact and its meaning."""
        meaning = MEANINGS.get(fact.name)
        frame = self.frame
        value = all_named(frame) if fact.name == DATABASE and frame is not None else fact.value
        if fact.name == REPLICAS and frame is not None and frame.replicas_read is not None:
            value = replicas_text.in_words(frame.replicas_read)
        if fact.name == CLUSTER and frame is not None and frame.cluster is not None:
            nodes = tuple((plain(node.address, 60), node_text(node)) for node in frame.cluster.nodes)
            return Detail(Plain("Cluster"), ((fact.name, summary(frame)[0]), *nodes), (meaning,) if meaning else ())
        if fact.name == SENTINEL and frame is not None and frame.sentinel is not None:
            about = (fact.name, sentinel_text.summary(frame.sentinel)), *sentinel_text.lines(frame.sentinel)
            return Detail(Plain("Sentinel"), about, (meaning,) if meaning else ())
        return Detail(Plain("Server"), ((fact.name, value),), (meaning,) if meaning else ())


def facts(frame: ServerFrame) -> tuple[Fact, ...]:
    """The lines of the pane."""
    cost = frame.cost
    blocked: Segment = (Plain(f"{count(frame.blocked_clients)} waiting" if frame.blocked_clients else ""), "dim")
    one_node: Cell = Figure(ONE_NODE, "warn") if frame.kind == "cluster" and frame.cluster is None else NOTHING
    evicting = f"evicting {rate(frame.evicted_per_s)}" if frame.evicted_per_s else "evicting"
    return (
        *([_cluster(frame)] if frame.cluster is not None else []),
        *([_sentinel(frame.sentinel)] if frame.sentinel is not None else []),
        *([_replicas(frame.replicas_read)] if frame.replicas_read is not None else []),
        *([_primary(frame.primary_lost_s)] if frame.primary_lost_s is not None else []),
        Fact(Plain("operations"), at_least(frame, frame.ops_per_s, rate), "strong", _others(frame)),
        _memory(frame),
        Fact(Plain("clients"), at_least(frame, frame.clients), "text", blocked),
        Fact(Plain("ping"), milliseconds(frame.ping_ms), "text"),
        Fact(DATABASE, Plain(f"{frame.database}"), "text", Figure(besides(frame), "dim")),
        Fact(Plain("keys"), at_least(frame, frame.keys), "text", one_node),
        _counter("evicted", at_least(frame, frame.evicted), frame.evicting_since, (evicting, "evicting")),
        Fact(Plain("expired"), at_least(frame, frame.expired_per_s, rate)),
        _counter("refused", at_least(frame, frame.rejected_connections), frame.rejecting_since, REFUSING),
        Fact(
            Plain("our own cost"),
            percent(cost.share, 2),
            "text",
            (_for_what(cost), "dim"),
        ),
        Fact(Plain("our commands"), count(cost.commands)),
        *(
            [_counter("our errors", count(cost.errors), frame.errors_since, ("new ones", "new"), "bad")]
            if cost.errors
            else []
        ),
        *_scan(frame.scan),
    )


def _of_cluster(frame: ServerFrame) -> list[Piece]:
    """That it is a cluster, or only a part of one."""
    if frame.kind != "cluster":
        return []
    return [piece(ONLY_ITS_SHARE, "warn") if frame.cluster is None else piece(*of_cluster(frame))]


def _cluster(frame: ServerFrame) -> Fact:
    """The primaries, and which cannot be reached."""
    assert frame.cluster is not None
    troubled = [node for node in frame.cluster.nodes if node.trouble and not node.replica_of]
    more: Cell = NOTHING
    if troubled:
        away = plain(f"{troubled[0].address}: {troubled[0].trouble}", 120)
        more = Figure((away, plain(troubled[0].trouble, 40), Plain("not reached")), "warn")
    if frame.cluster.is_down:
        forms = (Plain("down, carries out no commands"), Plain("down"))
        more = Figure((Plain(f"down; {away}"), *forms) if troubled else forms, "bad")
    is_whole = not (frame.cluster.partial or frame.cluster.is_down)
    return Fact(CLUSTER, summary(frame)[1], "text" if is_whole else "warn", more)


def _sentinel(state: SentinelState) -> Fact:
    """Whether the sentinels answer, and which server they call the primary."""
    role: Role = "warn" if state.trouble or state.reached < state.known else "text"
    return Fact(
        SENTINEL,
        sentinel_text.summary(state),
        role,
        Figure(sentinel_text.primary_text(state), "warn" if state.trouble else "dim"),
    )


def _replicas(state: ReplicasRead) -> Fact:
    """Which replicas are read, and how far they are behind."""
    forms, role = replicas_text.how_far(state)
    more = Figure(forms, "dim" if role == "text" else role)
    return Fact(REPLICAS, replicas_text.which(state), role, more)


def _primary(lost_s: float) -> Fact:
    return Fact(Plain("primary"), Plain(f"lost for {duration(lost_s)}" if lost_s >= 1 else "lost"), "warn", NOTHING)


def _counter(name: str, value: Plain, since: float | None, words: tuple[str, str], role: Role = "warn") -> Fact:
    """A counter, marked while it grows: ``evicting 3.0/s since 14:02:41``."""
    if since is None:
        return Fact(Plain(name), value)
    when, (most, least) = clock(since)[:8], words
    forms = f"{most} since {when}", f"{least} since {when}", f"{least} {when}", least
    return Fact(Plain(name), value, role, Figure(tuple(map(Plain, forms)), role))


def _for_what(cost: Cost) -> Plain:
    """``1.20 % messages`` if they cost something, otherwise ``38 ms in all``."""
    if cost.messages_share >= 0.0005:
        return Plain(f"{percent(cost.messages_share, 2)} messages")
    if cost.share is None:
        return Plain("")  # the prices of some commands are not known yet
    return Plain(f"{milliseconds(cost.server_ms)} in all")


def _scan(scan: Scan) -> tuple[Fact, ...]:
    """The progress and the speed of the running pass, and the duration of the last one."""
    left, slow = left_s(scan), why_slow(scan, time.time())
    note: Cell = (Plain("" if left is None else f"~{about(left)} left"), "dim")
    if scan.full_speed:
        note = (Plain("at full speed"), "accent")
    if slow:
        note = Figure(slow, "warn")
    if scan.stopped:
        note = Figure((Plain(f"stopped: {plain(scan.stopped, 120)}"), Plain("stopped")), "warn")
    passes = plural(scan.passes, "pass", "passes")
    how_many = (Plain(f"{passes} so far"), passes) if scan.passes else (Plain("none yet"),)
    return (
        Fact(Plain("scan"), percent(scan.share, 0), "text", Bar(scan.share, "gauge")),
        Fact(Plain("scan speed"), rate(scan.keys_per_s), "warn" if scan.held_back or scan.stopped else "text", note),
        Fact(Plain("last pass"), _length(scan.last_s), "text", Figure(how_many, "dim")),
    )


def _length(seconds: float | None) -> Plain:
    """``0.4 s``, ``12 min 04 s``."""
    return Plain(tenths(seconds)) if seconds is not None and seconds < 10 else duration(seconds)


def _memory(frame: ServerFrame) -> Fact:
    if not frame.max_memory or frame.used_memory is None:
        limit = "limit not known" if frame.max_memory is None else "no limit" if not frame.max_memory else ""
        return Fact(Plain("memory"), at_least(frame, frame.used_memory, nbytes), "text", (Plain(limit), "dim"))
    share = frame.used_memory / frame.max_memory
    role: Role = "warn" if share >= FULL else "text"
    used, most = (at_least(frame, value, nbytes) for value in (frame.used_memory, frame.max_memory))
    value = Plain(f"{used} of {most}")
    return Fact(Plain("memory"), value, role, Bar(share, "warn" if share >= FULL else "gauge"))


class _Rows:
    def key(self, fact: Fact) -> Hashable:
        return fact.name

    def cells(self, fact: Fact) -> tuple[Cell, ...]:
        return (fact.name, "dim"), Figure((fact.value,), fact.role), fact.more

    def ground(self, _fact: Fact) -> Ground:
        return "base"

    def words(self, fact: Fact) -> str:
        return fact.name


def _others(frame: ServerFrame) -> Cell:
    """Whose commands are in it besides the application's."""
    return (others_watch(frame.other_dashboards), "warn") if frame.other_dashboards else NOTHING

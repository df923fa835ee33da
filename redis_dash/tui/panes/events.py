"""The events pane: messages of pub/sub and entries of streams, as they come."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core import decoding
from redis_dash.core.frames.events import EventsFrame, StreamCount
from redis_dash.core.messages import Entry, Mark
from redis_dash.tui.event_line import EventLine, Shown
from redis_dash.tui.formatting import clock, compact, count, moment, nbytes, rate
from redis_dash.tui.intents import Detail
from redis_dash.tui.keys import IN_A_PANE, KeyHelp
from redis_dash.tui.panes.base import Pane, Piece, piece
from redis_dash.tui.segments import Segment
from redis_dash.tui.stream_text import absent_streams, rate_segments, stream_facts
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.log_view import LogView, gone
from redis_dash.tui.widgets.status_bar import Item, StatusBar

_SHOWN_LINES = 200


class EventsPane(Pane[EventsFrame]):
    """Messages of pub/sub and entries of streams, as they come."""

    TOPIC = "events"
    NAME = TAB = Plain("Events")
    EMPTY = Plain("No message has come yet. What is published from now on appears here as it happens.")
    FRAME = EventsFrame
    WORDS = (
        "Events",
        (
            ("84/s", "messages and entries of streams a second, over the last seconds"),
            ("received", "messages and entries that came since this dashboard was started"),
            ("dropped", "messages that arrived incomplete or could not be read: they are lost"),
            ("missed", "entries of streams that were removed before they were read, by MAXLEN for example"),
            (
                "may have missed",
                "the same, where their number is not known: the key was made anew, or Redis before 7.0",
            ),
            ("lag 40", "entries that a consumer group of the stream has not been given yet: the slowest group"),
            ("4 s behind", "a stream grows faster than it is read: --budget allows more"),
            ("sharded", "channels of SPUBLISH, a command for clusters: --shard-channel NAME receives one"),
            ("gap", "a time without connection: what was published then is unknown"),
            ("paused · 12 new", "you scrolled back or paused; so many came since. {pane.end} follows again"),
            ("no longer kept", "messages that were counted and are too old to be shown: only the latest are kept"),
        ),
    )

    BINDINGS: ClassVar = [
        Binding(
            "f",
            "end",
            "Follow",
            show=False,
            id="events.follow",
            group=KeyHelp("follow the end again, as {pane.end} does", section=IN_A_PANE, rank=10),
        )
    ]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._line = EventLine()
        self._today = date.today()
        self.log_view: LogView[Entry] = LogView(self._line.paint, _matches, self._line.make_room, _new_day)
        self._received = 0
        self._rates = StatusBar(gap=(Plain("  "), "blank"), more="+{:,} more")

    def compose(self) -> ComposeResult:
        """Rates above, the stream below."""
        yield self._rates
        yield self.log_view

    @property
    def navigable(self) -> LogView[Entry]:
        """The stream."""
        return self.log_view

    def has_nothing(self, frame: EventsFrame) -> bool:
        """Nothing came yet, not even a gap."""
        return frame.log.end == 0

    def nothing(self, frame: EventsFrame) -> Plain:
        """The channels on which nothing came."""
        if "*" in frame.patterns:
            return Plain(" ".join((self.EMPTY, *_states(frame))))
        named = " or ".join(plain(pattern, 40) for pattern in frame.patterns[:4]) or "no channel at all"
        channels = f"No message has come yet on {named}, the configured channels. Other channels are not received."
        return Plain(" ".join((channels, *_states(frame))))

    def answer(self, frame: EventsFrame) -> tuple[Piece, ...]:
        """``84/s · 12,403 received · 0 dropped``."""
        lost = piece(f"{count(frame.dropped)} dropped", "bad" if frame.dropped else "dim")
        speed = [] if frame.rate is None else [piece(rate(frame.rate), "strong")]
        pieces = [*speed, piece(f"{count(frame.received_now)} received"), lost]
        if frame.dropped:
            pieces.insert(0, pieces.pop())
        may_miss = any(stream.may_miss for stream in frame.streams)
        if frame.missed:
            pieces.insert(0, piece(f"{count(frame.missed)}{'+' * may_miss} missed", "bad"))
        elif may_miss:
            pieces.insert(0, piece("may have missed", "warn"))
        if any(gap.ended_at is None for gap in frame.gaps):
            pieces.insert(0, piece("not receiving", "bad"))
        elif frame.gaps:
            pieces.append(piece(f"{len(frame.gaps)} gap" + "s" * (len(frame.gaps) > 1), "warn"))
        if frame.shard_channels:
            pieces.append(piece(f"{count(frame.shard_channels)} sharded not received", "warn"))
        return tuple(pieces)

    def warning(self, frame: EventsFrame) -> Segment | None:
        """Messages are lost, or may be."""
        is_lost = frame.dropped or frame.missed or any(gap.ended_at is None for gap in frame.gaps)
        return (Plain("!"), "bad") if is_lost else None

    def notes(self) -> list[Piece]:
        """Filter and pause."""
        notes: list[Piece] = []
        view = self.log_view
        if view.filter_text:
            found, searched = view.matching
            where = f"{searched:,} {view.searched_where}" if view.held else f"last {searched:,}"
            notes.append(self.filter_note)
            notes.append(piece(f"{found:,} of {where}", "accent"))
        if view.held:
            notes.append(piece(f"{view.new:,} new", "warn"))
        if view.lost:
            notes.append(piece(gone(view.lost), "warn"))
        if view.held:
            notes += self.hint("{pane.end} follows")
        notes += absent_streams(self.frame.streams if self.frame is not None else ())
        return notes

    def currency(self) -> tuple[Piece, ...]:
        """A view that stands still is not live."""
        return (piece("paused", "warn"),) if self.log_view.held else ()

    def display_frame(self, frame: EventsFrame) -> None:
        """Show the rates; the stream is painted more often."""
        if self._line.hide(frame.session_globs, frame.known_ids):
            self.log_view.forget_unless(self._line.is_current)
            self.log_view.repaint()
        names = [channel.channel for channel in frame.channels] + [stream.stream for stream in frame.streams]
        if self._line.know(names):
            self.log_view.forget()
        if self._today != date.today():  # messages before midnight belong to another day now
            self._today = date.today()
            self.log_view.repaint()
        self._show_rates(frame)
        self.refresh_stream()

    def refresh_border(self) -> None:
        """The rates stand below that of all: they change together."""
        super().refresh_border()
        if self.frame is not None and self.display:
            self._show_rates(self.frame)

    def _show_rates(self, frame: EventsFrame) -> None:
        rates = [self._stream_rate(stream) for stream in frame.streams]
        rates += [self._rate(channel.channel, channel.rate, i + 1) for i, channel in enumerate(frame.channels)]
        if frame.other:
            rates.append(Item(((Plain(f"others {compact(frame.other)}"), "dim"),), priority=len(rates) + 1))
        self._rates.show(rates, unlisted=max(0, frame.channel_count - len(frame.channels)))

    def _rate(self, channel: str, per_second: float | None, index: int) -> Item:
        hue = self._line.hues.of_text(channel)
        name = self._line.name(channel, 16)
        return Item(((name, hue), (Plain(" "), "blank"), (rate(per_second), "dim")), priority=index)

    def _stream_rate(self, stream: StreamCount) -> Item:
        hue = self._line.hues.of_text(stream.stream)
        name = self._line.name(stream.stream, 16)
        return Item(((name, hue), (Plain(" "), "blank"), *rate_segments(stream)), priority=1)

    def refresh_stream(self) -> None:
        """Draw the messages that have come since the last call."""
        frame = self.frame
        if frame is None or not self.display or not self.is_attached:
            return
        self.log_view.follow(frame.log)
        if frame.received_now != self._received or self.log_view.filter_text:
            self._received = frame.received_now
            self.refresh_border()

    def action_pause(self) -> None:
        """Stop the stream's view; no message is lost meanwhile."""
        if self.log_view.held:
            self.log_view.resume()
        else:
            self.log_view.hold()
        self.refresh_border()

    def on_log_view_chosen(self) -> None:
        """A line was clicked."""
        self.refresh_border()

    def detail(self) -> Detail | None:
        """The whole payload, indented if it is JSON."""
        entry = self.log_view.entry
        if entry is None:
            return None
        if isinstance(entry, Mark):
            return Detail(Plain("Mark"), ((Plain("at"), moment(entry.at)), (Plain("what"), plain(entry.text))))
        shown = self._line.show(entry)
        payload = shown.event.payload
        if shown.is_json:
            payload = msgspec.json.format(payload, indent=2)
        lines = payload.split(b"\n")
        text = tuple(plain(line) for line in lines[:_SHOWN_LINES])
        if len(lines) > _SHOWN_LINES or entry.size > len(entry.payload):
            text += (Plain(f"… cut; the whole payload has {nbytes(entry.size)}"),)
        at = Plain(f"{moment(entry.at)[:10]} {clock(entry.at)}")
        facts = (
            (Plain("stream" if entry.id else "channel"), shown.channel),
            *(((Plain("id"), plain(entry.id)),) if entry.id else ()),
            (Plain("added" if entry.id else "received"), at),
            (Plain("size"), Plain(f"{entry.size:,} bytes")),
            *(((Plain("kind"), shown.kind),) if shown.kind else ()),
            *self._of_stream(shown),
        )
        return Detail(Plain("Event"), facts, text)

    def _of_stream(self, shown: Shown) -> tuple[tuple[Plain, Plain], ...]:
        """The length of an entry's stream, and its consumer groups."""
        streams = self.frame.streams if self.frame is not None and shown.event.id else ()
        name = decoding.text(shown.event.channel)
        return next((stream_facts(stream) for stream in streams if stream.stream == name), ())

    def _refocus(self) -> None:
        self.log_view.activate(self._active)
        super()._refocus()


def _states(frame: EventsFrame) -> list[Plain]:
    """What is known of each stream before an entry has come."""
    states = [stream.trouble or "no new entry yet" for stream in frame.streams]
    return [
        Plain(f"Stream {plain(stream.stream, 40)}: {plain(state, 80)}.")
        for stream, state in zip(frame.streams, states, strict=True)
    ]


def _matches(entry: Entry, filter_text: str) -> bool:
    if isinstance(entry, Mark):
        return filter_text in entry.text.casefold()
    wanted = filter_text.encode()
    return wanted in entry.channel.lower() or wanted in entry.payload.lower()


def _new_day(before: Entry | None, entry: Entry) -> Plain | None:
    """The date, if an entry has another date than the one before it, or than today if it is the first."""
    day = _day(entry.at // 60)
    if day is None or day == (_day(before.at // 60) if before is not None else date.today()):
        return None
    return Plain(f"{day:%A, %-d %B %Y}")


@lru_cache(maxsize=64)  # called for each line of each repaint
def _day(minute: float) -> date | None:
    try:
        return date.fromtimestamp(60 * minute)
    except (OverflowError, OSError, ValueError):
        return None

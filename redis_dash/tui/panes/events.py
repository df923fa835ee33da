"""What is happening right now?"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding

from redis_dash.core import decoding
from redis_dash.core.frames.events import EventsFrame
from redis_dash.core.messages import Entry, Mark
from redis_dash.tui.event_line import EventLine
from redis_dash.tui.formatting import clock, compact, count, moment, nbytes, rate
from redis_dash.tui.intents import Detail
from redis_dash.tui.panes.base import Pane, Piece, piece
from redis_dash.tui.segments import Segment
from redis_dash.tui.text import Plain, plain
from redis_dash.tui.widgets.log_view import LogView, gone
from redis_dash.tui.widgets.status_bar import Item, StatusBar

_SHOWN_LINES = 200


class EventsPane(Pane[EventsFrame]):
    """The live stream of pub/sub messages."""

    TOPIC = "events"
    NAME = TAB = Plain("Events")
    EMPTY = Plain("No message has come yet. What is published from now on appears here as it happens.")
    FRAME = EventsFrame

    BINDINGS: ClassVar = [Binding("f", "end", "Follow", show=False, id="events.follow")]

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._line = EventLine()
        self._today = date.today()
        self.tail: LogView[Entry] = LogView(self._line.paint, _matches, self._line.make_room, _new_day)
        self._rates = StatusBar(gap=(Plain("  "), "blank"), more=" more")

    def compose(self) -> ComposeResult:
        """Rates above, the stream below."""
        yield self._rates
        yield self.tail

    @property
    def navigable(self) -> LogView[Entry]:
        """The stream."""
        return self.tail

    def has_nothing(self, frame: EventsFrame) -> bool:
        """Nothing came yet, not even a mark of our own."""
        return frame.log.end == 0

    def nothing(self, frame: EventsFrame) -> Plain:
        """On which channels nothing came."""
        if "*" in frame.patterns:
            return self.EMPTY
        named = " or ".join(plain(pattern, 40) for pattern in frame.patterns[:4]) or "no channel at all"
        return Plain(f"No message has come yet on {named}, as --channel names them. Others are not listened to.")

    def answer(self, frame: EventsFrame) -> tuple[Piece, ...]:
        """``84/s · 12,403 received · 0 dropped``."""
        lost = piece(f"{count(frame.dropped)} dropped", "bad" if frame.dropped else "dim")
        pieces = [piece(rate(frame.rate), "strong"), piece(f"{count(frame.received)} received"), lost]
        if frame.dropped:
            pieces.insert(0, pieces.pop())
        if any(gap.ended_at is None for gap in frame.gaps):
            pieces.insert(0, piece("not receiving", "bad"))
        elif frame.gaps:
            pieces.append(piece(f"{len(frame.gaps)} gap" + "s" * (len(frame.gaps) > 1), "warn"))
        if frame.shard_channels:
            pieces.append(piece(f"{count(frame.shard_channels)} sharded not heard", "warn"))
        return tuple(pieces)

    def warning(self, frame: EventsFrame) -> Segment | None:
        """Messages that are lost, or may be."""
        return (Plain("!"), "bad") if frame.dropped or any(gap.ended_at is None for gap in frame.gaps) else None

    def notes(self) -> list[Piece]:
        """Filter and pause."""
        notes: list[Piece] = []
        tail = self.tail
        if tail.needle:
            found, searched = tail.matching
            where = f"{searched:,} {tail.searched_where}" if tail.held else f"last {searched:,}"
            notes.append(piece(f"filter: {plain(tail.needle, 20)}", "accent"))
            notes.append(piece(f"{found:,} of {where}", "accent"))
        if tail.held:
            notes.append(piece(f"{tail.new:,} new", "warn"))
        if tail.lost:
            notes.append(piece(gone(tail.lost), "warn"))
        if tail.held:
            notes.append(piece("End follows", "dim"))
        return notes

    def currency(self) -> tuple[Piece, ...]:
        """A view that stands still is not live."""
        return (piece("paused", "warn"),) if self.tail.held else ()

    def display_frame(self, frame: EventsFrame) -> None:
        """Rates once a beat; the stream has its own pace."""
        if self._line.hide(frame.session_globs, frame.known_ids):
            self.tail.forget()
            self.tail.repaint()
        if self._line.know(channel.channel for channel in frame.channels):
            self.tail.forget()
        if self._today != date.today():  # what came before midnight is of another day now
            self._today = date.today()
            self.tail.repaint()
        rates = [self._rate(channel.channel, channel.rate, i) for i, channel in enumerate(frame.channels)]
        if frame.other:
            rates.append(Item(((Plain(f"others {compact(frame.other)}"), "dim"),), priority=len(rates)))
        self._rates.show(rates, unlisted=max(0, frame.channel_count - len(frame.channels)))
        self.refresh_stream()

    def _rate(self, channel: str, per_second: float, index: int) -> Item:
        hue = self._line.hues.of(decoding.raw(channel))
        name = self._line.name(channel, 16)
        return Item(((name, hue), (Plain(" "), "blank"), (rate(per_second), "dim")), priority=index)

    def refresh_stream(self) -> None:
        """Draw what has come since the last time."""
        frame = self.frame
        if frame is None or not self.display or not self.is_attached:
            return
        new = self.tail.new
        self.tail.follow(frame.log)
        if (self.tail.held and self.tail.new != new) or self.tail.needle:
            self.redress()

    def action_pause(self) -> None:
        """Hold the stream still; nothing is lost meanwhile."""
        if self.tail.held:
            self.tail.resume()
        else:
            self.tail.hold()
        self.redress()

    def on_log_view_chosen(self) -> None:
        """A line was clicked."""
        self.redress()

    def detail(self) -> Detail | None:
        """The whole payload, pretty where it is JSON."""
        entry = self.tail.entry
        if entry is None:
            return None
        if isinstance(entry, Mark):
            return Detail(Plain("Mark"), ((Plain("at"), moment(entry.at)), (Plain("what"), plain(entry.text))))
        shown = self._line.show(entry)
        payload = shown.event.payload
        if shown.fields is not None:
            payload = msgspec.json.format(payload, indent=2)
        lines = payload.split(b"\n")
        text = tuple(plain(line) for line in lines[:_SHOWN_LINES])
        if len(lines) > _SHOWN_LINES or entry.size > len(entry.payload):
            text += (Plain(f"… cut; the whole payload has {nbytes(entry.size)}"),)
        facts = (
            (Plain("channel"), shown.channel),
            (Plain("received"), Plain(f"{moment(entry.at)} ({clock(entry.at)})")),
            (Plain("size"), Plain(f"{entry.size:,} bytes")),
        )
        return Detail(Plain("Event"), facts, text)

    def _refocus(self) -> None:
        self.tail.activate(self._active)
        super()._refocus()


def _matches(entry: Entry, needle: str) -> bool:
    if isinstance(entry, Mark):
        return needle in entry.text.casefold()
    wanted = needle.encode()
    return wanted in entry.channel.lower() or wanted in entry.payload.lower()


def _new_day(before: Entry | None, entry: Entry) -> Plain | None:
    """The date, where an entry is of another day than the one before it; than today, if none is before it."""
    day = _day(entry.at // 60)
    if day is None or day == (_day(before.at // 60) if before is not None else date.today()):
        return None
    return Plain(f"{day:%A, %-d %B %Y}")


@lru_cache(maxsize=64)  # asked for each line of each repaint
def _day(minute: float) -> date | None:
    try:
        return date.fromtimestamp(60 * minute)
    except (OverflowError, OSError, ValueError):
        return None

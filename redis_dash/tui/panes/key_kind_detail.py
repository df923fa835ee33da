"""Everything about one kind of keys."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping

from redis_dash.core.certainty import Certainty, Count
from redis_dash.core.frames.keys import KeyKind, KeysFrame, Recognised
from redis_dash.tui import kind_text
from redis_dash.tui.formatting import Tallies, about, duration, nbytes
from redis_dash.tui.intents import Detail
from redis_dash.tui.status import certainty
from redis_dash.tui.text import Plain, plain, plural

Fact = tuple[Plain, Plain]


def kind_detail(kind: KeyKind, frame: KeysFrame, panes: Mapping[str, str], tallies: Tallies) -> Detail:
    """The counts, what was read, what it was recognised as, and where it is shown."""
    facts = (*_figures(kind, frame, tallies), *_read(kind), *_known_as(kind), _pane(kind, panes))
    return Detail(Plain("Kind of keys"), facts)


def profile_detail(frame: KeysFrame) -> Detail:
    """The settings of ``config.toml`` that watch what was recognised, line by line."""
    how = Plain("redis-dash discover URL --write PATH writes this to a new file. Nothing is written from here.")
    lines = [plain(line, 300) for line in frame.profile.splitlines()] or [
        Plain("# Nothing was recognised so far that a pane shows.")
    ]
    return Detail(Plain("config.toml for what was recognised"), ((Plain("to write it"), how),), tuple(lines))


_TRUST: Mapping[Certainty, str] = {
    "exact": "all of them",
    "counted": "all of them",
    "estimated": "drawn at random, and compared with what all data of the server takes",
    "at_least": "at least, since others may be much larger",
    "unknown": "",
}


def _figures(kind: KeyKind, frame: KeysFrame, tallies: Tallies) -> Iterator[Fact]:
    if kind.own_name:
        yield Plain("name"), plain(f"{kind.own_name}, given by you", 200)
    yield Plain("keys"), plain(kind.name, 400) or Plain("(empty)")
    yield Plain("count"), Plain(_range(kind, tallies))
    yield from _bounds(kind.count, frame)
    yield Plain("share"), Plain(f"{kind_text.share_of(kind.count.value, frame.keys)} of {_all(frame)}")
    if kind.memory is None or kind.mean_bytes is None:
        yield Plain("memory"), Plain("not known")
        return
    whole = sum(one.memory.value for one in frame.kinds if one.memory is not None)
    share = kind_text.share_of(kind.memory.value, whole)
    yield (
        Plain("memory"),
        Plain(f"{kind_text.memory(kind)}, {share} of what {'these' if frame.partial else 'all kinds'} take"),
    )
    if not kind.measured:
        mean = f"mean {nbytes(kind.mean_bytes)}{_ago(kind.measured_at)}"
        yield (
            Plain("  measured"),
            Plain(f"keys that are gone by now, {mean}; at least, if the others are about as large"),
        )
        return
    known = f"{plural(kind.measured, 'key')}, mean {nbytes(kind.mean_bytes)}{_within(kind.measured_at)}"
    yield Plain("  measured"), Plain(f"{known}; {_trust(kind, kind.memory.certainty)}")


def _all(frame: KeysFrame) -> str:
    return "the keys of the primaries that are reached" if frame.partial else "all keys"


def _trust(kind: KeyKind, certainty: Certainty) -> str:
    """How far the memory can be trusted."""
    if certainty in ("estimated", "at_least") and kind.measured >= kind.count.value:
        return "all that were known; others may have come since"
    return _TRUST[certainty]


def _ago(at: float) -> str:
    """``, 41 s ago``."""
    return f", {about(max(0.0, time.time() - at))} ago" if at else ""


def _within(at: float) -> str:
    """``, in the last 41 s``: the first was measured then."""
    return f", in the last {about(max(1.0, time.time() - at))}" if at else ""


def _range(kind: KeyKind, tallies: Tallies) -> str:
    """``4,000, just counted``; ``12.4 k ± 2 %, from 12,160 to 12,640 by a sample of the names``."""
    value, held = kind.count, kind_text.count(kind, tallies(kind.count, kind.id))
    if value.certainty == "estimated" and value.high is not None:
        if value.low == value.high:
            return f"{held}, seen by the last scan"
        bounds = "" if "–" in held else f", from {value.low:,} to {value.high:,}"
        return f"{held}{bounds} by a sample of the names"
    return f"{held}, {''.join(text for text, _ in certainty(value, time.time(), tallies, kind.id))}"


def _bounds(count: Count, frame: KeysFrame) -> Iterator[Fact]:
    """What a counted number can be, with the keys of which the kind is not known."""
    if count.certainty != "counted":
        return
    if not frame.is_size_told:
        yield Plain("  now"), Plain("not known: the server does not tell how many keys there are")
        return
    if count.low < count.value:
        yield Plain("  at least"), Plain(f"{count.low:,}: {plural(frame.gone, 'key')} of unknown kind may be gone")
    if count.high is not None and count.high > count.value:
        not_seen = plural(frame.unseen, "key")
        yield Plain("  at most"), Plain(f"{count.high:,}: the scan did not see {not_seen} of unknown kind")


def _read(kind: KeyKind) -> Iterator[Fact]:
    if not kind.sampled:
        why = "rights are missing" if kind.refused else "they were gone before they were read"
        yield Plain("read"), Plain("none yet" if kind.sampled is None else f"none: {why}")
        return
    refused = f"; of {plural(kind.refused, 'key')} not the value: rights are missing" if kind.refused else ""
    yield Plain("read"), Plain(f"{plural(kind.sampled, 'key')}, drawn at random{_ago(kind.read_at)}{refused}")
    yield Plain("type"), plain(", ".join(f"{name} {number:,}" for name, number in kind.types), 200)
    yield Plain("expires"), Plain(_expiry(kind))


def _expiry(kind: KeyKind) -> str:
    expiring = (kind.sampled or 0) - kind.endless
    if not expiring:
        return "never, of those that were read"
    last = f"the longest had {duration(kind.longest_s)} left then"
    if not kind.endless:
        return f"all that were read; {last}"
    return f"{expiring:,} of the {kind.sampled:,} that were read; {last}; {kind.endless:,} never"


_WHY: Mapping[Plain, str] = {
    kind_text.BY_PATTERN: "no known framework writes them, but the pattern of a pane matches their names",
    kind_text.NOT_RECOGNISED: "no known framework writes such keys; your own application may",
}


def _known_as(kind: KeyKind) -> Iterator[Fact]:
    if kind.sampled and not kind.recognised and not kind.refused:
        text = kind_text.BY_PATTERN if kind.watched else kind_text.NOT_RECOGNISED
        why = f"{plain(kind.read_as, 200)}: by their names" if kind.read_as else f"{text}: {_WHY[text]}"
        yield Plain("recognised as"), Plain(why)
    if kind_text.are_expiring_numbers(kind):
        yield Plain("  but"), Plain("all are numbers that expire: counters perhaps, of a limiter or of something else")
        yield Plain("  limiter"), Plain("rate-limiter-flexible writes such keys where the application sets keyPrefix")
        if "…" not in kind.name:  # a hidden id is no pattern
            setting = shlex.quote(f"{kind.name}=100/60")
            how = f"--limit {setting}: 100 in 60 seconds; or =none if that is not known"
            yield Plain("  to watch"), plain(how, 400)
    for one in kind.recognised:
        yield from _recognised(one)


def _recognised(one: Recognised) -> Iterator[Fact]:
    yield Plain("recognised as"), plain(f"{one.name}, {one.confidence}", 200)
    yield Plain("  keys"), plain(one.keys, 400)
    yield Plain("  because"), plain(one.evidence, 400)
    yield Plain("  fits"), Plain(f"{one.fitting:,} of {plural(one.sampled, 'key')} that were read")
    if one.caveat:
        yield Plain("  revoking"), plain(one.caveat, 400)


def _pane(kind: KeyKind, panes: Mapping[str, str]) -> Fact:
    name = Plain("pane")
    if kind.is_ignored:
        return name, Plain("ignored: shown in no pane")
    if kind.watched:
        matched = [
            f"{panes[topic]}: {number:,} of {plural(kind.names, 'name')} match" for topic, number in kind.watched
        ]
        return name, plain("; ".join([*matched, *(["chosen by you"] if kind.chosen_topic else [])]))
    topics = [panes[one.topic] for one in kind.recognised if one.topic in panes]
    if topics:
        return name, plain(f"not shown: {', '.join(dict.fromkeys(topics))} watches other keys")
    if kind.recognised:
        return name, Plain("not shown: no pane is about such keys")
    return name, Plain("not shown: the patterns of no pane match")

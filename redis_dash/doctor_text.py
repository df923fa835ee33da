"""The report of ``redis-dash doctor`` as text for 80 columns: what is missing comes first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from redis_dash.core.databases import others
from redis_dash.core.frames.server import SentinelState
from redis_dash.core.rights import remedy
from redis_dash.diagnosis.report import Report
from redis_dash.diagnosis.rights import Right
from redis_dash.diagnosis.server import Clock, Server
from redis_dash.sources import SOURCES
from redis_dash.sources.server import NO_REPLICAS
from redis_dash.tui import replicas_text
from redis_dash.tui.databases import named
from redis_dash.tui.formatting import duration, milliseconds, percent, tally
from redis_dash.tui.kind_text import count, recognised, shown_in, shown_name
from redis_dash.tui.sentinel_text import primary_text, summary
from redis_dash.tui.text import Plain, pad, plain, plural, width_of

WIDTH = 80
MARKS = {"off": "✗", "reduced": "~", "not known": "?", "full": "✓"}
_ORDER = list(MARKS)
PANES = {source.topic: source.topic.replace("_", " ").capitalize() for source in SOURCES}
"""What a pane is called where there is no screen."""


def report_text(report: Report) -> str:
    """All of it, with lines of at most 80 columns; only a command that is to be copied may be longer."""
    lines = [f"{plain(report.url.described)}: {_product(report.server)}", ""]
    if report.trouble:
        return "\n".join([*lines, f"✗ {plain(report.trouble)}"])
    lines += _rights(report)
    lines += ["", "What else the dashboard does", *_all(report.besides, report.user)]
    lines += ["", "The server", *_server(report), "", *_kinds(report)]
    return "\n".join(line.rstrip() for line in lines)


def _product(server: Server) -> Plain:
    parts = [f"{server.product} {server.version}".strip(), server.mode]
    return plain(", ".join(filter(None, parts)) or "server of unknown kind")


def _rights(report: Report) -> Iterator[str]:
    wrong, user = [right for right in report.topics if right.state != "full"], plain(report.user)
    if wrong:
        yield f"{len(wrong)} of {len(report.topics)} topics are not full for the user {user}."
    else:
        yield f"All {len(report.topics)} topics are full for the user {user}."
    yield from _all(report.topics, report.user)
    rules = [rule for right in report.topics for rule in right.rules]
    if rules and sum(bool(right.rules) for right in report.topics) > 1:
        yield from ("", "All topics at once:", f"    {plain(remedy(report.user, rules))}")


def _all(rights: Sequence[Right], user: str) -> Iterator[str]:
    """Those that lack most first."""
    for right in sorted(rights, key=lambda right: _ORDER.index(right.state)):
        yield from _right(right, user)


def _right(right: Right, user: str) -> Iterator[str]:
    head = f"{MARKS[right.state]} {PANES.get(right.name, right.name.capitalize()):<17}{right.state:<11}"
    told = [*right.brief, *(f"not known: {what}" for what in right.not_told)]
    texts = [line for text in told for line in _wrapped(text, WIDTH - len(head))]
    yield f"{head}{texts[0] if texts else ''}".rstrip()
    yield from (" " * len(head) + text for text in texts[1:])
    if line := right.line(user):
        yield f"    {plain(line)}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(plain(text), width, break_on_hyphens=False) or [""]


def _server(report: Report) -> Iterator[str]:
    server, url = report.server, report.url
    facts = [("via", f"SSH to {url.bastion}" if url.ssh else ""), ("TLS", _tls(report))]
    facts += [("cluster", report.partial), ("sentinel", _sentinel(report.server.sentinel))]
    facts += [("replicas", _replicas(report))]
    facts += [("ping", f"{milliseconds(server.ping_ms)} (median)" if server.ping_ms is not None else "not known")]
    facts += [("clock", clock_text(server.clock)), ("keys", _keys(report)), ("one pass", _pass(report))]
    if report.unknown:
        facts.append(("unknown", f"{', '.join(report.unknown)}: removed, renamed, or of a later version"))
    facts.append(("asked by", report.how))
    for name, text in facts:
        if text:
            first, *rest = _wrapped(text, WIDTH - 12)
            yield f"{_mark(report, name)} {name:<10}{first}"
            yield from (" " * 12 + line for line in rest)


def _mark(report: Report, name: str) -> str:
    """A mark before what may be wrong."""
    clock = report.server.clock
    is_wrong = {"TLS": bool(report.url.unverified), "clock": clock is not None and clock.is_known_to_differ}
    state = report.server.sentinel
    is_wrong["sentinel"] = state is not None and (bool(state.trouble) or state.reached < state.known)
    if (read := report.server.replicas_read) is None or read.read < read.primaries:
        is_wrong["replicas"] = True
    return "!" if is_wrong.get(name, name in ("unknown", "cluster")) else " "


def _sentinel(state: SentinelState | None) -> str:
    """Which server is the primary, the replicas, and the sentinels that do not answer."""
    if state is None:
        return ""
    parts = [primary_text(state)[0], plural(len(state.replicas), "replica"), f"of the sentinels {summary(state)}"]
    return "; ".join(
        [*parts, *(f"{plain(one.address)}: {plain(one.trouble)}" for one in state.sentinels if one.trouble)]
    )


def _replicas(report: Report) -> str:
    """Which replicas are read in place of their primaries, if the user wants it."""
    if not report.url.reads_replicas:
        return ""
    state = report.server.replicas_read
    if state is None:
        return NO_REPLICAS
    line = remedy(report.user, state.missing_rules) if state.missing_rules else ""
    return f"keys are read of {replicas_text.in_words(state)}" + (f"; on each server: {line}" if line else "")


def _tls(report: Report) -> str:
    if not report.url.is_tls:
        return ""
    until = f", valid until {report.server.certificate_until}" if report.server.certificate_until else ""
    return f"{report.server.tls or 'yes'}; certificate {report.url.unverified or 'verified'}{until}"


def clock_text(clock: Clock | None) -> str:
    """How the clocks differ, as far as is known."""
    if clock is None:
        return "not known"
    side = "ahead of" if clock.ahead_s >= 0 else "behind"
    if abs(clock.ahead_s) <= clock.within_s:
        return f"agrees with ours within {milliseconds(1000 * (abs(clock.ahead_s) + clock.within_s))}"
    return f"{_seconds(abs(clock.ahead_s))} {side} ours ± {milliseconds(1000 * clock.within_s)}"


def _seconds(seconds: float) -> Plain:
    return milliseconds(1000 * seconds) if seconds < 1 else duration(seconds)


def _keys(report: Report) -> str:
    server = report.server
    if server.keys is None:
        return "not known"
    elsewhere = others(server.databases, report.url.database)
    more = f"; other databases: {named(elsewhere)}" if elsewhere else ""
    if report.partial:
        where = (
            f"{plural(server.primaries, 'primary', 'primaries')}, not of all" if server.primaries else "this node alone"
        )
    else:
        where = f"all {server.primaries} primaries" if server.primaries else ""
    of = f", of {where}" if where else ""
    return f"{server.keys:,}{'+' if report.partial else ''} in db{report.url.database}{of}{more}"


def _pass(report: Report) -> str:
    found = report.server.one_pass
    if found is None:
        return "its cost is not known"
    takes = f"{_seconds(found.server_s)} of the server's time"
    return f"{takes}; at least {_seconds(found.least_s)} within the budget of {percent(report.budget, 1)} of a core"


def _kinds(report: Report) -> Iterator[str]:
    if not report.kinds:
        yield "No kinds of keys are known."
        return
    yield f"Kinds of keys, from {plural(report.names, 'name')}"
    rows = [
        (shown_name(kind, 32), count(kind, tally(kind.count)), recognised(kind), shown_in(kind, PANES))
        for kind in report.kinds
    ]
    widths = [max(width_of(row[column]) for row in rows) for column in range(4)]
    widths[2] = min(widths[2], WIDTH - widths[0] - widths[1] - widths[3] - 8)
    for row in rows:
        cells = zip(row, widths, (False, True, False, False), strict=True)
        yield "  " + "  ".join(pad(plain(text, width), width, right=right) for text, width, right in cells)
    if report.more_kinds:
        yield f"  {plural(report.more_kinds, 'more kind')}: redis-dash discover lists them."

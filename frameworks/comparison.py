"""Compares what redis-dash shows of an application with what the application knows, fact by fact.

A fact is right, wrong, or not told. It may be not told only where Redis does not hold it: the limit that stands in the
application's code, the end of a window that has no key of its own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from frameworks.dump import unescaped
from redis_dash.core.frames.rate_limits import LimitRow
from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.patterns import Pattern

Truth = Mapping[str, Any]
Verdict = Literal["right", "wrong", "not told"]
HASH = re.compile(r"[0-9a-f]{32,64}")
LATER_S = {"slowapi": 1.0, "Flask-Limiter": 0.5}
"""What they add to the time that they know: a second, or whatever is missing to a whole one, half of it on average."""
BUCKETS = ("pyrate-limiter",)
"""Their rows are buckets of all clients."""


class Fact(NamedTuple):
    """One thing that the application knows, and what is shown of it."""

    name: str
    known: object
    shown: object
    verdict: Verdict

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.name}: {self.known} is shown as {self.shown}"


def is_right(name: str, known: object, shown: object, right: bool) -> Fact:
    """A fact that is right or wrong."""
    return Fact(name, known, shown, "right" if right else "wrong")


def not_told(name: str, known: object, shown: object = None) -> Fact:
    """A fact that is not told."""
    return Fact(name, known, shown, "not told")


# -- sessions ----------------------------------------------------------------------------------------------------------


def session_facts(
    truth: Truth, rows: Sequence[SessionRow], value_of: Callable[[bytes], bytes | None], within_s: float
) -> list[Fact]:
    """The number of sessions; of each one the user, whether anybody is signed in, and when it ends.

    Args:
        value_of: reads a key: where a session holds only the id of its user, the user is another key.
        within_s: seconds since the application was started; it tells of each session how long it lasted at first.
    """
    by_key = {row.key.reveal(): row for row in rows}
    known = [*truth["sessions"], *({"key": key, "user": None} for key in truth.get("empty", ()))]
    facts = [is_right("number of sessions", len(known), len(rows), len(known) == len(rows))]
    for session in known:
        row = by_key.get(unescaped(session["key"]))
        if row is None:
            facts.append(is_right("session", session["user"], None, False))
            continue
        facts.append(_user(session, row, value_of))
        if "expires_in_s" in session:
            facts.append(_end(session, row, within_s))
    return facts


def _user(session: Truth, row: SessionRow, value_of: Callable[[bytes], bytes | None]) -> Fact:
    user = session["user"]
    if user is None:
        return is_right("nobody signed in", "anonymous", row.shown_user, row.is_anonymous and not row.user)
    names = {user, session.get("user_id")}
    stored = value_of(b"user:" + row.user.encode()) or b""  # Auth.js holds the user beside the session
    return is_right("user", user, row.shown_user, row.user in names or user.encode() in stored)


def _end(session: Truth, row: SessionRow, within_s: float) -> Fact:
    known, shown = session["expires_in_s"], row.ttl_s
    if known is None or shown is None or not row.ttl_known:
        return is_right("time left", known, shown, known is shown and row.ttl_known)
    return is_right("time left", known, shown, known - within_s - 2 <= shown <= known + 2)


# -- limits ------------------------------------------------------------------------------------------------------------


def limit_facts(truth: Truth, rows: Sequence[LimitRow], within_s: float) -> list[Fact]:
    """The number of rows; of each client the usage, the limit, the window, whether it is blocked, and when it ends."""
    limits = truth["limits"]
    facts = [is_right("number of clients", len(limits), len(rows), len(limits) == len(rows))]
    for known in limits:
        keys = {unescaped(key).decode("utf-8", "replace") for key in known["keys"]}
        mine = [row for row in rows if row.key in keys or (row.whole_key and row.whole_key.reveal().decode() in keys)]
        if len(mine) != 1:
            facts.append(is_right("client", known["client"], [row.identity for row in mine], False))
        elif mine[0].dialect in BUCKETS:
            facts += _bucket(known, mine[0])
        else:
            facts += client_facts(known, mine[0], within_s, LATER_S.get(truth["framework"], 0.0))
    return facts


def client_facts(known: Truth, row: LimitRow, within_s: float, later_s: float = 0.0) -> list[Fact]:
    """What is told of one client.

    Args:
        later_s: what the framework adds to the time left.
    """
    limit, window, blocked = known["limit"], known["window_s"], known["blocked"]
    return [
        is_right("client", known["client"], row.identity, is_client(row.identity, known["client"])),
        _usage(known, row),
        not_told("limit", limit) if row.limit is None else is_right("limit", limit, row.limit, row.limit == limit),
        not_told("window", window)
        if row.window_s is None
        else is_right("window", window, row.window_s, row.window_s == window),
        is_right("blocked", blocked, row.blocked, row.blocked == blocked)
        if _judges(row)
        else not_told("blocked", blocked),
        *_reset(known, row, within_s, later_s),
    ]


def _judges(row: LimitRow) -> bool:
    """Whether the row says if the client is blocked."""
    return row.blocked or (row.knows_blocked and row.limit is not None)


def _usage(known: Truth, row: LimitRow) -> Fact:
    used, limit = known["used"], known["limit"]
    if row.left is not None:
        return is_right("used", used, f"{row.left} left", row.left == limit - used)
    if row.clear_s is not None:
        return not_told("used", used)
    # Some count refused requests, too, and a block may be one more than allowed.
    most = max(known["hits"], limit + 1) if known["blocked"] else used
    if row.knows_used:
        return is_right("used", used, row.used, used <= row.used <= most)
    return not_told("used", used, row.used) if row.used >= used else is_right("used", used, row.used, False)


def _reset(known: Truth, row: LimitRow, within_s: float, later_s: float) -> list[Fact]:
    """When usage falls. An application may know only when nothing will be used any more."""
    ends = known["resets_in_s"]
    if ends is None:
        return []
    ends -= later_s
    shown = row.clear_s if row.clear_s is not None else row.reset_s
    if shown is None:
        return [not_told("resets", ends)]
    is_later = row.clear_s is None and not row.resets and shown <= ends  # step by step: the first one comes earlier
    return [is_right("resets", ends, shown, is_later or abs(shown - ends) <= within_s + 1)]


def _bucket(known: Truth, row: LimitRow) -> list[Fact]:
    """A bucket of all clients holds entries of any age."""
    return [
        not_told("used", known["used"], row.used) if row.used >= known["used"] else is_right("used", known, row, False),
        *(not_told(name, known[key]) for name, key in (("limit", "limit"), ("window", "window_s"))),
        is_right("blocked", known["blocked"], True, known["blocked"])
        if row.blocked
        else not_told("blocked", known["blocked"]),
    ]


def is_client(identity: str, client: str | None) -> bool:
    """Whether a row names this client: itself, its network, or a hash of it."""
    if client is None or identity == client or HASH.fullmatch(identity) is not None:
        return True
    try:
        address, network = ipaddress.ip_address(client), identity if "/" in identity else f"{identity}/64"
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


# -- caches, and what is none of all these -----------------------------------------------------------------------------


def cache_facts(truth: Truth, globs: Collection[str]) -> list[Fact]:
    """Of each cached key whether it is in a cache; the hits and misses, which Redis holds for all keys together."""
    patterns = [Pattern(glob) for glob in globs]
    facts = []
    for cached in truth["caches"]:
        key = unescaped(cached["key"])
        found = any(pattern.variable(key) is not None for pattern in patterns)
        facts.append(is_right("cached key", cached["key"], True, True) if found else not_told("cached key", key))
    return [*facts, not_told("hits", truth["hits"]), not_told("misses", truth["misses"])]


class Shown(NamedTuple):
    """The names of what is shown, as raw keys."""

    sessions: Collection[bytes]
    limits: Collection[bytes]
    boards: Collection[str]


def false_facts(truth: Truth, shown: Shown) -> list[Fact]:
    """That nothing else is taken for a session, a limit or a leaderboard."""
    sessions = {unescaped(row["key"]) for row in truth.get("sessions", ())}
    sessions |= {unescaped(key) for key in truth.get("empty", ())}
    limits = {unescaped(key) for row in truth.get("limits", ()) for key in row["keys"]}
    return [
        is_right("no false session", set(), others := set(shown.sessions) - sessions, not others),
        is_right("no false limit", set(), others := set(shown.limits) - limits, not others),
        is_right("no leaderboard", set(), set(shown.boards), not shown.boards),
    ]


# -- messages ----------------------------------------------------------------------------------------------------------


def message_facts(truth: Truth, named: Sequence[tuple[str, object]]) -> list[Fact]:
    """Of each message that the application has published: what wrote it, and its content.

    Args:
        named: of each message what is shown as its framework and as its content, which may be a list of events.
    """
    facts = []
    left = [(name, part) for name, content in named for part in (content if isinstance(content, list) else [content])]
    for published in truth.get("published", ()):
        framework, content = published["shown_as"], published["holds"]
        mine = next((one for one in left if one[0] == framework and _holds(one[1], content)), None)
        if mine is not None:
            left.remove(mine)
        facts.append(is_right(f"message: {framework}", content, mine, mine is not None))
    return facts


def _holds(shown: object, content: object) -> bool:
    """Whether a content has these fields, at least."""
    if isinstance(content, dict):
        return isinstance(shown, dict) and all(
            name in shown and _holds(shown[name], one) for name, one in content.items()
        )
    return shown == content

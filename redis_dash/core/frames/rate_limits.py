"""The rate limits frame: identities near, at or over their limit."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from redis_dash.core.certainty import Count, at_least, unknown
from redis_dash.core.credential import Credential
from redis_dash.core.frames.base import Frame, exported_count

LimitFrom = Literal["", "redis", "settings", "user"]
"""Who says the limit: the key, ``--limit`` or ``config.toml``, or the user in the dashboard; empty if nobody does."""


NEAR = 0.8
"""From this share of its limit on, a client is near it."""


def near_from(limit: int) -> int:
    """The fewest requests that are near a limit."""
    return math.ceil(NEAR * limit)


class LimitRow(msgspec.Struct, frozen=True):
    """One identity's use of a limit."""

    key: str
    identity: str
    used: int
    """Requests in the running window. Where ``is_held``, entries of any age: the window is not known. Where
    ``may_be_over``, what the key counted, perhaps in a window that is over."""
    limit: int | None
    """None where it is unknown: Redis does not hold it, and none is given, or the given one does not fit."""
    window_s: float | None
    reset_s: float | None
    """Seconds until usage falls; once the limit is used up, until a request is let in again."""
    blocked: bool
    """Whether the limit is used up, or the key says that the client is blocked: the next request would be refused."""
    dialect: str
    age_s: float = 0.0
    """Seconds since it was read; ``reset_s`` is as of now."""
    is_held: bool = False
    is_endless: bool = False
    """Whether its key has no expiry: usage never falls by itself."""
    given_limit: int | None = None
    """The limit that the configuration or the user gives, if it does not fit: the key lasts longer than its window, or
    the window, without which usage cannot be counted, is not given."""
    given_window_s: float | None = None
    left: int | None = None
    """Requests that are left, where Redis holds these and not how many are used: then ``used`` is 0."""
    clear_s: float | None = None
    """Seconds until nothing is used any more, where Redis holds only that: then ``used`` is 0; as of now."""
    resets: bool = False
    """Whether usage falls to 0 at once when the window ends; otherwise it falls step by step."""
    has_ended: bool = False
    """Whether usage has fallen since it was read, or the window has ended: the client is not called blocked."""
    stays_near: bool = False
    """Whether the client is near its limit although ``has_ended``: enough requests are certainly left in the window."""
    near_s: float | None = None
    """Seconds from the reading on for which the client certainly stays near; None if it is not near, or not known."""
    may_be_over: bool = False
    """Whether the key outlives its window and does not say when that ends; the client is not called blocked."""
    blocks: bool = False
    """Whether its key lasts as long as a block once more than the limit is used: perhaps longer than the window."""
    limiter: str = ""
    """Which of several limiters counts the client: its pattern, and what else the key names."""
    limit_from: LimitFrom = ""
    """Who gives ``limit`` or ``given_limit``."""
    pattern: str = ""
    """The pattern of keys for which a limit can be set or is set; empty if a part of it must be hidden."""
    whole_key: Credential | None = None
    """The whole key, by which two rows are told apart: ids of sessions and tokens in ``key`` are masked."""

    @property
    def knows_used(self) -> bool:
        """Whether ``used`` is the usage."""
        return not self.is_held and not self.may_be_over and self.left is None and self.clear_s is None

    @property
    def knows_blocked(self) -> bool:
        """Whether ``blocked`` says anything: a limit is known by which to judge, or the key says so."""
        if self.blocked or self.limit is None or self.left is not None or self.clear_s is not None:
            return self.blocked
        return not (self.may_be_over and self.used >= self.limit)

    def exported(self) -> dict[str, object]:
        """All but the whole key; ``held`` is what may not be the usage: entries of any age, counts of old windows."""
        exported = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if name not in ("whole_key", "is_held", "pattern", "blocks", "near_s")
        }
        return exported | {
            "used": self.used if self.knows_used else None,
            "held": self.used if self.is_held or self.may_be_over else None,
            "blocked": self.blocked if self.knows_blocked else None,
            "limit_from": self.limit_from or None,
        }


class RateLimitsFrame(Frame, frozen=True):
    """Limiters' keys and their use."""

    count: Count
    blocked: Count
    near: Count
    """At 80 % or more and not blocked."""
    rows: tuple[LimitRow, ...]
    """Blocked first, then the fullest."""
    unlimited: bool = False
    """Whether no limit is known: Redis does not hold it, and none was configured, or none that fits."""
    unrecognised: tuple[tuple[str, int], ...] = ()
    """Keys that match and are no limiter that is known here: what they are, and how many, the most first."""
    has_seen_all: bool = True
    """Whether a pass over all keys is complete; before, it is not known what the keys are that were not seen."""
    limiters: int = 1
    """How many limiters count clients: a client has a key for each of them."""
    unjudged: int = 0
    """Clients of which it is not known whether they are blocked: they are in neither ``blocked`` nor ``near``."""

    def exported(self) -> dict[str, object]:
        """Without the whole keys."""
        return {
            **exported_count("", self.count),
            **exported_count("blocked", self.judged(self.blocked)),
            **exported_count("near", self.judged(self.near)),
            "limits_known": not self.unlimited if self.rows else None,
            "limiters": self.limiters,
            "unrecognised": dict(self.unrecognised),
            "rows": [row.exported() for row in self.rows],
        }

    def judged(self, count: Count) -> Count:
        """A number of clients in some state, where some may be in it without a known limit."""
        if not self.unjudged or count.certainty == "unknown":
            return count
        return unknown() if self.unlimited and not count.value else at_least(count.value, self.count.high)

"""Sentinel in words: which server is the primary, and how many sentinels say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis_dash.core.frames.server import ClusterNode, SentinelMember, SentinelState
from redis_dash.tui.formatting import nbytes
from redis_dash.tui.text import Plain, plain, plural

if TYPE_CHECKING:
    from redis_dash.tui.segments import Segment

_CHARS = 60
"""Characters of a name or an address."""


def where(state: SentinelState, database: int) -> Plain:
    """``mymaster/0 at 10.0.0.1:6379``."""
    return Plain(f"{plain(state.name, _CHARS)}/{database} at {plain(state.primary, _CHARS)}")


def of_sentinel(state: SentinelState) -> Segment:
    """``3 sentinels``, or what is wrong."""
    if state.trouble:
        return (plain(state.trouble, _CHARS), "alarm")
    if state.reached < state.known:
        return (Plain(f"{state.reached} of {state.known} sentinels"), "warn")
    return (plural(state.known, "sentinel"), "dim")


def summary(state: SentinelState) -> Plain:
    """``3 of 3 answer``."""
    return Plain(f"{state.reached} of {state.known} answer")


def primary_text(state: SentinelState) -> tuple[Plain, ...]:
    """The primary, or what is wrong; the longest form first."""
    if state.trouble:
        return plain(state.trouble, 120), Plain("not certain")
    name, primary = plain(state.name, _CHARS), plain(state.primary, _CHARS)
    return Plain(f"{name} is {primary}"), primary


def lines(state: SentinelState) -> tuple[tuple[Plain, Plain], ...]:
    """The primary, its replicas and the sentinels, one by one."""
    name = plain(state.name, _CHARS)
    more = f"; another server has become it {plural(state.switches, 'time')}" if state.switches else ""
    return (
        (plain(state.primary, _CHARS), Plain(f"the primary of {name}{more}")),
        *((plain(one.address, _CHARS), _replica(one)) for one in state.replicas),
        *((plain(one.address, _CHARS), _sentinel(one)) for one in state.sentinels),
    )


def _replica(one: ClusterNode) -> Plain:
    parts = ["replica", *(["read"] if one.is_read else [])]
    parts += [f"lag {one.lag_s} s"] if one.lag_s is not None else []
    parts += [f"{nbytes(one.behind_bytes)} behind"] if one.behind_bytes else []
    return Plain(" · ".join([*parts, *([plain(one.trouble, 120)] if one.trouble else [])]))


def _sentinel(one: SentinelMember) -> Plain:
    return Plain(f"sentinel · {plain(one.trouble, 120)}" if one.trouble else "sentinel")

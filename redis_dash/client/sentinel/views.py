"""What one sentinel knows of the primary, its replicas and the other sentinels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis_dash.client.address import Address, address_of, is_address
from redis_dash.client.reasons import check
from redis_dash.client.target import Ask
from redis_dash.config import Url
from redis_dash.config.several_hosts import SENTINEL
from redis_dash.core.errors import SourceError
from redis_dash.core.resp import Command, ReplyError

NO_SENTINEL = "this is no sentinel: use redis:// for a server"
A_SENTINEL = "this is a Sentinel, not the Redis that it watches"
NAMES: Command = (b"SENTINEL", b"MASTERS")
MOST_NAMES = 100
MOST_LENGTH = 100
_DOWN = ("s_down", "o_down")


class Member(NamedTuple):
    """A replica or another sentinel."""

    address: Address
    id: str
    is_up: bool
    """Whether the sentinel that tells of it can talk to it."""
    offset: int | None = None
    """How far a replica has followed its primary, in bytes."""
    follows: bool = True
    """Whether a replica has a link to its primary."""


class View(NamedTuple):
    """The answer of one sentinel; what it does not tell, or may not tell us, is empty."""

    address: Address | None
    """Where the primary is; None if the sentinel knows none of this name."""
    id: str = ""
    """The name of the sentinel among the others."""
    epoch: int = -1
    """Grows with each failover: of two views that with the higher one is newer."""
    is_down: bool = False
    """Whether it cannot talk to the primary."""
    is_failing_over: bool = False
    others: tuple[Member, ...] | None = None
    """The other sentinels; None if it does not tell."""
    replicas: tuple[Member, ...] = ()

    @property
    def is_of_majority(self) -> bool | None:
        """Whether it can talk to so many others that no failover can be decided without it; None if unknown."""
        if self.others is None:
            return None
        up = 1 + sum(other.is_up for other in self.others)
        return 2 * up > 1 + len(self.others)


def questions(name: str) -> tuple[Command, ...]:
    """The commands that ask for a view; all but the first one may be refused."""
    asked = name.encode()
    return (
        (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", asked),
        (b"SENTINEL", b"MASTER", asked),
        (b"SENTINEL", b"SENTINELS", asked),
        (b"SENTINEL", b"REPLICAS", asked),
        (b"SENTINEL", b"MYID"),
    )


def read_view(replies: Sequence[object]) -> View:
    """Read the replies to the questions.

    Raises:
        SourceError: it is no sentinel, or we may not ask it.
    """
    where, primary, others, replicas, own_id = replies
    if isinstance(where, ReplyError) and str(where).lower().startswith(
        ("err unknown command", "err unknown subcommand")
    ):
        raise SourceError(NO_SENTINEL)
    facts = _facts(primary)
    flags = facts.get("flags", "").split(",")
    return View(
        address=_address(check(where)),
        id=own_id.decode("ascii", "replace") if isinstance(own_id, bytes) else "",
        epoch=_number(facts.get("config-epoch", "")) or (0 if facts else -1),
        is_down=any(flag in flags for flag in _DOWN),
        is_failing_over="failover_in_progress" in flags or "o_down" in flags,
        others=_members(others) if isinstance(others, list) else None,
        replicas=_members(replicas) if isinstance(replicas, list) else (),
    )


def names_of(reply: object) -> tuple[str, ...]:
    """The names of all primaries that a sentinel watches."""
    listed = reply[:MOST_NAMES] if isinstance(reply, list) else []
    return tuple(filter(None, (_facts(one).get("name", "") for one in listed)))


async def told_instead(url: Url, ask: Ask) -> str:
    """What is said of a URL that leads to a sentinel as if it were a server: the URL that would work."""
    (reply,) = await ask([NAMES])
    if isinstance(reply, list) and not reply:
        return f"{A_SENTINEL}: it watches no primary yet"
    scheme, names = f"redis{'s' if url.is_tls else ''}{SENTINEL}", names_of(reply) or ("NAME",)
    others = f" (it also watches {', '.join(names[1:6])})" if names[1:] else ""
    return f"{A_SENTINEL}: use {scheme}://{address_of(url)}/{names[0]}{others}"


def newest(views: Sequence[View]) -> View | None:
    """The view that counts: of the highest epoch, and among those the one that most sentinels share."""
    known = [view for view in views if view.address is not None]
    shared = Counter(view.address for view in known)
    return max(known, key=lambda view: (view.epoch, shared[view.address]), default=None)


def _facts(reply: object) -> Mapping[str, str]:
    if not isinstance(reply, list):
        return {}
    words = [word.decode("utf-8", "replace") if isinstance(word, bytes) else "" for word in reply]
    return dict(zip(words[::2], words[1::2], strict=False))


def _address(reply: object) -> Address | None:
    if reply is None:
        return None
    if isinstance(reply, list) and len(reply) == 2:
        host, port = (part.decode("utf-8", "replace") if isinstance(part, bytes) else "" for part in reply)
        address = Address(host, _number(port) or 0)
        if is_address(*address):
            return address
    raise SourceError("it tells of the primary in an unknown form")


def _members(reply: Sequence[object]) -> tuple[Member, ...]:
    found = []
    for facts in map(_facts, reply[:MOST_LENGTH]):
        flags = facts.get("flags", "").split(",")
        address = Address(facts.get("ip", ""), _number(facts.get("port", "")) or 0)
        if not is_address(*address):
            continue
        is_up = not any(flag in flags for flag in (*_DOWN, "disconnected"))
        follows = facts.get("master-link-status", "ok") == "ok"
        offset = _number(facts.get("slave-repl-offset", ""))
        found.append(Member(address, facts.get("runid", ""), is_up, offset, follows))
    return tuple(found)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None

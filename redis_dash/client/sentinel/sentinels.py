"""All sentinels of a primary: those that the URL names, and those that they tell of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from redis_dash.client.address import Address, address_of
from redis_dash.client.sentinel.sentinel import ANSWER_S, Sentinel
from redis_dash.client.sentinel.views import View
from redis_dash.config import Url
from redis_dash.config.errors import nearest

GRACE_S = 0.3
"""How long the others are waited for when one has answered: one that hangs must not delay us."""
SHOWN = 3
"""Reasons that are told."""


class Sentinels:
    """Asks them all at the same time, since one alone may not have heard of a failover yet."""

    def __init__(self, url: Url) -> None:
        """Does not connect yet."""
        self._url = url
        self._named = [Sentinel(one, url.primary) for one in url.sentinels]
        self._told: dict[Address, Sentinel] = {}
        """Those that the others tell of and the URL does not name."""
        self._under_way: dict[Sentinel, asyncio.Task[View]] = {}
        self._ids: set[str] = set()
        """Of all sentinels, as far as they tell."""

    @property
    def all(self) -> tuple[Sentinel, ...]:
        """Those that are asked."""
        return (*self._named, *self._told.values())

    @property
    def reached(self) -> int:
        """How many answer."""
        return len(self.views())

    @property
    def known(self) -> int:
        """How many there are, whether they answer or not."""
        return max(len(self._ids), self.reached) or len(self._named)

    def views(self) -> list[View]:
        """The latest answers, one of each sentinel, whatever names it was reached by."""
        return _distinct({one: one.view for one in self.all if one.view is not None})

    async def ask(self) -> list[View]:
        """Ask all; returns the latest answers soon after the first one has come."""
        asked = self.all
        for one in asked:
            if one not in self._under_way:
                self._under_way[one] = task = asyncio.create_task(one.ask())
                task.add_done_callback(partial(self._is_done, one))
        await _first_and_soon_after({self._under_way[one] for one in asked}, GRACE_S)
        views = self.views()
        self._note_others(views)
        return views

    async def ask_again(self) -> list[View]:
        """Ask all, and wait longer; returns the answers to this question only."""
        tasks = {one: asyncio.create_task(one.ask()) for one in self.all}
        try:
            await _first_and_soon_after(set(tasks.values()), ANSWER_S)
        finally:
            for task in tasks.values():
                task.cancel()
            answers = await asyncio.gather(*tasks.values(), return_exceptions=True)
        views = _distinct({one: view for one, view in zip(tasks, answers, strict=True) if isinstance(view, View)})
        self._note_others(views)
        return views

    def _is_done(self, one: Sentinel, task: asyncio.Task[View]) -> None:
        self._under_way.pop(one, None)
        if not task.cancelled():
            task.exception()  # retrieved; ``trouble`` tells it

    def _note_others(self, views: Iterable[View]) -> None:
        """Remember the sentinels that are told of, so that they are asked when those of the URL are down."""
        answered = {view.id for view in views}
        others = {other.address: other for view in views for other in view.others or ()}
        if not others:
            return
        self._ids = (answered | {other.id for other in others.values()}) - {""}
        own = {address_of(one.url) for one in self._named}
        wanted = {
            address
            for address, other in others.items()
            if address not in own and (other.id not in answered or address in self._told)
        }
        for address in self._told.keys() - wanted:
            self._told.pop(address).close()
        for address in wanted - self._told.keys():
            self._told[address] = Sentinel(self._url.sentinel_at(*address), self._url.primary)

    @property
    def trouble(self) -> str:
        """Why the primary is not known, in words; empty if one of them knows it."""
        views = self.views()
        if not views:
            return f"no sentinel can be asked: {self._reasons()}"
        if any(view.address is not None for view in views):
            return ""
        names = sorted({name for one in self.all for name in one.names})
        known = f"they know {', '.join(names[:8])}" if names else "they watch none, or do not tell which"
        return f"the sentinels know no primary {self._url.primary!r}; {known}{nearest(self._url.primary, names)}"

    def _reasons(self) -> str:
        """Why none answers, and of which one that is true: ``connection refused (10.0.0.1:26379 +2)``."""
        found: dict[str, list[Address]] = {}
        for one in self.all:
            found.setdefault(one.trouble, []).append(address_of(one.url))
        parts = [f"{why} ({where[0]}{f' +{len(where) - 1}' if where[1:] else ''})" for why, where in found.items()]
        return "; ".join(parts[:SHOWN])

    def close(self) -> None:
        """Close all connections."""
        for task in list(self._under_way.values()):
            task.cancel()
        for one in self.all:
            one.close()


async def _first_and_soon_after(pending: set[asyncio.Task[View]], soon_s: float) -> None:
    """Return some time after the first answer has come, or when all have answered or failed."""
    has_answer = False
    while pending and not has_answer:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        has_answer = any(not task.cancelled() and task.exception() is None for task in done)
    if pending:
        await asyncio.wait(pending, timeout=soon_s)


def _distinct(views: Mapping[Sentinel, View]) -> list[View]:
    """One of each sentinel."""
    return list({view.id or one: view for one, view in views.items()}.values())

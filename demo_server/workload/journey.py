"""What a visitor does: chosen from a seed alone, so that it does not depend on timing."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from demo_server.shop.accounts import PASSWORD, Account
from demo_server.shop.database import PRODUCT_COUNT
from demo_server.workload.people import ADDRESSES, VISITORS, Visitor
from demo_server.workload.texts import TEXTS

T = TypeVar("T")

_PAGES: Final = ("home", "offers", "leaderboard", "about", "help")


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    body: dict[str, Any] | None = field(default=None, hash=False)
    needs_session: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    """One visit: who comes, and the calls in their order."""

    visitor: Visitor
    calls: tuple[Call, ...]


class Zipf(Generic[T]):
    """A sequence from which the n-th thing is drawn n**-exponent times as often as the first."""

    def __init__(self, things: Sequence[T], exponent: float) -> None:
        self._things = things
        self._weights = list(accumulate(rank**-exponent for rank in range(1, len(things) + 1)))

    def draw(self, chance: random.Random) -> T:
        """One of them."""
        return chance.choices(self._things, cum_weights=self._weights)[0]


# A gentle slope for addresses: at the default rate the first comes near the limit of 100 per minute, few go over it.
_ADDRESS_LAW = Zipf(ADDRESSES, 0.5)
_PRODUCT_LAW = Zipf(range(1, PRODUCT_COUNT + 1), 1.0)
_TEXT_LAW = Zipf(TEXTS, 1.0)


def plan_journey(seed: int, number: int) -> Journey:
    """Return the journey with this number, the same each time for the same seed."""
    chance = random.Random(f"journey {seed} {number}")
    visitor = chance.choice(VISITORS[_ADDRESS_LAW.draw(chance)])
    calls: list[Call] = []
    if chance.random() < 0.25:
        calls.append(log_in(visitor.account))
    if chance.random() < 0.25:
        calls.append(Call("GET", f"/views/{chance.choice(_PAGES)}"))
    product = _PRODUCT_LAW.draw(chance)
    for _ in range(chance.randint(1, 4)):
        product = _PRODUCT_LAW.draw(chance)
        calls.append(look_at(product))
    if chance.random() < 0.35:
        calls.append(summarize(_TEXT_LAW.draw(chance)))
    if chance.random() < 0.4:
        calls.append(Call("POST", "/orders", {"product_id": product, "quantity": chance.randint(1, 3)}, True))
    if chance.random() < 0.4:
        calls += [play(visitor.account, number, chance), _look_at_board(visitor.account, chance)]
    if chance.random() < 0.15:
        calls.append(Call("GET", "/profile", needs_session=True))
    if chance.random() < 0.03:
        calls.append(set_price(_PRODUCT_LAW.draw(chance), chance))
    if chance.random() < 0.1:  # most just leave
        calls.append(Call("POST", "/logout", needs_session=True))
    return Journey(visitor, tuple(calls))


def plan_greed(seed: int, number: int) -> Call:
    """Return the n-th request of the greedy client."""
    return look_at(_PRODUCT_LAW.draw(random.Random(f"greed {seed} {number}")))


def log_in(account: Account) -> Call:
    return Call("POST", "/login", {"email": account.email, "password": PASSWORD})


def look_at(product_id: int) -> Call:
    return Call("GET", f"/products/{product_id}")


def summarize(text: str) -> Call:
    return Call("GET", f"/summarize?{urlencode({'text': text})}")


def set_price(product_id: int, chance: random.Random) -> Call:
    return Call("PUT", f"/products/{product_id}", {"price": chance.randrange(199, 29_999, 50) / 100})


def play(account: Account, number: int, chance: random.Random) -> Call:
    """Record a game. Everybody improves with time, so the board keeps moving although only the best score counts."""
    score = max(0, round(1000 + 2 * number + chance.gauss(0, 250)))
    return Call("POST", "/scores", {"player": account.name, "score": score})


def _look_at_board(account: Account, chance: random.Random) -> Call:
    return Call("GET", chance.choice(("/leaderboard?limit=10", f"/leaderboard/{account.name}")))

"""Who uses the demo, and from where. All addresses are from the ranges reserved for documentation."""

from dataclasses import dataclass
from typing import Final

from demo_server.shop.accounts import ACCOUNTS, Account

GREEDY_ADDRESS: Final = "203.0.113.9"
BURST_ADDRESS: Final = "198.51.100.250"

# With the greedy one forty. The order is that of their popularity.
ADDRESSES: Final = (
    *(f"198.51.100.{host}" for host in range(1, 21)),
    *(f"203.0.113.{host}" for host in range(10, 22)),
    *(f"2001:db8:0:{network:x}::1" for network in range(1, 8)),  # a /64 each: these have their own limits
)
_PEOPLE_AT_ONE_ADDRESS = 3


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person's browser at one address; it has one cookie. Most people have two browsers."""

    account: Account
    address: str


VISITORS: Final = {
    address: tuple(
        Visitor(ACCOUNTS[(place * _PEOPLE_AT_ONE_ADDRESS + seat) % len(ACCOUNTS)], address)
        for seat in range(_PEOPLE_AT_ONE_ADDRESS)
    )
    for place, address in enumerate(ADDRESSES)
}
EVERYBODY: Final = tuple(visitor for visitors in VISITORS.values() for visitor in visitors)

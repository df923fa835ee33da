"""The sixty accounts of the demo. Their password is "demo"."""

from dataclasses import dataclass
from typing import Final

PASSWORD: Final = "demo"

_NAMES: Final = (
    "arjun", "priya", "raj", "meera", "anika", "rohan", "kavya", "vikram", "sofia", "mateo",
    "lucia", "diego", "camila", "hugo", "elena", "pablo", "amara", "kofi", "zuri", "kwame",
    "nia", "tendai", "imani", "jabari", "yuki", "haruto", "sakura", "ren", "aiko", "kenji",
    "mei", "wei", "lin", "jun", "hana", "minjun", "emma", "liam", "olivia", "noah",
    "freya", "lars", "ingrid", "soren", "astrid", "nils", "amelie", "louis", "chloe", "theo",
    "giulia", "luca", "leila", "omar", "yasmin", "tariq", "noor", "ana", "joao", "olena",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """One person who can sign in."""

    id: int
    name: str
    role: str

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


def _role(user_id: int) -> str:
    if user_id % 20 == 1:
        return "admin"
    return "teacher" if user_id % 6 == 0 else "student"


ACCOUNTS: Final = tuple(Account(number, name, _role(number)) for number, name in enumerate(_NAMES, start=1))
BY_EMAIL: Final = {account.email: account for account in ACCOUNTS}
BY_ID: Final = {account.id: account for account in ACCOUNTS}

"""The shop's database: an SQLite file, with the latency of a database on another machine."""

import asyncio
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite

PRODUCT_COUNT = 200
_SCHEMA = """
CREATE TABLE IF NOT EXISTS products (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price_cents INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS inventory (product_id INTEGER PRIMARY KEY, stock INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
  quantity INTEGER NOT NULL, amount_cents INTEGER NOT NULL, created_at REAL NOT NULL);
"""
_ADJECTIVES = ("Quiet", "Bright", "Solid", "Swift", "Gentle", "Clever", "Sturdy", "Classic", "Tiny", "Grand")
_THINGS = (
    ("Notebook", "paper"), ("Fountain Pen", "paper"), ("Desk Lamp", "office"), ("Backpack", "travel"),
    ("Headphones", "audio"), ("Keyboard", "office"), ("Water Bottle", "travel"), ("Globe", "study"),
    ("Microscope", "study"), ("Calculator", "study"), ("Chess Set", "games"), ("Puzzle", "games"),
    ("Telescope", "study"), ("Guitar", "audio"), ("Umbrella", "travel"), ("Teapot", "kitchen"),
    ("Mug", "kitchen"), ("Clock", "office"), ("Sketchbook", "paper"), ("Speaker", "audio"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """A stored order; money in cents."""

    id: int
    product_id: int
    quantity: int
    amount_cents: int


class Database:
    """One connection to the shop's file. Open it before use."""

    def __init__(self, latency: float) -> None:
        """`latency` in seconds is added to each query on average, half of it each way, varied by ± 50 %."""
        self._half_way = latency / 2
        self._connection: aiosqlite.Connection | None = None

    async def open(self, path: Path) -> None:
        """Open the file, make the tables and fill an empty shop with its 200 products."""
        self._connection = await aiosqlite.connect(path, isolation_level=None)
        # Orders of a demo need not survive a power cut, so no order waits for the disk.
        await self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)
        async with self._connection.execute("SELECT count(*) FROM products") as cursor:
            (count,) = await cursor.fetchone() or (0,)
        if count == 0:
            await self._connection.execute("BEGIN")
            await self._connection.executemany(
                "INSERT INTO products (id, name, category, price_cents) VALUES (?, ?, ?, ?)", _first_products()
            )
            await self._connection.execute("INSERT INTO inventory SELECT id, 1000 FROM products")
            await self._connection.execute("COMMIT")

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def product(self, product_id: int) -> tuple[dict[str, Any], int] | None:
        """Return `{"id", "name", "category", "price"}` and the row's version, or None if there is no such product."""
        row = await self._first_row(
            "SELECT id, name, category, price_cents, version FROM products WHERE id = ?", (product_id,)
        )
        return None if row is None else (_as_product(row), row[4])

    async def update_product(
        self, product_id: int, version: int, *, name: str | None, price_cents: int | None
    ) -> dict[str, Any] | None:
        """Set what is not None; returns the changed product, or None if the row has another version."""
        row = await self._first_row(
            "UPDATE products SET name = coalesce(?, name), price_cents = coalesce(?, price_cents),"
            " version = version + 1 WHERE id = ? AND version = ? RETURNING id, name, category, price_cents",
            (name, price_cents, product_id, version),
        )
        return None if row is None else _as_product(row)

    async def create_order(self, user_id: int, product_id: int, quantity: int) -> Order | None:
        """Store an order at the product's present price; returns None if there is no such product."""
        row = await self._first_row(
            "INSERT INTO orders (user_id, product_id, quantity, amount_cents, created_at)"
            " SELECT ?, id, ?, price_cents * ?, ? FROM products WHERE id = ? RETURNING id, amount_cents",
            (user_id, quantity, quantity, time.time(), product_id),
        )
        return None if row is None else Order(row[0], product_id, quantity, row[1])

    async def take_stock(self, product_id: int, quantity: int) -> int | None:
        """Take pieces out of the inventory; returns how many are left, which may be below zero, or None if unknown."""
        row = await self._first_row(
            "UPDATE inventory SET stock = stock - ? WHERE product_id = ? RETURNING stock", (quantity, product_id)
        )
        return None if row is None else int(row[0])

    async def _first_row(self, sql: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        if self._connection is None:
            raise RuntimeError("the database is not open")
        await self._network_delay()
        # All rows are fetched: SQLite ends a writing statement with RETURNING only when it is read to its end.
        rows = list(await self._connection.execute_fetchall(sql, values))
        await self._network_delay()
        return rows[0] if rows else None

    async def _network_delay(self) -> None:
        # Delays vary as in a network, so that answers can overtake each other.
        await asyncio.sleep(self._half_way * random.uniform(0.5, 1.5))


def _as_product(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row[0], "name": row[1], "category": row[2], "price": row[3] / 100}


def _first_products() -> list[tuple[int, str, str, int]]:
    """The same 200 products on every run."""
    chance = random.Random("products")
    names = [(f"{adjective} {thing}", category) for adjective in _ADJECTIVES for thing, category in _THINGS]
    return [
        (number, name, category, chance.randrange(199, 29_999, 50))
        for number, (name, category) in enumerate(names, start=1)
    ]

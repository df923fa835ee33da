"""The application's sessions: users sign in, use them, sign out, or the sessions expire."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from tests.moving.batch import Batch
from tests.moving.history import History
from tests.moving.lifetimes import Deadline, Lifetimes
from tests.moving.timeline import Span

GLOB = "session:*"
ROLES = ("student", "teacher", "admin")
RENAME = """if redis.pcall('RENAME', KEYS[1], KEYS[2]).err then return 0 end
return 1"""
"""An error if the key is gone; EXISTS would be a lookup."""


class Sessions:
    """``session:<id>``, a JSON object, most with a lifetime that is renewed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.truth = Lifetimes()
        self.users: dict[str, str] = {}
        self.roles: dict[str, History[str]] = {}
        self._people = 0

    def sign_in(self, batch: Batch, lifetime_s: float | None) -> None:
        """A user signs in."""
        self._people += 1
        key, user, role = f"session:{self._rng.getrandbits(96):024x}", f"user{self._people}@example.com", ROLES[0]
        deadline: Deadline = None if lifetime_s is None else round(time.time() + lifetime_s, 3)
        self.users[key], self.roles[key] = user, History()
        until = () if deadline is None else ("PXAT", round(deadline * 1000))

        def note(_: Any, span: Span) -> None:
            self.truth.created(key, deadline, span)
            self.roles[key].record(span, role)

        batch.add("SET", key, _value(user, role), *until, note=note)

    def use(self, batch: Batch, lifetime_s: float) -> None:
        """A user sends a request: the session is read, and its lifetime renewed."""
        key = self.truth.keys.draw(self._rng)
        if key is None or not self.truth.is_safe(key):
            return
        deadline = round(time.time() + lifetime_s, 3)

        def note(renewed: Any, span: Span) -> None:
            if renewed:
                self.truth.lasts(key, deadline, span)

        batch.add("PEXPIREAT", key, round(deadline * 1000), note=note)

    def change_role(self, batch: Batch) -> None:
        """A user's role changes; the lifetime stays the same."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        role = self._rng.choice(ROLES)

        def note(written: Any, span: Span) -> None:
            if written:
                self.roles[key].record(span, role)

        batch.add("SET", key, _value(self.users[key], role), "XX", "KEEPTTL", note=note)

    def stay(self, batch: Batch) -> None:
        """A user stays signed in: the session never expires."""
        key = self.truth.keys.draw(self._rng)
        if key is None or not self.truth.is_safe(key):
            return

        def note(lasts: Any, span: Span) -> None:
            if lasts:
                self.truth.lasts(key, None, span)

        batch.add("PERSIST", key, note=note)

    def rotate(self, batch: Batch) -> None:
        """A session gets a new id, as after a change of rights: one command, two keys."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        self.truth.keys.discard(key)
        new = f"session:{self._rng.getrandbits(96):024x}"
        self.users[new], self.roles[new] = self.users[key], History()

        def note(renamed: Any, span: Span) -> None:
            if renamed:
                self.truth.renamed(key, new, span)
                self.roles[new].record(span, self.roles[key].latest)

        batch.add("EVAL", RENAME, 2, key, new, note=note)

    def sign_out(self, batch: Batch) -> None:
        """A user signs out."""
        key = self.truth.keys.draw(self._rng)
        if key is None:
            return
        self.truth.keys.discard(key)

        def note(deleted: Any, span: Span) -> None:
            if deleted:
                self.truth.deleted(key, span)

        batch.add(self._rng.choice(("DEL", "UNLINK")), key, note=note)


def _value(user: str, role: str) -> str:
    return json.dumps({"email": user, "role": role, "created_at": 1_700_000_000})

"""Sessions as the application writes them, and as the dashboard shows them."""

from __future__ import annotations

import json

import redis

from redis_dash.core.frames.sessions import SessionRow
from redis_dash.core.known_ids import KnownIds
from redis_dash.dialects.json_session import JsonSession
from redis_dash.sources.session_facts import UNREADABLE, KnownSession, SessionRows


def row_of(key: bytes, value: object) -> SessionRow:
    """The row of a session with this value."""
    dialect = JsonSession()
    facts = dialect.decode(value)
    known = KnownSession(facts or UNREADABLE, dialect.name if facts else "unknown")
    (row,) = SessionRows(["session:*"], KnownIds()).make([(key, known)], 0.0)
    return row


def one_row(client: redis.Redis) -> tuple[bytes, SessionRow]:
    """Sign Ann in: her key and her row."""
    key = b"session:Kx9f2LqP7TzW4mNb"
    value = json.dumps({"email": "ann@example.com", "role": "user", "created_at": 1.7e9})
    client.set(key, value, ex=86_400)
    return key, row_of(key, value.encode())

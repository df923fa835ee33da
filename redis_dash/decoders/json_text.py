"""JSON."""

from __future__ import annotations

import msgspec

from redis_dash.decoders.bounds import guarded
from redis_dash.decoders.graph import LimitError

_MOST_MARKS = 100_000
"""Most commas and opening brackets, also in texts: they bound the memory of what the parser returns."""


@guarded("JSON")
def decode_json(data: bytes) -> object:
    """The value; of equal keys the last one counts."""
    if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_MARKS:
        raise LimitError(f"more than {_MOST_MARKS:,} commas and brackets")
    return msgspec.json.decode(data)
